"""A pad to draw a digit on, with what the network sees of it beside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anywidget
import numpy as np
import traitlets
from ipywidgets.widgets.trait_types import ByteMemoryView
from torch import Tensor

from course_utils.drawing import prepare_drawing

SIDE = 280  # pixels
PENS = (8, 28)  # the thinnest and the thickest
BLANK = memoryview(b"\xff" * SIDE * SIDE)


class DigitPad(anywidget.AnyWidget):
    """Draw a digit with the mouse, a pen, a finger or the keyboard.

        pad = DigitPad(read=lambda image: f"Read as {model(image)[0].argmax()}")
        display(pad)
        pad.image                                     # what the network sees of it, any time later
        pad.drawing = array                           # does what the learner's hand does

    A message from the browser that is no drawing is refused: `error` says why, and all stays as it was.

    Args:
        read: called after every change with float32 (1, 1, 28, 28); what it returns is shown beside, as text. An
            error that it raises is told in its place.

    Attributes:
        image: float32 (1, 1, 28, 28) in [0, 1], the drawing prepared for the network; None while the pad is empty.
        pen: width of the pen in pixels, 8 to 28.
        summary: the pad in words, for screen readers. error: what was refused last, or "".
    """

    _esm = Path(__file__).with_suffix(".js")
    pixels = ByteMemoryView(BLANK).tag(sync=True)  # the drawing, row by row, 255 is paper
    seen = traitlets.Bytes(b"").tag(sync=True)  # the image, 28 x 28 bytes, 255 is ink; empty while the pad is
    pen = traitlets.Int(18, min=PENS[0], max=PENS[1]).tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)

    def __init__(self, read: Callable[[Tensor], str] | None = None) -> None:
        self.read = read
        self.image: Tensor | None = None
        super().__init__()
        self._look()

    def __repr__(self) -> str:
        return f"DigitPad({' '.join(self.summary.splitlines())})"

    @property
    def drawing(self) -> np.ndarray:
        """The pad's pixels, uint8 (280, 280), 0 (ink) to 255 (paper), a copy. Assign such an array to draw it.

        Raises: ValueError, when assigned: another shape or dtype; the pad stays as it was.
        """
        return np.frombuffer(self.pixels, dtype=np.uint8).reshape(SIDE, SIDE).copy()

    @drawing.setter
    def drawing(self, array: np.ndarray) -> None:
        """Draw this array, uint8 (280, 280). ValueError: another shape or dtype."""
        array = np.asarray(array)
        if array.shape != (SIDE, SIDE) or array.dtype != np.uint8:
            raise ValueError(
                f"The pad holds uint8 of shape ({SIDE}, {SIDE}), but got {array.dtype} of shape {array.shape}.\n"
                "For another picture, call prepare_drawing(array): it takes any size."
            )
        self.pixels = memoryview(array.tobytes())

    def set_state(self, sync_data: dict) -> None:
        """What a browser sends. Only a whole drawing and a pen of the offered widths come in."""
        refused = self._refused(sync_data)
        if refused:
            self.error = refused
            self.send_state([name for name in sync_data if name in self.keys])  # the browser, too, is as it was
        else:
            super().set_state(sync_data)

    def _refused(self, sync_data: dict) -> str:
        for name, value in sync_data.items():
            if name == "pixels":
                good = isinstance(value, memoryview) and value.format == "B" and value.nbytes == SIDE * SIDE
                wanted = f"{SIDE * SIDE:,} bytes"
            elif name == "pen":
                good = type(value) is int and PENS[0] <= value <= PENS[1]
                wanted = f"a whole number from {PENS[0]} to {PENS[1]}"
            else:
                good = name == "_view_count" and (value is None or type(value) is int)  # ipywidgets' own
                wanted = "set by Python alone"
            if not good:
                return f'The browser sent a wrong "{name}": it must be {wanted}.\nThe pad stays as it was. Reload the page if this comes again.'
        return ""

    @traitlets.observe("pixels")
    def _look(self, _change: object = None) -> None:
        """Prepare the drawing, have it read, and put both into words."""
        drawing, image, said, error = self.drawing, None, ["The pad is empty. Draw a digit."], ""
        if (drawing < 255).any():
            try:
                image = prepare_drawing(drawing)  # (1, 1, 28, 28)
                said = [_in_words(image)]
                said += [str(self.read(image))] if self.read else []
            except ValueError as problem:
                error = str(problem)
            except Exception as problem:  # in `read`, the learner's own code
                error = f"{type(problem).__name__}: {problem}"
        self.image = image
        with self.hold_sync():  # one message to the browser
            self.seen = b"" if image is None else (image * 255).round().byte().numpy().tobytes()
            self.summary, self.error = "\n".join(said), error


def _in_words(image: Tensor) -> str:
    rows, columns = (image[0, 0].any(dim=axis).nonzero().flatten().tolist() for axis in (1, 0))
    return f"The network sees ink in rows {rows[0]} to {rows[-1]} and columns {columns[0]} to {columns[-1]} of 0 to 27."
