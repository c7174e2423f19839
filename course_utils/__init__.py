"""The code behind the notebooks: the shared CNN, the digits, training, and the live map."""

from course_utils.data import Digits, Splits, course_digit, load_mnist, make_loader
from course_utils.drawing import decode_image, prepare_drawing
from course_utils.embedding import LiveTSNE, place_on_map
from course_utils.model import CNN, load_pretrained
from course_utils.training import Evaluation, Step, evaluate, train_steps

__all__ = [
    "CNN",
    "Digits",
    "Evaluation",
    "LiveTSNE",
    "Splits",
    "Step",
    "course_digit",
    "decode_image",
    "evaluate",
    "load_mnist",
    "load_pretrained",
    "make_loader",
    "place_on_map",
    "prepare_drawing",
    "train_steps",
]
