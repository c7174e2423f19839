"""What the learner operates: it draws and listens, and computes nothing."""

from course_utils.widgets.live import LiveView
from course_utils.widgets.sliding_window import SlidingWindow

__all__ = ["LiveView", "SlidingWindow"]
