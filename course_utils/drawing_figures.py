"""The figures of chapter 07: a drawing on its way to 28 x 28, and its place on a map. Made as those in figures.py."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_utils import figures


def stages(pictures: Mapping[str, ArrayLike], columns: int = 4) -> Figure:
    """Pictures of different sizes side by side, each as large as it fits, under its name and its size.

    Args:
        pictures: name -> (H, W) numbers; dark is the largest of each picture.
        columns: pictures per row.
    """
    arrays = {name: np.asarray(picture, dtype=float) for name, picture in pictures.items()}
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    said = []
    with matplotlib.rc_context(figures.STYLE):
        figure = Figure(figsize=(2.4 * columns, 2.75 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes[len(arrays) :]:
            axis.set_axis_off()
        for axis, (name, picture) in zip(axes, arrays.items()):
            height, width = picture.shape
            axis.imshow(picture, cmap="gray_r", interpolation="nearest" if height < 100 else "antialiased")
            axis.set(title=f"{name}\n{height} x {width}", xticks=[], yticks=[])
            balance = figures._balance(picture) if picture.any() else "nowhere"
            said.append(f"{name}, {height} rows and {width} columns, ink {balance}")
    count = "1 picture" if len(arrays) == 1 else f"{len(arrays)} pictures"
    figure.set_label(f"{count}: {'; '.join(said)}.")
    return figure


def place_on(points: ArrayLike, labels: ArrayLike, place: ArrayLike, title: str = "") -> Figure:
    """A t-SNE map with one more point, a large star: where the drawing belongs.

    Args:
        points: (N, 2) numbers, the map. labels: (N,) its digits, 0..9.
        place: (2,) numbers, the drawing's place on it.
        title: one line above the map.
    """
    points, labels, place = np.asarray(points), np.asarray(labels), np.asarray(place).reshape(2)
    figure = figures.embedding_map(points, labels, title=title, radius=1.05 * float(np.abs([*points, place]).max()))
    figure.axes[0].plot(*place, "*", color="black", markersize=26, markeredgecolor="white", markeredgewidth=1.5)
    near = np.square(points - place).sum(axis=1).argsort()[:5]
    figure.set_label(f"{figure.get_label()} The star, your drawing, lies beside the digits {', '.join(map(str, labels[near]))}.")
    return figure
