"""What the learner operates: it draws and listens, and computes nothing."""

from course_utils.widgets.digit_pad import DigitPad
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.live import LiveView

__all__ = ["DigitPad", "Explorer", "LiveView"]
