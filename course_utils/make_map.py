"""Make the map of the course, the digit's way through the network: `python -m course_utils.make_map` (a few seconds).

It draws one picture a chapter into `notebooks/map/` and writes the table of them between <!--map-->
and <!--/map-->, in README.md and in chapter 00. With `--check` it only names the files that differ.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from course_utils import figures
from course_utils.data import course_digit, load_mnist
from course_utils.drawing import prepare_drawing
from course_utils.embedding import LiveTSNE
from course_utils.model import load_pretrained

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile("(?<=<!--map-->).*?(?=<!--/map-->)", re.DOTALL)
SIZE = (2.9, 0.95)  # inches of each picture


@dataclass(frozen=True)
class Station:
    """One chapter on the digit's way.

    Attributes:
        notebook: its file.
        title: its name, the link's words.
        is_now: what the digit is here, with its shape.
        does: what the learner does there.
        figure: a picture of the digit here; its label is the alt text.
    """

    notebook: str
    title: str
    is_now: str
    does: str
    figure: Figure


@torch.no_grad()
def stations() -> list[Station]:
    """The chapters in their order, with the pictures computed from the course's digit and the shipped network."""
    image, label = course_digit()
    x = image[None].float() / 255  # (1, 1, 28, 28)
    model = load_pretrained()
    padded = F.pad(x, (2, 2, 2, 2))  # (1, 1, 32, 32)
    convolved = model.conv1[0](x)  # (1, 16, 28, 28)
    pooled = model.conv1(x)  # (1, 16, 14, 14)
    logits, features = model(x)  # (1, 10), (1, 1568)
    drawing = np.kron(image[0].numpy() > 127, np.ones((10, 10), np.uint8)) * 255  # (280, 280): drawn with a thick pen
    prepared = prepare_drawing(drawing)  # (1, 1, 28, 28)
    return [
        Station(
            "00_start_here.ipynb", "00 Start here", f"a picture: numbers, {_shape(x)}",
            "meet the digits: tensors, axes, the missing channel axis",
            _images(x[0], f"a handwritten {label}"),
        ),
        Station(
            "01_convolution.ipynb", "01 Convolution", f"16 maps, each made by a kernel, {_shape(convolved)}",
            "slide a kernel by hand, write the operator, look at sixteen kernels that nobody chose",
            _images(convolved[0, :3], "the first 3 of its 16 maps"),
        ),
        Station(
            "02_padding.ipynb", "02 Padding", f"the picture with a border of zeros, {_shape(padded)}: the maps stay 28 x 28",
            "count positions until the formula is yours, then let 500 random settings attack it",
            _images(padded[0], f"the {label} inside a border of 2 zeros", border=2),
        ),
        Station(
            "03_pooling.ipynb", "03 Pooling", f"16 smaller maps, {_shape(pooled)}; a second round makes {_shape(model.conv2(pooled))}",
            "move digits about, and measure what pooling forgives",
            _images(pooled[0, :3], "the same 3 maps, pooled"),
        ),
        Station(
            "04_flattening.ipynb", "04 Flattening", f"one vector of {features.shape[1]:,} numbers",
            "turn maps into a vector, mix a batch up on purpose, shuffle 1,568 features",
            _images(features.reshape(1, 14, 112), "the vector's 1,568 numbers, in 14 lines"),
        ),
        Station(
            "05_training.ipynb", "05 Training", f"ten logits, one a class: the largest says {logits.argmax()}",
            "write the five lines of every training loop, watch them work, diagnose five broken ones",
            _bars(logits[0]),
        ),
        Station(
            "06_live_tsne.ipynb", "06 Live t-SNE", "one point among 500 others",
            "see the last layer sort the digits while the network trains, and learn to misread maps on purpose",
            _map(model, features),
        ),
        Station(
            "07_your_own_digit.ipynb", "07 Your own digit", f"drawn by you, prepared: {_shape(prepared)}",
            "draw, see what the network sees, and find out what fools it",
            _images(prepared[0], "a drawing, prepared as MNIST was made"),
        ),
    ]  # fmt: skip


def _shape(x: torch.Tensor) -> str:
    """The shape of one digit of a batch, as "16 x 14 x 14"."""
    return " x ".join(map(str, x.shape[1:]))


def _images(images: torch.Tensor, what: str, border: int = 0) -> Figure:
    """Images (K, H, W) side by side; grey, or red and blue where a number is negative. A dashed frame marks off a border."""
    arrays = images.numpy()
    count, height, width = arrays.shape
    tall = min(0.85, (SIZE[0] - 0.1) / (count * width / height + 0.1 * (count - 1)))  # inches
    wide = tall * width / height
    left, top = (SIZE[0] - count * wide - 0.1 * (count - 1)) / 2, (SIZE[1] - tall) / 2
    figure = Figure(figsize=SIZE, facecolor="white")
    largest = float(np.abs(arrays).max())
    colours = {"cmap": figures.DIVERGING, "vmin": -largest} if arrays.min() < 0 else {"cmap": "gray_r", "vmin": 0}
    for i, array in enumerate(arrays):
        axis = _axes(figure, left + i * (wide + 0.1), top, wide, tall)
        axis.imshow(array, vmax=largest, aspect="auto", interpolation="nearest", **colours)
        if border:
            inside = (width - 2 * border, height - 2 * border)
            axis.add_patch(Rectangle((border - 0.5, border - 0.5), *inside, fill=False, linestyle="--", linewidth=1.5))
    figure.set_label(f"{what}: {height} rows, {width} columns, mean {arrays.mean():.2f}, spread {arrays.std():.2f}")
    return figure


def _bars(logits: torch.Tensor) -> Figure:
    """Ten logits (10,) as bars, the largest in orange."""
    best = int(logits.argmax())
    with matplotlib.rc_context(figures.STYLE):
        figure = Figure(figsize=SIZE)
        axis = _axes(figure, 0.1, 0.05, SIZE[0] - 0.2, 0.6)
        axis.bar(range(10), logits.tolist(), color=[figures.ORANGE if i == best else figures.BLUE for i in range(10)])
        axis.axhline(0, color="black", linewidth=1)
        axis.set_xticks(range(10), range(10))
    figure.set_label(f"ten bars, one a class; the tallest, {logits[best]:.1f}, says {best}")
    return figure


def _map(model: torch.nn.Module, features: torch.Tensor) -> Figure:
    """The t-SNE map of the sample's 500 validation digits and of this one, ringed."""
    digits = load_mnist(source="sample").validation
    others = model(digits[range(len(digits))][0])[1]  # (500, 1568)
    points = LiveTSNE().update(torch.cat([others, features]))  # (501, 2)
    figure = Figure(figsize=SIZE, facecolor="white")
    axis = _axes(figure, 0, 0, *SIZE)
    axis.scatter(*points[:-1].T, s=5, c=[figures.DIGIT_COLOURS[label] for label in digits.labels])
    axis.plot(*points[-1], "o", markersize=11, markerfacecolor="none", markeredgecolor="black", markeredgewidth=2)
    nearest = np.linalg.norm(points[:-1] - points[-1], axis=1).argmin()
    figure.set_label(f"a map of {len(points)} digits in ten colours; the nearest neighbour of the ringed one is a {digits.labels[nearest]}")
    return figure


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes without ticks at a place in inches from the left and from the top."""
    axis = figure.add_axes((left / SIZE[0], 1 - (top + height) / SIZE[1], width / SIZE[0], height / SIZE[1]))
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_color("#767676")
    return axis


def table(way: list[Station], folder: str) -> str:
    """The map as a markdown table, its links as seen from `folder`: "notebooks/" in README.md, "" in a chapter."""
    lines = ["| the digit on its way | what it is there | chapter | what you do there |", "|---|---|---|---|"]
    for station in way:
        link = folder + station.notebook
        picture = f"[![{station.figure.get_label()}]({folder}map/{station.notebook[:2]}.png)]({link})"
        lines.append(f"| {picture} | {station.is_now} | [{station.title}]({link}) | {station.does} |")
    return "\n".join(["", "", *lines, "", ""])


def main(check: bool) -> int:
    """Write, or check, the pictures and both tables. Returns 1 if one differs when checking."""
    way = stations()
    files: dict[Path, bytes] = {}
    readme, chapter = ROOT / "README.md", ROOT / "notebooks" / way[0].notebook
    files[readme] = MARKED.sub(lambda _: table(way, "notebooks/"), readme.read_text(encoding="utf-8")).encode()
    notebook = json.loads(chapter.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = MARKED.sub(lambda _: table(way, ""), "".join(cell["source"]))
        cell["source"] = source.splitlines(keepends=True)
    files[chapter] = (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    differing = [path for path, content in files.items() if path.read_bytes() != content]
    for station in way:
        path = ROOT / "notebooks" / "map" / f"{station.notebook[:2]}.png"
        # The bytes depend on matplotlib's version; what a picture says stands in it, and must be what is computed now.
        if not path.exists() or Image.open(path).info.get("Description") != station.figure.get_label():
            differing.append(path)
            if not check:
                path.parent.mkdir(exist_ok=True)
                station.figure.savefig(path, dpi=figures.CSS_DPI, metadata={"Description": station.figure.get_label()})
    for path in differing:
        if path in files and not check:
            path.write_bytes(files[path])
        print(f"{path.relative_to(ROOT)}: map {'differs' if check else 'written'}")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
