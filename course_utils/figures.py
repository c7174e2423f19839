"""The course's figures: plain arrays in, a `matplotlib.figure.Figure` out, its alt text computed from the data.

Each function describes what its figure shows with `figure.set_label(...)`, which `show` hands on to
screen readers and to the notebook tests. All figures are white cards, so dark themes do not swallow them.
"""

from __future__ import annotations

import base64
import functools
import html
import io
from collections.abc import Sequence

import matplotlib
import numpy as np
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from numpy.typing import ArrayLike
from PIL import Image

# Paul Tol's "muted" colours, which colour-blind readers can tell apart, and a grey: one a digit class.
DIGIT_COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933",
    "#DDCC77", "#CC6677", "#882255", "#AA4499", "#DDDDDD",
)  # fmt: skip
BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe and Ito 2008
DARK_ORANGE = "#B34700"  # for words, which need more contrast than lines

STYLE = {"font.size": 12, "axes.titlesize": 13, "legend.fontsize": 12, "figure.facecolor": "white"}
CSS_DPI = 96  # a CSS inch, so that 12 points in a figure are 12 points on the page


def show(figure: Figure) -> None:
    """Display a figure below the cell, with its label as alt text.

    The bundle holds html (`<img alt=...>`, the only form whose alt text JupyterLab keeps), image/png,
    and the alt text as text/plain.
    """
    png = to_png(figure, dpi=1.5 * CSS_DPI, small=True)
    bundle = {"text/html": image_tag(figure, png), "image/png": base64.b64encode(png).decode(), "text/plain": figure.get_label()}
    display(bundle, raw=True)


def to_png(figure: Figure, dpi: float = CSS_DPI, small: bool = False) -> bytes:
    """The figure as the bytes of a PNG file, without pyplot, so that it works in callbacks and threads.

    Args:
        dpi: pixels per inch.
        small: take time for a small file of 128 colours, for pictures that are kept.
    """
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, dpi=dpi, format="png", pil_kwargs={"compress_level": 1})
    if small:
        few_colours = Image.open(buffer).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        few_colours.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def image_tag(figure: Figure, png: bytes) -> str:
    """An html image of the figure at its true size, with its label as alt text."""
    width, height = (round(inches * CSS_DPI) for inches in figure.get_size_inches())
    source = base64.b64encode(png).decode()
    alt = html.escape(figure.get_label(), quote=True)
    style = f"max-width:100%;height:auto;aspect-ratio:{width}/{height};background:white"
    return f'<img alt="{alt}" width="{width}" style="{style}" src="data:image/png;base64,{source}">'


def digit_grid(images: ArrayLike, titles: Sequence[str] = (), columns: int = 10, marked: Sequence[int] = ()) -> Figure:
    """Digits side by side, each under its title.

    Args:
        images: (N, 28, 28) or (N, 1, 28, 28), any numbers; dark is the largest of each image.
        titles: N short texts, or none.
        columns: images per row.
        marked: positions of the images whose title is drawn bold, in orange: the wrong ones.
    """
    images = np.asarray(images).reshape(-1, 28, 28)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    lines = max((1 + title.count("\n") for title in titles), default=0)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(columns * 0.95 + 0.2, rows * (1.0 + 0.21 * lines)), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for i, image in enumerate(images):
            axes[i].imshow(image, cmap="gray_r", interpolation="nearest")
            if titles:
                wrong = i in marked
                axes[i].set_title(titles[i], color=DARK_ORANGE if wrong else "black", weight="bold" if wrong else "normal")
    named = ": " + "; ".join(title.replace("\n", ", ") for title in titles) if titles else ""
    marks = f" Marked: {', '.join(str(i + 1) for i in marked)}." if marked else ""
    balance = "; ".join(_balance(image) for image in images)
    count = "1 handwritten digit" if len(images) == 1 else f"{len(images)} handwritten digits"
    figure.set_label(f"{count}{named}.{marks} Ink, by row and column: {balance}.")
    return figure


def pixel_grid(image: ArrayLike, title: str, decimals: int = 0, corner: tuple[int, int] = (0, 0)) -> Figure:
    """One grey image, its numbers written into its pixels.

    Args:
        image: (H, W) numbers, at least 0; large is dark.
        title: what the image is.
        decimals: digits after the point.
        corner: the row and column that the top left number has in the picture it was cut from.
    """
    image = np.asarray(image)
    height, width = image.shape
    top, left = corner
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(1 + 0.55 * width, 0.8 + 0.45 * height), layout="constrained")
        axis = figure.subplots()
        grey = axis.imshow(image, cmap="gray_r", vmin=0, vmax=max(image.max(), 1e-9), aspect="auto", interpolation="nearest")
        for row, column in np.ndindex(height, width):
            text, colour = f"{image[row, column]:.{decimals}f}", _ink(grey.to_rgba(image[row, column]))
            axis.text(column, row, text, ha="center", va="center", color=colour, size=12)
        axis.set(title=title, xlabel="column", ylabel="row")
        axis.set_xticks(range(width), range(left, left + width))
        axis.set_yticks(range(height), range(top, top + height))
    row, column = np.unravel_index(image.argmax(), image.shape)
    row, column = row + top, column + left
    figure.set_label(
        f"{title}: {height} rows and {width} columns of numbers from {image.min():.{decimals}f} to "
        f"{image.max():.{decimals}f}, the largest at row {row}, column {column}."
    )
    return figure


def curves(
    x: ArrayLike, left: dict[str, ArrayLike], right: dict[str, ArrayLike] | None = None,
    xlabel: str = "step", left_label: str = "loss", right_label: str = "accuracy",
) -> Figure:  # fmt: skip
    """One or two panels of curves over the same x.

    Args:
        x: (N,) numbers.
        left, right: name -> (N,) numbers, drawn in one panel each.
    """
    panels = [(left, left_label)] + ([(right, right_label)] if right else [])
    said = []
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.9 * len(panels), 3.3), layout="constrained")
        for axis, (lines, ylabel) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
            for (name, y), colour, dash in zip(lines.items(), (BLUE, ORANGE, "black", "#117733", "#AA4499"), ("-", "--", ":", "-.", "-")):
                axis.plot(x, y, dash, color=colour, label=name, linewidth=2, marker="o" if len(y) == 1 else "")
                if len(y):
                    said.append(f"{name} from {y[0]:.2f} to {y[-1]:.2f}")
            axis.set(xlabel=xlabel, ylabel=ylabel)
            axis.grid(alpha=0.3)
            if len(x) == 1:
                axis.set_xticks(x)
            if len(lines) > 1:
                axis.legend()
    figure.set_label(f"Curves over the {xlabel}: " + "; ".join(said) + ".")
    return figure


def curve_panels(panels: dict[str, ArrayLike], xlabel: str, ylabel: str, top: float) -> Figure:
    """One small curve a panel, all on the same axes, so that their shapes can be compared.

    Args:
        panels: name -> (N,) numbers, drawn over 1..N.
        top: upper end of the y axes, which start at 0; larger values are drawn at the top.
    """
    columns = 4
    rows = -(-len(panels) // columns)
    said = []
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.8, 2.4 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axis, (name, y) in zip(axes, panels.items()):
            axis.plot(range(1, len(y) + 1), np.minimum(y, top), color=BLUE, linewidth=1.5)
            axis.set(title=name, ylim=(0, 1.05 * top))
            axis.grid(alpha=0.3)
            if len(y):
                said.append(f"{name} from {y[0]:.2f} to {np.mean(y[-20:]):.2f}")
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        figure.supxlabel(xlabel)
        figure.supylabel(ylabel)
    figure.set_label(f"{len(panels)} curves of the {ylabel}: " + "; ".join(said) + ".")
    return figure


def confusion_matrix(counts: ArrayLike) -> Figure:
    """How often each digit (row) was read as each digit (column).

    Args:
        counts: (10, 10) whole numbers; row = label, column = prediction.
    """
    counts = np.asarray(counts)
    share = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 5.6), layout="constrained")
        axis = figure.subplots()
        image = axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
        figure.colorbar(image, label="share of the row")
        for row, column in np.argwhere(counts):
            colour = _ink(image.to_rgba(share[row, column]))
            axis.text(column, row, counts[row, column], ha="center", va="center", color=colour)
        axis.set(xlabel="predicted digit", ylabel="true digit", xticks=range(10), yticks=range(10))
    wrong = counts - np.diag(np.diag(counts))
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    worst = f"most often a {row} is read as a {column} ({wrong.max()} times)" if wrong.any() else "none is wrong"
    figure.set_label(f"Confusion matrix: {np.trace(counts)} of {counts.sum()} digits are right; {worst}.")
    return figure


def embedding_map(
    points: ArrayLike, labels: ArrayLike, predictions: ArrayLike | None = None, title: str = "", radius: float | None = None
) -> Figure:
    """A t-SNE map: each digit stands on a disc in its class's colour; a black ring marks a wrong prediction.

    There are no ticks: the axes of such a map mean nothing.

    Args:
        points: (N, 2) numbers.
        labels: (N,) the true digits, 0..9.
        predictions: (N,) what the network says, or None.
        title: one line above the map.
        radius: half the width of the frame; give the same to every frame, or the picture jumps.
    """
    points, labels = np.asarray(points), np.asarray(labels)
    radius = radius or 1.05 * float(np.abs(points).max())
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.2, 6.4))
        axis = figure.add_axes((0.01, 0.01, 0.98, 0.92))
        axis.set(xlim=(-radius, radius), ylim=(-radius, radius), xticks=[], yticks=[])
        axis.set_title(title)
        for digit in np.unique(labels):
            x, y = points[labels == digit].T
            axis.plot(x, y, "o", color=DIGIT_COLOURS[digit], markersize=13, alpha=0.93, markeredgewidth=0)
            marker, ink = _digit_marker(digit)
            axis.plot(x, y, linestyle="", marker=marker, color=ink, markersize=8, markeredgewidth=0)
        wrong = np.zeros(len(labels), bool) if predictions is None else np.asarray(predictions) != labels
        axis.plot(*points[wrong].T, "o", markersize=14, markerfacecolor="none", color="black", markeredgewidth=1.3)
    ringed = "" if predictions is None else f" Wrong predictions, ringed: {wrong.sum()}."
    figure.set_label(f"{title + ': ' if title else ''}map of {len(points)} digits.{ringed} {_neighbours(points, labels)}")
    return figure


def _balance(image: np.ndarray) -> str:
    """Where the ink of an image is balanced, and how far it spreads down and across, in pixels."""
    rows, columns = np.indices(image.shape)
    weight = image / max(image.sum(), 1e-9)
    row, column = (weight * rows).sum(), (weight * columns).sum()
    down, across = np.sqrt((weight * (rows - row) ** 2).sum()), np.sqrt((weight * (columns - column) ** 2).sum())
    return f"at {row:.1f}, {column:.1f}, spread {down:.1f} by {across:.1f}"


@functools.cache
def _digit_marker(digit: int) -> tuple[MarkerStyle, str]:
    """A digit as a marker, and its colour: worked out once, not for every frame of the live map."""
    return MarkerStyle(f"${digit}$"), _ink(DIGIT_COLOURS[digit])


def _ink(colour: ArrayLike) -> str:
    """Black or white, whichever stands out more on a colour: by 4.5 to 1 at least (WCAG 2.2, "relative luminance")."""
    rgb = np.array(to_rgb(colour))  # (3,)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return "black" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "white"


def _neighbours(points: np.ndarray, labels: np.ndarray) -> str:
    """What the map shows, in a sentence: how many points have a nearest neighbour of their own class."""
    squares = np.square(points).sum(axis=1)  # (N,)
    distances = squares - 2 * points @ points.T  # (N, N); row i lacks its |y_i|^2, which changes no minimum
    np.fill_diagonal(distances, np.inf)
    same = labels[distances.argmin(axis=1)] == labels
    return f"{same.mean():.0%} of the points lie nearest to one of their own class."
