"""A map that grows while a loop runs, whose points glide from frame to frame, and which can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from course_utils import figures
from course_utils.widgets.live import LiveLoop

MOST = 2_000  # points that glide smoothly
NEWEST = -1  # in place of a frame's number: the newest, whichever it is


class Frame(NamedTuple):
    """One picture of the map: N places float32 and N predictions uint8, as bytes; its title; what it shows, in words."""

    points: bytes
    predictions: bytes
    title: str
    said: str


class ScatterMap(anywidget.AnyWidget):
    """The map of a `LiveScatter`: each digit a disc, wrong predictions ringed. It can be displayed alone, and more than once.

    Args:
        images: (N, 1, 28, 28) or (N, 28, 28), uint8 0..255 or floats 0..1; N from 1 to 2,000.
        labels: (N,) whole numbers, the true digits, 0..9.
        radius: half the width of the frame, the same for all frames, above 0.

    Attributes:
        error: what was wrong with the last message from the browser, or "".

    Raises:
        ValueError: other shapes or ranges.
    """

    _esm = Path(__file__).with_suffix(".js")
    _images = traitlets.Bytes().tag(sync=True)  # N x 28 x 28 grey values
    _labels = traitlets.Bytes().tag(sync=True)  # N digits
    _colours = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)  # a disc's, and its digit's, for 0..9
    _radius = traitlets.Float().tag(sync=True)
    _shown = traitlets.Int(NEWEST).tag(sync=True, echo_update=False)  # an echo that comes late would pull the slider back
    _isolated = traitlets.Int(None, allow_none=True).tag(sync=True, echo_update=False)

    def __init__(self, images: ArrayLike, labels: ArrayLike, radius: float = 50.0) -> None:
        pixels, digits = _checked_digits(images, labels)
        if not (np.isfinite(radius) and radius > 0):
            raise ValueError(f"The radius is half the width of the picture, above 0, but got {radius!r}.\nMaps of LiveTSNE fit into 50.")
        self.error = ""
        self._digits = digits
        self._frames: list[Frame] = []
        super().__init__(
            _images=pixels.tobytes(),
            _labels=digits.tobytes(),
            _colours=[[colour, figures.ink(colour)] for colour in figures.DIGIT_COLOURS],
            _radius=float(radius),
        )
        self.on_msg(self._answer)

    def __repr__(self) -> str:
        return f"ScatterMap({len(self._digits)} digits, {self.frames} frames)"

    def add(self, points: ArrayLike, predictions: ArrayLike | None = None, title: str = "") -> None:
        """Add a frame. Only this one goes to the browser.

        Args:
            points: (N, 2) finite numbers, in the order of the images.
            predictions: (N,) whole numbers, what the network says, 0..9, or None.
            title: one line above the map.

        Raises:
            ValueError: other shapes, or values out of range. The frames so far are kept.
        """
        points = np.asarray(points, dtype=np.float32)  # (N, 2)
        n = len(self._digits)
        if points.shape != (n, 2):
            raise ValueError(f"A frame needs points of shape ({n}, 2), one a digit, but got {points.shape}.\nGive all points in one order.")
        if not np.isfinite(points).all():
            raise ValueError("The points hold values that are not finite (NaN or infinity).\nLook at the features and at the loss.")
        if predictions is not None:
            predictions = _checked_classes(predictions, n, "predictions")
        said = figures.map_summary(points, self._digits, predictions, title)
        self._frames.append(Frame(points.tobytes(), b"" if predictions is None else predictions.tobytes(), title, said))
        self._send_frames(self.frames - 1)

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self._frames)

    @property
    def frame(self) -> int | None:
        """The number of the frame that is shown, from 0; None before the first. Set it to scrub.

        While the newest is shown, a new one takes its place.
        """
        return None if not self._frames else self.frames - 1 if self._shown == NEWEST else self._shown

    @frame.setter
    def frame(self, number: int) -> None:
        """Show the frame of this number, from 0. ValueError: it is not there."""
        if not (_is_whole(number) and 0 <= number < self.frames):
            there_are = f"Frames 0 to {self.frames - 1} are there." if self._frames else "Add the first one before."
            raise ValueError(f"There is no frame {number!r}.\n{there_are}")
        self._shown = NEWEST if number == self.frames - 1 else int(number)

    @property
    def isolated(self) -> int | None:
        """The class that is shown alone, 0..9; None while all are shown."""
        return self._isolated

    @isolated.setter
    def isolated(self, digit: int | None) -> None:
        """Show this class alone, or all with None. ValueError: no digit is of this class."""
        if not self._can_isolate(digit):
            raise ValueError(f"There is no class {digit!r} on this map.\nTry one of {sorted({*self._digits.tolist()})}, or None for all.")
        self._isolated = digit

    @property
    def summary(self) -> str:
        """What the map shows now, in words, as the browser tells it to screen readers."""
        if not self._frames:
            return "There is no frame yet."
        said = f"Frame {self.frame} of {self.frames - 1}: {self._frames[self.frame].said}"
        if self.isolated is None:
            return said
        alone = self._digits == self.isolated  # (N,)
        predictions = np.frombuffer(self._frames[self.frame].predictions, np.uint8)  # (N,) or (0,)
        ringed = np.count_nonzero(predictions[alone] != self.isolated) if len(predictions) else 0
        return f"{said} Only class {self.isolated} is shown: {alone.sum()} digits, {ringed} of them ringed."

    def set_state(self, sync_data: dict[str, object]) -> None:
        """What the browser changes: which frame is shown, and which class alone. All else is refused, and told in `error`."""
        for name, value in sync_data.items():
            shown = name == "_shown" and _is_whole(value) and NEWEST <= value < self.frames
            if not shown and not (name == "_isolated" and self._can_isolate(value)):
                self.error = f"The browser sent {name} = {value!r:.40}, which is refused.\nReload the page if the map does not answer."
                self.send_state(["_shown", "_isolated"])  # the browser goes back as well
                return
        self.error = ""
        super().set_state(sync_data)

    def _can_isolate(self, digit: object) -> bool:
        return digit is None or (_is_whole(digit) and digit in self._digits)

    def _answer(self, _widget: ScatterMap, content: object, _buffers: Sequence[memoryview]) -> None:
        """The browser asks for the frames that it does not have yet, or says what it has set."""
        have, state = (content.get("have"), content.get("set")) if isinstance(content, dict) else (None, None)
        if isinstance(state, dict):
            self.set_state(state)
        elif _is_whole(have) and 0 <= have <= self.frames:
            self.error = ""
            self._send_frames(have)
        else:
            self.error = f"The browser said {content!r:.40}, which is refused.\nReload the page if the map does not answer."

    def _send_frames(self, first: int) -> None:
        news = self._frames[first:]
        content = {"first": first, "titles": [frame.title for frame in news], "said": [frame.said for frame in news]}
        self.send(content, [part for frame in news for part in (frame.points, frame.predictions)])


class LiveScatter(LiveLoop):
    """Watch a map grow from the cell that trains, as with `LiveView`, and replay the training afterwards.

        live = LiveScatter(images, labels, total=100)
        display(live)
        with live:
            for done in range(1, 101):
                ...                                   # your work
                live.add(points, predictions, title)  # whenever there is a new frame
                await live.step(done, "loss 0.3")     # progress; and the moment in which Stop is heard
                if live.stopped:
                    break
        live.frame = 0                                # back to the first frame, as with the slider

    Args:
        images, labels, radius: of the `map`, as `ScatterMap` has them.
        total, label: of the loop, as `LiveLoop` has them.

    Attributes:
        map: the `ScatterMap`, which can be displayed alone, without progress and Stop.
    """

    def __init__(
        self, images: ArrayLike, labels: ArrayLike, total: int, label: str = "Training", radius: float = 50.0
    ) -> None:  # fmt: skip
        self.map = ScatterMap(images, labels, radius)
        super().__init__(total, label, self.map)

    def add(self, points: ArrayLike, predictions: ArrayLike | None = None, title: str = "") -> None:
        """Add a frame: see `ScatterMap.add`."""
        self.map.add(points, predictions, title)

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return self.map.frames

    @property
    def frame(self) -> int | None:
        """The number of the frame that is shown, from 0; None before the first. Set it to scrub."""
        return self.map.frame

    @frame.setter
    def frame(self, number: int) -> None:
        """Show the frame of this number, from 0. ValueError: it is not there."""
        self.map.frame = number

    @property
    def isolated(self) -> int | None:
        """The class that is shown alone, 0..9; None while all are shown. Set it as a click on the legend does."""
        return self.map.isolated

    @isolated.setter
    def isolated(self, digit: int | None) -> None:
        """Show this class alone, or all with None. ValueError: no digit is of this class."""
        self.map.isolated = digit

    @property
    def summary(self) -> str:
        """What the map shows now, in words."""
        return self.map.summary

    @property
    def error(self) -> str:
        """What was wrong with the last message from the browser, or ""."""
        return self.map.error


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _checked_digits(images: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The images as uint8 (N, 28, 28), and the labels as uint8 (N,)."""
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[1] == 1:
        images = images[:, 0]
    if images.ndim != 3 or images.shape[1:] != (28, 28) or not 1 <= len(images) <= MOST:
        raise ValueError(
            f"The map needs 1 to {MOST} images of shape (N, 1, 28, 28), but got {images.shape}.\n"
            "Fewer digits: images[:500], labels[:500]. One digit: image.unsqueeze(0)."
        )
    if images.dtype != np.uint8:
        if images.dtype.kind != "f" or not ((images >= 0) & (images <= 1)).all():  # NaN is neither
            raise ValueError("The images must be uint8, 0..255, or floats, 0..1.\nDivide the pixels by 255, and use float32.")
        images = np.round(images * 255).astype(np.uint8)
    return images, _checked_classes(labels, len(images), "labels")


def _checked_classes(classes: ArrayLike, n: int, name: str) -> np.ndarray:
    """Digits as uint8 (n,)."""
    classes = np.asarray(classes)
    if classes.shape != (n,) or classes.dtype.kind not in "iu" or not ((classes >= 0) & (classes <= 9)).all():
        raise ValueError(
            f"The {name} must be {n} whole numbers 0..9, one a digit, but got {classes.dtype} of shape {classes.shape}.\n"
            "logits.argmax(dim=1) makes classes of logits."
        )
    return classes.astype(np.uint8)
