"""Feature maps beside the one row of numbers that flattening makes of them: point at a place in one, see it in the other."""

from __future__ import annotations

import reprlib
from pathlib import Path

import anywidget
import numpy as np
import torch
import traitlets
from numpy.typing import ArrayLike
from torch import Tensor

LARGEST = 4096  # values; more would be too small to point at
MOST_CLASSES = 10


class FlattenMap(anywidget.AnyWidget):
    """The maps (C, H, W), their vector of C·H·W numbers, and the way there and back: index = c·H·W + r·W + k.

        explorer = FlattenMap(maps[0], model.out.weight, index=276)
        explorer                                      # the last line of a cell shows it
        explorer.index = 48                           # does what a click on index 48 does
        explorer.place                                # (0, 6, 6)

    Pointing is answered in the browser. A click, an arrow key or a number box sets `index`.

    Args:
        maps: (C, H, W) finite numbers, 4,096 at most: the feature maps of one image.
        weights: (classes, C·H·W) finite numbers, 10 classes at most: the linear layer's; or None.
        index: the entry of the vector that is framed at first, 0 to C·H·W - 1.
        shown_class: the class whose weights are shown as colours, from 0; None shows the features.

    Attributes:
        index, shown_class: as above; they follow the browser, and may be set.
        evidence: show the weights times the features. Without a class, it has no effect.
        maps, weights: the numbers, as float32 arrays (weights may be None).
        error: what was wrong with the last message from the browser, or "".

    Raises:
        ValueError: where maps or weights have a wrong shape, are too many or not finite.
        traitlets.TraitError: where `index` or `shown_class` is set to what is not there.
    """

    _esm = Path(__file__).with_suffix(".js")
    index = traitlets.Int(0).tag(sync=True)
    shown_class = traitlets.Int(None, allow_none=True).tag(sync=True)
    evidence = traitlets.Bool(False).tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    sizes = traitlets.List(traitlets.Int()).tag(sync=True)  # [C, H, W]
    maps_bytes = traitlets.Bytes().tag(sync=True)  # float32, in the order of the vector
    weights_bytes = traitlets.Bytes().tag(sync=True)  # float32, class by class; empty without weights

    def __init__(
        self, maps: ArrayLike | Tensor, weights: ArrayLike | Tensor | None = None, *, index: int = 0, shown_class: int | None = None
    ) -> None:
        self.maps = _checked_maps(maps)  # (C, H, W)
        self.weights = None if weights is None else _checked_weights(weights, self.maps.size)  # (classes, C * H * W)
        super().__init__(
            sizes=list(self.maps.shape),
            maps_bytes=self.maps.astype("<f4").tobytes(),
            weights_bytes=b"" if self.weights is None else self.weights.astype("<f4").tobytes(),
            index=index,
            shown_class=shown_class,
        )

    def __repr__(self) -> str:
        count, height, width = self.maps.shape
        return f"FlattenMap({count} maps of {height} x {width}, index={self.index}, shown_class={self.shown_class})"

    @property
    def place(self) -> tuple[int, int, int]:
        """The framed place: map c, row r, column k, each from 0. It may be set."""
        c, r, k = np.unravel_index(self.index, self.maps.shape)
        return int(c), int(r), int(k)

    @place.setter
    def place(self, place: tuple[int, int, int]) -> None:
        """Frame this place. TraitError: it is not there."""
        sizes = self.maps.shape
        if len(place) != 3 or not all(isinstance(i, int | np.integer) and 0 <= i < size for i, size in zip(place, sizes)):
            raise traitlets.TraitError(
                f"A place is (map, row, column), from (0, 0, 0) to {tuple(size - 1 for size in sizes)}, "
                f"and {reprlib.repr(place)} is not one of them.\nSet one that is."
            )
        self.index = int(np.ravel_multi_index(place, sizes))

    @property
    def summary(self) -> str:
        """What the browser writes below the picture: place, index, and what stands there."""
        (c, r, k), (_, height, width) = self.place, self.maps.shape
        feature = self.maps[c, r, k]
        text = f"map {c}, row {r}, column {k} ↔ index {c}·{height * width} + {r}·{width} + {k} = {self.index}. Feature {feature:z.2f}"
        if self.shown_class is None:
            return text + "."
        weights = self.weights[self.shown_class].reshape(self.maps.shape)
        text += f", weight for class {self.shown_class} {weights[c, r, k]:z.3f}"
        if not self.evidence:
            return text + "."
        products = weights.astype(float) * self.maps  # (C, H, W); in float64, as the browser calculates
        total = products[:, r, k].sum()
        return f"{text}, weight times feature {products[c, r, k]:z.3f}. All maps at row {r}, column {k}: {total:z.2f}."

    def set_state(self, sync_data: dict) -> None:
        """Take what the browser sends; or refuse it whole: then `error` says why, and nothing else changes."""
        try:
            if not isinstance(sync_data, dict):
                raise traitlets.TraitError("The browser sent no names and values.\nClick or type again.")
            for name, value in sync_data.items():
                self._check(name, value)
        except traitlets.TraitError as error:
            self.error = str(error)
            self.send_state(["index", "shown_class", "evidence"])  # the browser goes back to these
        else:
            self.error = ""
            super().set_state(sync_data)

    def _check(self, name: str, value: object) -> None:
        """Raise a TraitError if this value may not be set."""
        classes = 0 if self.weights is None else len(self.weights)
        if name == "index" and not _is_between(value, self.maps.size):
            said = f"The index goes from 0 to {self.maps.size - 1}, and {reprlib.repr(value)} is not one of these whole numbers"
        elif name == "shown_class" and value is not None and not classes:
            said = "This explorer has no weights, so it can show no class"
        elif name == "shown_class" and value is not None and not _is_between(value, classes):
            said = f"The classes are 0 to {classes - 1}, and {reprlib.repr(value)} is none of them"
        elif name == "evidence" and not isinstance(value, bool):
            said = f"evidence is True or False, and not {reprlib.repr(value)}"
        elif name not in ("index", "shown_class", "evidence"):
            said = f"The browser may set index, shown_class and evidence, and not {reprlib.repr(name)}"
        else:
            return
        raise traitlets.TraitError(f"{said}.\nNothing has changed; set one that is there.")

    @traitlets.validate("index", "shown_class", "evidence")
    def _validate(self, proposal: traitlets.Bunch) -> object:
        self._check(proposal.trait.name, proposal.value)
        return proposal.value


def _is_between(value: object, end: int) -> bool:
    """Is it a whole number from 0 to end - 1?"""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _as_array(values: ArrayLike | Tensor) -> np.ndarray:
    """A float32 copy, so that what happens to the tensor later changes nothing here."""
    return torch.as_tensor(values).detach().cpu().float().contiguous().numpy().copy()


def _checked_maps(maps: ArrayLike | Tensor) -> np.ndarray:
    array = _as_array(maps)
    if array.ndim != 3 or not 1 <= array.size <= LARGEST:
        raise ValueError(
            f"The maps of one image are asked for, (C, H, W) with {LARGEST:,} numbers at most; these have the shape {array.shape}.\n"
            "Index the batch axis away, as in maps[0]."
        )
    if not np.isfinite(array).all():
        raise ValueError("The maps hold values that are not finite (NaN or infinity).\nLook at what made them.")
    return array


def _checked_weights(weights: ArrayLike | Tensor, size: int) -> np.ndarray:
    array = _as_array(weights)
    if array.ndim != 2 or array.shape[1] != size or not 1 <= len(array) <= MOST_CLASSES:
        raise ValueError(
            f"The weights must have the shape (classes, {size}), one for each number of the maps, "
            f"for {MOST_CLASSES} classes at most; these have {array.shape}.\n"
            "Take the weight of the linear layer that reads these maps, as in model.out.weight."
        )
    if not np.isfinite(array).all():
        raise ValueError("The weights hold values that are not finite (NaN or infinity).\nLook at what made them.")
    return array
