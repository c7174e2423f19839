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
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from PIL import Image

from course_utils import sliding
from course_utils.sliding import decimals as _decimals, listed as _listed, number as _number

# Paul Tol's "muted" colours, which colour-blind readers can tell apart, and a grey: one a digit class.
DIGIT_COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933",
    "#DDCC77", "#CC6677", "#882255", "#AA4499", "#DDDDDD",
)  # fmt: skip
BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe and Ito 2008
DARK_ORANGE = "#B34700"  # for words, which need more contrast than lines
DIVERGING = "RdBu_r"  # blue below zero, white at zero, red above: colour-blind readers can tell them apart

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
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    if small:
        picture = picture.quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    picture.save(buffer, format="png", optimize=small, compress_level=1)
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
            text, colour = f"{image[row, column]:.{decimals}f}", ink(grey.to_rgba(image[row, column]))
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
            colour = ink(image.to_rgba(share[row, column]))
            axis.text(column, row, counts[row, column], ha="center", va="center", color=colour)
        axis.set(xlabel="predicted digit", ylabel="true digit", xticks=range(10), yticks=range(10))
    wrong = counts - np.diag(np.diag(counts))
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    worst = f"most often a {row} is read as a {column} ({wrong.max()} times)" if wrong.any() else "none is wrong"
    figure.set_label(f"Confusion matrix: {np.trace(counts)} of {counts.sum()} digits are right; {worst}.")
    return figure


def kernel_grid(kernels: ArrayLike, titles: Sequence[str] = (), columns: int = 8, numbers: bool = False) -> Figure:
    """Kernels side by side on one common scale: red above zero, blue below, white at zero.

    Args:
        kernels: (K, h, w) numbers.
        titles: K short texts, or none; kernels without titles are counted from 0 in the alt text.
        columns: kernels per row; fewer where their numbers or titles need the room.
        numbers: write the numbers into the cells.

    Raises:
        ValueError: where `kernels` are not (K, h, w), or the titles are not as many.
    """
    kernels = np.asarray(kernels, dtype=float)
    return _panels(kernels, "kernel", titles, columns, _diverging(kernels), numbers)


def feature_maps(maps: ArrayLike, titles: Sequence[str] = (), columns: int = 8) -> Figure:
    """Feature maps side by side on one common scale: grey where no number is negative, or else red and blue as kernels.

    Args:
        maps: (K, H, W) numbers.
        titles: K short texts, or none; maps without titles are counted from 0 in the alt text.
        columns: maps per row; fewer where their titles need the room.

    Raises:
        ValueError: where `maps` are not (K, H, W), or the titles are not as many.
    """
    maps = np.asarray(maps, dtype=float)
    return _panels(maps, "map", titles, columns, _scale(maps), numbers=False)


def heat_map(values: ArrayLike, title: str, label: str = "", decimals: int = 0, numbers: bool = True) -> Figure:
    """How much of something each cell has: dark is little, yellow is much, and a cell with exactly 0 is crossed out.

    Args:
        values: (H, W) numbers, at least 0.
        title: what the map is.
        label: what the numbers are, beside the colour bar.
        decimals: digits after the point.
        numbers: write the numbers into the cells that are not 0.
    """
    values = np.asarray(values, dtype=float)
    height, width = values.shape
    cell = _cell(values, decimals) if numbers else min(0.36, 6 / max(height, width))  # inches
    zeros = np.argwhere(values == 0)
    with matplotlib.rc_context(STYLE):
        wide, high = cell * width, min(cell, 0.36) * height
        bar = max(high, 1.5)  # how tall the colour bar is
        figure = Figure(figsize=(max(wide + 2.2, 0.11 * len(title) + 0.3), bar + 1.1))
        axis = _axes_at(figure, 0.7, 0.4, wide, high)
        image = axis.imshow(values, cmap="viridis", vmin=0, vmax=values.max() or 1, aspect="auto", interpolation="nearest")
        figure.colorbar(image, cax=_axes_at(figure, wide + 0.9, 0.4, 0.15, bar), label=label, ticks=MaxNLocator(5, integer=decimals == 0))
        _cross_out(axis, zeros, "white", cell)
        if numbers:
            _write(axis, image, values, decimals, values != 0)
        axis.set(xlabel="column", ylabel="row")
        figure.text(0.5, 1 - 0.08 / figure.get_figheight(), title, size=13, ha="center", va="top")
        _count_cells(axis, height, width)
    crossed = f"crossed out because 0: {len(zeros)}" + (f", the first at row {zeros[0][0]}, column {zeros[0][1]}" if len(zeros) else "")
    figure.set_label(
        f"{title}: {height} rows and {width} columns of numbers{f' ({label})' if label else ''}, the smallest {values.min():.{decimals}f}, "
        f"{_strongest(values, decimals)}; {crossed}."
    )
    return figure


def sliding_window(
    image: ArrayLike, kernel: ArrayLike, place: tuple[int, int] = (0, 0),
    stride: int = 1, padding: int = 0, dilation: int = 1, title: str = "",
) -> Figure:  # fmt: skip
    """One step of a convolution: the cells that the window reads, the kernel, and the output's cell that they make.

    Below stand the products and their sum, or the sum alone of more than 9. Numbers are written into a panel
    of at most 12 columns, or 8 where they are as long as 0.25. A dashed frame shows where the image ends and padding begins.

    Args:
        image: (H, W) numbers.
        kernel: (k, k) numbers.
        place: row and column in the output, from 0.
        stride, padding, dilation: as in `nn.Conv2d`, the same both ways.
        title: one line above the panels.

    Raises:
        ValueError: where the window fits nowhere, or the output has no such place.
    """
    image, kernel = np.asarray(image, dtype=float), np.asarray(kernel, dtype=float)
    row, column = place
    if why := sliding.refusal(image.shape, kernel.shape, "convolution", stride, padding, dilation, place):
        raise ValueError(why)
    rows, columns = (sliding.starts(n, k, stride, padding, dilation) for n, k in zip(image.shape, kernel.shape))
    padded = np.pad(image, padding)
    output = sliding.slide(torch.tensor(image), torch.tensor(kernel), "convolution", stride, padding, dilation).numpy()
    window = np.stack(np.indices(kernel.shape), axis=-1).reshape(-1, 2) * dilation + (rows[row], columns[column])  # (k * k, 2)
    sum_text = sliding.arithmetic(padded[tuple(window.T)].reshape(kernel.shape), kernel, output[row, column, None])

    panels = {"input (padded)" if padding else "input": padded, "kernel": kernel, "output": output}
    written = [v.shape[1] * _cell(v) < 13 * 0.36 for v in panels.values()]
    widths = [v.shape[1] * (_cell(v) if fits else min(0.36, 3.6 / v.shape[1])) for v, fits in zip(panels.values(), written)]  # inches
    heights = [v.shape[0] * min(0.36, width / v.shape[1]) for v, width in zip(panels.values(), widths)]
    with matplotlib.rc_context(STYLE):
        top, below = 0.4 + 0.3 * bool(title), 0.5 + 0.22 * (1 + sum_text.count("\n"))
        gap = 0.55  # inches, for the rows' numbers
        needed = 0.105 * max(map(len, [*sum_text.split("\n"), title]))
        figure = Figure(figsize=(max(sum(widths) + 3 * gap + 0.15, needed + 0.3), top + max(heights) + below))
        axes, left = [], gap
        for (name, values), fits, width, height in zip(panels.items(), written, widths, heights):
            axes.append(_axes_at(figure, left, top, width, height))
            scale = _diverging(values) if name == "kernel" else _scale(values)
            drawn = axes[-1].imshow(values, aspect="auto", interpolation="nearest", **scale)
            axes[-1].set_title(name)
            _count_cells(axes[-1], *values.shape, first=-padding if name.startswith("input") else 0)
            if fits:
                _write(axes[-1], drawn, values, _decimals(values))
            left += width + gap
        if padding:
            axes[0].add_patch(Rectangle((padding - 0.5, padding - 0.5), *image.shape[::-1], fill=False, linestyle="--", linewidth=1.5))
        if dilation == 1 and not written[0]:
            _outline(axes[0], window[:1], kernel.shape)  # cells too small for a frame each: one around the window
        else:
            _outline(axes[0], window)
        _outline(axes[2], [place])
        figure.text(0.5, 1 - 0.08 / figure.get_figheight(), title, size=13, ha="center", va="top")
        figure.text(0.5, 0.1 / figure.get_figheight(), sum_text, ha="center", va="bottom")
    said = "; ".join(f"{name} of {v.shape[0]} rows and {v.shape[1]} columns, {_strongest(v)}" for name, v in panels.items())
    settings = f"stride {stride}, padding {padding}, dilation {dilation}"
    sum_said = sum_text.replace("\n", " ")
    figure.set_label(f"{title}{': ' if title else ''}{said}. With {settings}, the output at row {row}, column {column}: {sum_said}.")
    return figure


def positions(n: int, k: int, s: int = 1, p: int = 0, d: int = 1, claimed: int | None = None) -> Figure:
    """Every position of a window on a row of pixels, a line each, with a dot on each cell that it reads.

    Padding is grey. Pixels that no window reads are crossed out. Of more than 30 positions the first 28 and the last are drawn.

    Args:
        n: pixels, from 1. k: cells of the kernel, from 1. s: stride, from 1. p: padding on each side, from 0. d: dilation, from 1.
        claimed: how many positions somebody says there are, to be compared.

    Raises:
        ValueError: where a number is below its least value.
    """
    reads, unread = sliding.reads(n, k, s, p, d), sliding.unread(n, k, s, p, d)  # below 0 and from n on: padding
    lines = dict(enumerate(range(len(reads)), start=1))  # line on the paper -> position
    if len(reads) > 30:
        lines = {line: line - 1 for line in range(1, 29)} | {30: len(reads) - 1}
    last = max(lines, default=0)
    title = f"n={n}, k={k}, s={s}, p={p}, d={d}: {len(reads)} position{'s' if len(reads) != 1 else ''}"
    title += f"\nclaimed: {claimed}, true: {len(reads)}" if claimed is not None else ""
    with matplotlib.rc_context(STYLE):
        cell = min(0.36, 9 / (n + 2 * p))  # inches
        figure = Figure(figsize=(max(1.1 + cell * (n + 2 * p), 4.4), 1.5 + 0.2 * (last + 1)), layout="constrained")
        axis = figure.subplots()
        for pixel in range(-p, n + p):
            colour = "white" if pixel in range(n) else "#CCCCCC"
            axis.add_patch(Rectangle((pixel - 0.5, -0.5), 1, 1, facecolor=colour, edgecolor="black"))
        _cross_out(axis, [(0, pixel) for pixel in unread], DARK_ORANGE, min(cell, 0.2))
        for line, position in lines.items():
            axis.plot(reads[position], [line] * k, "o-", color=BLUE, linewidth=1.2, markersize=min(7, 50 * cell))
        if len(lines) < len(reads):
            axis.text((n - 1) / 2, last - 1, "⋮", ha="center", va="center")
        axis.set(title=title, xlabel="pixel", ylabel="position", xlim=(-p - 0.6, n + p - 0.4), ylim=(last + 0.6, -0.6))
        axis.set_xticks(range(0, n, 1 if cell > 0.3 else 5))
        marked = [line for line in lines if last <= 12 or line % 5 == 1 or line == last]
        axis.set_yticks(marked, [lines[line] for line in marked])
        axis.grid(axis="x", alpha=0.3)
    ends = f" The first reads {_listed(reads[0])}, the last {_listed(reads[-1])}." if reads else ""
    title = title.replace("\n", "; ")
    figure.set_label(f"{title}.{ends} Pixels that no window reads: {_listed(unread) or 'none'}.")
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
            marker, colour = _digit_marker(digit)
            axis.plot(x, y, linestyle="", marker=marker, color=colour, markersize=8, markeredgewidth=0)
        wrong = _misread(labels, predictions)
        axis.plot(*points[wrong].T, "o", markersize=14, markerfacecolor="none", color="black", markeredgewidth=1.3)
    figure.set_label(map_summary(points, labels, predictions, title))
    return figure


def map_summary(points: ArrayLike, labels: ArrayLike, predictions: ArrayLike | None = None, title: str = "") -> str:
    """What a map shows, in words: the label of `embedding_map`, whose arguments these are."""
    points, labels = np.asarray(points), np.asarray(labels)
    ringed = "" if predictions is None else f" Wrong predictions, ringed: {_misread(labels, predictions).sum()}."
    return f"{title + ': ' if title else ''}map of {len(points)} digits.{ringed} {_neighbours(points, labels)}"


def _panels(
    arrays: np.ndarray, noun: str, titles: Sequence[str], columns: int, scale: dict[str, object], numbers: bool
) -> Figure:  # fmt: skip
    """Arrays (K, h, w) side by side with one scale and one colour bar."""
    if arrays.ndim != 3 or not arrays.size or len(titles) not in (0, len(arrays)):
        raise ValueError(
            f"{noun}s must have the shape (number of {noun}s, rows, columns), with a title each or none; "
            f"here are shape {arrays.shape} and {len(titles)} titles.\n"
            "Index the other axes away, as in weight[:, 0]."
        )
    count, height, width = arrays.shape
    decimals = _decimals(arrays)
    panel = width * _cell(arrays) if numbers else max(1.0, min(2.0, 8.6 / min(columns, count) - 0.12))  # inches
    lines = [line for title in titles for line in title.split("\n")]
    pitch = max(panel + 0.12, 0.115 * max(map(len, lines), default=0))
    columns = max(1, min(columns, count, int(9.3 / pitch)))
    rows = -(-count // columns)
    tall = 0.36 * height if numbers else panel * height / width
    head = 0.12 + 0.22 * max((1 + title.count("\n") for title in titles), default=0)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(columns * pitch + 1.2, max(rows * (tall + head), 0.9) + 0.15))
        for i, values in enumerate(arrays):
            left, top = pitch * (i % columns) + (pitch - panel) / 2 + 0.06, (tall + head) * (i // columns) + head
            axis = _axes_at(figure, left, top, panel, tall)
            image = axis.imshow(values, aspect="auto", interpolation="nearest", **scale)
            axis.set(title=titles[i] if titles else "", xticks=[], yticks=[])
            if numbers:
                _write(axis, image, values, decimals)
        figure.colorbar(image, cax=_axes_at(figure, columns * pitch + 0.25, head, 0.15, figure.get_figheight() - head - 0.15))
    names = [title.replace("\n", ", ") for title in titles] or [f"{noun} {i}" for i in range(count)]
    said = "; ".join(f"{name}: {_strongest(values, decimals)}" for name, values in zip(names, arrays))
    figure.set_label(f"{count} {noun}{'s' if count != 1 else ''} of {height} rows and {width} columns. {said}.")
    return figure


def _axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in inches from the left and from the top: much faster than a layout that is worked out."""
    wide, high = figure.get_size_inches()
    return figure.add_axes((left / wide, 1 - (top + height) / high, width / wide, height / high))


def _diverging(values: np.ndarray) -> dict[str, object]:
    """Settings of `imshow`: a scale centred on zero."""
    top = float(np.abs(values).max(initial=0)) or 1.0
    return {"cmap": DIVERGING, "vmin": -top, "vmax": top}


def _scale(values: np.ndarray) -> dict[str, object]:
    """Settings of `imshow`: grey from 0, large is dark; centred on zero where a number is negative."""
    return _diverging(values) | ({} if values.min(initial=0) < 0 else {"cmap": "gray_r", "vmin": 0})


def _strongest(values: np.ndarray, decimals: int | None = None) -> str:
    """The number furthest from zero and its place (the first in reading order), and where the absolute values balance."""
    size = np.abs(values).round(2)  # rounded, so that every machine finds the same place
    if not size.any():
        return "all 0"
    row, column = np.unravel_index(size.argmax(), size.shape)
    number = _number(values[row, column], _decimals(values) if decimals is None else decimals)
    return f"strongest {number} at row {row}, column {column}, balanced {_balance(np.abs(values))}"


def _cell(values: np.ndarray, decimals: int | None = None) -> float:
    """The inches that a cell must be wide for the longest of these numbers."""
    decimals = _decimals(values) if decimals is None else decimals
    return max(0.36, 0.14 + 0.11 * max(len(_number(value, decimals)) for value in (values.min(), values.max())))


def _write(axis: Axes, image: AxesImage, values: np.ndarray, decimals: int, where: np.ndarray | bool = True) -> None:
    """Numbers into the cells of an image, in black or white."""
    colours = image.to_rgba(values)  # (H, W, 4)
    for row, column in np.argwhere(np.broadcast_to(where, values.shape)):
        text, colour = _number(values[row, column], decimals), ink(colours[row, column])
        axis.text(column, row, text, ha="center", va="center", color=colour, size=12)


def _count_cells(axis: Axes, height: int, width: int, first: int = 0) -> None:
    """Rows and columns counted at the ticks from `first` on: each, or every fifth where there are many."""
    for set_ticks, size in ((axis.set_xticks, width), (axis.set_yticks, height)):
        ticks = [i for i in range(size) if size <= 12 or (i + first) % 5 == 0]
        set_ticks(ticks, [i + first for i in ticks])


def _cross_out(axis: Axes, cells: ArrayLike, colour: str, size: float) -> None:
    """A cross on each cell (row, column) that is `size` inches large."""
    rows, columns = np.reshape(cells, (-1, 2)).T
    axis.plot(columns, rows, "x", color=colour, markersize=50 * min(size, 0.36), markeredgewidth=1.5)


def _outline(axis: Axes, cells: ArrayLike, size: tuple[int, int] = (1, 1)) -> None:
    """A frame of so many rows and columns from each cell (row, column) on, with a white edge, so that it stands out on every colour."""
    for colour, linewidth in (("white", 5), (ORANGE, 3)):
        for row, column in cells:
            frame = Rectangle((column - 0.5, row - 0.5), *size[::-1], fill=False, edgecolor=colour, linewidth=linewidth, clip_on=False)
            axis.add_patch(frame)


def _balance(image: np.ndarray) -> str:
    """Where the ink of an image is balanced, and how far it spreads down and across, in pixels."""
    rows, columns = np.indices(image.shape)
    weight = image / max(image.sum(), 1e-9)
    row, column = (weight * rows).sum(), (weight * columns).sum()
    down, across = np.sqrt((weight * (rows - row) ** 2).sum()), np.sqrt((weight * (columns - column) ** 2).sum())
    return f"at {row:.1f}, {column:.1f}, spread {down:.1f} by {across:.1f}"


def _misread(labels: np.ndarray, predictions: ArrayLike | None) -> np.ndarray:
    """Which predictions are wrong: bool (N,); none of them where nothing is predicted."""
    return np.zeros(len(labels), bool) if predictions is None else np.asarray(predictions) != labels


@functools.cache
def _digit_marker(digit: int) -> tuple[MarkerStyle, str]:
    """A digit as a marker, and its colour: worked out once, not for every frame of the live map."""
    return MarkerStyle(f"${digit}$"), ink(DIGIT_COLOURS[digit])


def ink(colour: ArrayLike) -> str:
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
