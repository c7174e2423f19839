"""course_utils.widgets.DigitPad, without a browser: what it holds, what it says, and what it refuses."""

import numpy as np
import pytest
import torch

from course_utils import prepare_drawing
from course_utils.widgets import DigitPad

SEVEN = np.full((280, 280), 255, np.uint8)
SEVEN[40:60, 60:200] = SEVEN[40:240, 180:200] = 0


@pytest.fixture
def pad() -> DigitPad:
    return DigitPad(read=lambda image: f"Ink: {image.sum():.0f}.")


def test_empty(pad):
    """White, no image, and nothing wrong."""
    assert pad.image is None and pad.error == "" and pad.seen == b"" and (pad.drawing == 255).all()
    assert pad.drawing.shape == (280, 280) and pad.drawing.dtype == np.uint8
    assert repr(pad) == "DigitPad(The pad is empty. Draw a digit.)"


def test_a_drawing(pad):
    """The image is prepare_drawing's, in bytes for the browser and in words; `read` gets it."""
    pad.drawing = SEVEN
    assert pad.image.equal(prepare_drawing(SEVEN)) and (pad.drawing == SEVEN).all()
    assert pad.seen == (pad.image * 255).round().byte().numpy().tobytes()
    rows, columns = pad.image[0, 0].any(1).nonzero(), pad.image[0, 0].any(0).nonzero()
    assert pad.summary == (
        f"The network sees ink in rows {rows[0].item()} to {rows[-1].item()} and columns {columns[0].item()} to "
        f"{columns[-1].item()} of 0 to 27.\nInk: {pad.image.sum():.0f}."
    )
    assert "\n" not in repr(pad)
    pad.drawing = np.full((280, 280), 255, np.uint8)
    assert pad.image is None and pad.seen == b"" and "empty" in pad.summary
    assert DigitPad().read is None


def test_a_drawing_is_a_copy(pad):
    """Writing into what the pad gave, or was given, changes nothing in it."""
    mine = SEVEN.copy()
    pad.drawing = mine
    mine[:] = 255
    pad.drawing[:] = 0
    assert (pad.drawing == SEVEN).all()


@pytest.mark.parametrize("array", [np.zeros((28, 28), np.uint8), np.ones((280, 280)), "seven", None])
def test_wrong_assignments(pad, array):
    pad.drawing = SEVEN
    with pytest.raises(ValueError, match="prepare_drawing") as caught:
        pad.drawing = array
    assert str(caught.value).count("\n") == 1 and (pad.drawing == SEVEN).all()


def test_from_the_browser(pad):
    """A drawing and a pen come in as in Python."""
    pad.set_state({"pixels": memoryview(SEVEN.tobytes()), "pen": 9})
    assert (pad.drawing == SEVEN).all() and pad.pen == 9 and pad.error == ""
    assert pad.image.equal(prepare_drawing(SEVEN))


@pytest.mark.parametrize(
    "message",
    [
        {"pixels": memoryview(bytes(280 * 280 - 1))},
        {"pixels": memoryview(bytes(280 * 280 + 1))},
        {"pixels": memoryview(np.zeros(280 * 280, np.int8))},
        {"pixels": memoryview(np.zeros(280 * 70, np.float32))},
        {"pixels": "0" * 280 * 280},
        {"pixels": 78_400},
        {"pixels": None},
        {"pixels": [0] * 78_400},
        {"pen": 7},
        {"pen": 29},
        {"pen": 9.5},
        {"pen": True},
        {"pen": "9"},
        {"pen": float("nan")},
        {"seen": memoryview(bytes(784))},
        {"summary": "a seven"},
        {"error": ""},
        {"_esm": "export default {}"},
        {"_dom_classes": ["x"]},
        {"layout": "nonsense"},
        {"_view_count": "x"},
        {"pen": 9, "pixels": memoryview(b"")},
    ],
    ids=lambda message: f"{list(message)} {str(list(message.values())[-1])[:12]}",
)
def test_refused(pad, message, monkeypatch):
    """`error` says what is wrong, nothing else changes, and the browser is told what still holds. A good one goes on."""
    pad.drawing, pad.pen = SEVEN, 12
    before, sent = (pad.summary, pad.seen), []
    monkeypatch.setattr(pad, "send_state", lambda key=None: sent.append(key))
    pad.set_state(message)
    assert "The browser sent a wrong" in pad.error and pad.error.count("\n") == 1
    assert (pad.drawing == SEVEN).all() and pad.pen == 12 and (pad.summary, pad.seen) == before
    assert list(message) in sent
    pad.set_state({"pixels": memoryview(SEVEN.T.tobytes())})
    assert pad.error == "" and (pad.drawing == SEVEN.T).all()


def test_read_complains():
    """An error of `read` is told, with its name where it is no ValueError; the image is there all the same."""

    def read(image: torch.Tensor) -> str:
        raise ValueError("No weights.\nLoad some.")

    pad = DigitPad(read)
    pad.drawing = SEVEN
    assert pad.error == "No weights.\nLoad some." and pad.image is not None and pad.summary.startswith("The network sees")
    pad.read = lambda image: 1 / 0
    pad.drawing = SEVEN.T
    assert pad.error == "ZeroDivisionError: division by zero"
    assert pad.image.equal(prepare_drawing(SEVEN.T)) and pad.summary.startswith("The network sees") and "\n" not in pad.summary
    pad.read = lambda image: image.argmax()  # no text: shown as text all the same
    pad.drawing = SEVEN
    assert pad.error == "" and pad.summary.endswith(f"\ntensor({pad.image.argmax()})")


def test_all_black(pad):
    """Ink everywhere is no digit: told, not raised."""
    pad.drawing = np.zeros((280, 280), np.uint8)
    assert pad.image is None and "nothing drawn" in pad.error
