"""What the learner operates: it draws and listens, and computes nothing."""

from course_utils.widgets.digit_pad import DigitPad
from course_utils.widgets.flatten_map import FlattenMap
from course_utils.widgets.live import LiveView
from course_utils.widgets.live_scatter import LiveScatter
from course_utils.widgets.sliding_window import SlidingWindow

__all__ = ["DigitPad", "FlattenMap", "LiveScatter", "LiveView", "SlidingWindow"]
