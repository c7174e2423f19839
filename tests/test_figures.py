"""course_utils.figures: what each figure draws, what it says of it, and that it can be read."""

import base64
import html
import re

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from course_utils import figures


# ---------------------------------------------------------------- hand-made data


def digit() -> np.ndarray:
    """(28, 28): ink 255 in row 2, columns 3 to 22; a grey of 128 below its left end."""
    image = np.zeros((28, 28), dtype=np.uint8)
    image[2, 3:23] = 255
    image[3, 3] = 128
    return image


def counts() -> np.ndarray:
    """(10, 10): 5 of each digit are right, a 4 is read as a 9 three times, a 9 as a 4 once."""
    table = 5 * np.eye(10, dtype=int)
    table[4, 9], table[9, 4] = 3, 1
    return table


POINTS = np.array([[0, 0], [1, 0], [10, 0], [11, 0], [0, 10.0]])  # the nearest of each: 1, 0, 3, 2, 0
LABELS = np.array([3, 5, 8, 8, 3])
GRID = np.array([[0, 1, 2], [3, 9, 4]])

EVERY_FIGURE = {
    "digit_grid": lambda: figures.digit_grid([digit(), digit()], ["read 1\nis 7", "read 7\nis 7"], marked=[0]),
    "pixel_grid": lambda: figures.pixel_grid(GRID, "A corner"),
    "curves": lambda: figures.curves([0, 1], {"loss": [2, 1], "other": [3, 2]}, {"accuracy": [0.1, 0.9]}),
    "curve_panels": lambda: figures.curve_panels({"a": [2, 1], "b": [3, 2]}, "step", "loss", top=2.5),
    "confusion_matrix": lambda: figures.confusion_matrix(counts()),
    "embedding_map": lambda: figures.embedding_map(POINTS, LABELS, LABELS, "step 5"),
}


# ---------------------------------------------------------------- alt texts


def test_digit_grid():
    """The alt text: how many, their titles, the ink of each. The picture: each digit upright, the wrong title bold."""
    image, faint = digit(), np.zeros((28, 28))
    faint[0, :14] = 0.5  # half of one row of 28
    figure = figures.digit_grid(torch.tensor(np.stack([image, faint])).unsqueeze(1), ["read 1\nis 7", "a 3"], columns=3, marked=[0])
    # first: column (20 * 12.5 * 255 + 3 * 128) / (20 * 255 + 128) = 12.3; second: 14 columns in a row, spread sqrt((14^2 - 1) / 12) = 4.0
    assert figure.get_label() == (
        "2 handwritten digits: read 1, is 7; a 3. Marked: 1. Ink, by row and column: "
        "at 2.0, 12.3, spread 0.2 by 5.9; at 0.0, 6.5, spread 0.0 by 4.0."
    )
    assert figures.digit_grid([image]).get_label() == "1 handwritten digit. Ink, by row and column: at 2.0, 12.3, spread 0.2 by 5.9."
    transposed = figures.digit_grid([image.T]).get_label()
    assert "at 12.3, 2.0, spread 5.9 by 0.2" in transposed
    first, second = figure.axes  # no empty places beside them
    assert len(figures.digit_grid([image] * 3, columns=2).axes) == 4
    np.testing.assert_array_equal(first.images[0].get_array(), image)
    np.testing.assert_array_equal(second.images[0].get_array(), faint)
    assert first.images[0].origin == "upper" and first.images[0].get_cmap().name == "gray_r"
    assert [axis.title.get_weight() for axis in (first, second)] == ["bold", "normal"]
    assert first.title.get_color() != second.title.get_color() == "black"


def test_pixel_grid():
    """The alt text: size, range, place of the largest. The picture: every number in its own pixel."""
    figure = figures.pixel_grid(GRID, "A corner")
    said = "A corner: 2 rows and 3 columns of numbers from 0 to 9, the largest at row 1, column 1."
    assert figure.get_label() == said
    (axis,) = figure.axes
    assert {text.get_position(): text.get_text() for text in axis.texts} == {
        (column, row): str(GRID[row, column]) for row in range(2) for column in range(3)
    }
    np.testing.assert_array_equal(axis.images[0].get_array(), GRID)
    assert figures.pixel_grid(GRID.T[::-1], "A corner").get_label() == said.replace("2 rows and 3", "3 rows and 2")
    (one,) = figures.pixel_grid([[7]], "One").axes  # alone, it is the largest: dark
    assert one.images[0].to_rgba(one.images[0].get_array())[0, 0].tolist() == [0, 0, 0, 1]
    part = figures.pixel_grid(GRID, "A corner", corner=(6, 20))  # cut out of a larger picture
    assert part.get_label() == said.replace("row 1, column 1", "row 7, column 21")
    figures.to_png(part)
    ticks = [[text.get_text() for text in labels] for labels in (part.axes[0].get_yticklabels(), part.axes[0].get_xticklabels())]
    assert ticks == [["6", "7"], ["20", "21", "22"]]
    moved = figures.pixel_grid(GRID[:, [1, 0, 2]] / 10, "A corner", decimals=1).get_label()
    assert moved.endswith("from 0.0 to 0.9, the largest at row 1, column 0.")


def test_curves():
    """The alt text: first and last value of each curve. The picture: the same numbers, the axes named."""
    figure = figures.curves([0, 40, 80], {"loss": [2.3, 0.9, 0.5]}, {"accuracy": [0.1, 0.8, 0.91]})
    assert figure.get_label() == "Curves over the step: loss from 2.30 to 0.50; accuracy from 0.10 to 0.91."
    left, right = figure.axes
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [[0, 2.3], [40, 0.9], [80, 0.5]])
    np.testing.assert_array_equal(right.lines[0].get_ydata(), [0.1, 0.8, 0.91])
    assert (left.get_xlabel(), left.get_ylabel(), right.get_ylabel()) == ("step", "loss", "accuracy")
    one = figures.curves([1, 2], {"a": [1, 2], "b": [2, 1]}, xlabel="epoch", left_label="error")
    assert one.get_label() == "Curves over the epoch: a from 1.00 to 2.00; b from 2.00 to 1.00."
    (axis,) = one.axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["a", "b"]
    assert len({line.get_color() for line in axis.lines}) == len({line.get_linestyle() for line in axis.lines}) == 2
    assert figures.to_png(figures.curves([], {"loss": []}))  # before the first step


def test_curve_panels():
    """The alt text: the first value of each curve, and the mean of the last twenty. The picture: values above `top` lie on it."""
    falling = np.arange(40, 0, -1) / 10  # 4.0 down to 0.1; the last twenty: 2.0 to 0.1
    figure = figures.curve_panels({"slow": falling, "flat": [1, 1], "none": []}, "step", "loss", top=3)
    assert figure.get_label() == "3 curves of the loss: slow from 4.00 to 1.05; flat from 1.00 to 1.00."
    slow, flat, none, empty = figure.axes
    np.testing.assert_array_equal(slow.lines[0].get_xydata()[[0, -1]], [[1, 3], [40, 0.1]])
    np.testing.assert_array_equal(flat.lines[0].get_xydata(), [[1, 1], [2, 1]])
    assert slow.get_ylim() == flat.get_ylim() == pytest.approx((0, 3.15)) and slow.get_title() == "slow" and not empty.lines
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("step", "loss")


def test_confusion_matrix():
    """The alt text: how many are right, the commonest mistake, the right way round. The picture: the same counts."""
    figure = figures.confusion_matrix(torch.from_numpy(counts()))
    assert figure.get_label() == "Confusion matrix: 50 of 54 digits are right; most often a 4 is read as a 9 (3 times)."
    transposed = figures.confusion_matrix(counts().T).get_label()
    assert transposed == "Confusion matrix: 50 of 54 digits are right; most often a 9 is read as a 4 (3 times)."
    axis = figure.axes[0]
    written = {text.get_position(): text.get_text() for text in axis.texts}
    assert len(written) == 12 and written[9, 4] == "3" and written[4, 9] == "1" and written[0, 0] == "5"  # (column, row)
    assert axis.images[0].get_array()[4, 9] == 3 / 8
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted digit", "true digit")
    assert figures.confusion_matrix(np.eye(10, dtype=int)).get_label().endswith("10 of 10 digits are right; none is wrong.")
    assert figures.to_png(figures.confusion_matrix(np.zeros((10, 10), dtype=int)))  # no digit at all


def test_embedding_map():
    """The alt text: how many, how many wrong, how many lie beside their kind. The picture: discs, digits, rings."""
    figure = figures.embedding_map(POINTS, LABELS, np.array([3, 3, 8, 8, 3]), "step 5")
    assert figure.get_label() == (
        "step 5: map of 5 digits. Wrong predictions, ringed: 1. 60% of the points lie nearest to one of their own class."
    )
    (axis,) = figure.axes
    *classes, ring = axis.lines
    np.testing.assert_array_equal(ring.get_xydata(), [[1, 0]])
    for (disc, glyph), number in zip(zip(classes[::2], classes[1::2]), (3, 5, 8)):
        np.testing.assert_array_equal(disc.get_xydata(), POINTS[LABELS == number])
        np.testing.assert_array_equal(glyph.get_xydata(), POINTS[LABELS == number])
        assert disc.get_color() == figures.DIGIT_COLOURS[number] and glyph._marker.get_marker() == f"${number}$"
    assert axis.get_xlim() == axis.get_ylim() == (-11.55, 11.55) and axis.get_title() == "step 5"
    others = figures.embedding_map(POINTS, np.array([3, 3, 8, 8, 3])).get_label()
    assert others == "map of 5 digits. 100% of the points lie nearest to one of their own class."


def test_embedding_map_without_mistakes_and_of_one_class():
    """No predictions: no word of them. No mistakes: none ringed. One class: all lie beside their kind. A fixed frame."""
    right = figures.embedding_map(POINTS, LABELS, LABELS)
    assert " Wrong predictions, ringed: 0." in right.get_label() and len(right.axes[0].lines[-1].get_xdata()) == 0
    unknown = figures.embedding_map(POINTS, LABELS)
    assert "ringed" not in unknown.get_label() and len(unknown.axes[0].lines[-1].get_xdata()) == 0
    one = figures.embedding_map(torch.from_numpy(POINTS), torch.full((5,), 7), torch.full((5,), 7), radius=60)
    assert "100%" in one.get_label() and one.axes[0].get_xlim() == (-60, 60) and len(one.axes[0].lines) == 3
    for figure in (right, unknown, one):
        assert figures.to_png(figure)


# ---------------------------------------------------------------- show, to_png


def test_show(monkeypatch):
    """One display bundle: html with the escaped alt text, the same PNG as image/png, the alt text as text/plain."""
    shown = []
    monkeypatch.setattr(figures, "display", lambda bundle, raw: shown.append((bundle, raw)))
    figure = figures.pixel_grid(GRID, 'A "corner" <b> & more')
    alt = figure.get_label()
    assert alt.startswith('A "corner" <b> & more: 2 rows')
    figures.show(figure)
    ((bundle, raw),) = shown
    assert raw and set(bundle) == {"text/html", "image/png", "text/plain"} and bundle["text/plain"] == alt
    found = re.fullmatch('<img alt="([^"<>]*)" width="(\\d+)" style="[^"]*" src="data:image/png;base64,([^"]*)">', bundle["text/html"])
    assert html.unescape(found[1]) == alt and found[3] == bundle["image/png"]
    assert int(found[2]) == round(figure.get_size_inches()[0] * 96)  # its true size: 96 pixels of the page an inch
    assert base64.b64decode(found[3]).startswith(b"\x89PNG\r\n\x1a\n")


def test_to_png(tmp_path):
    """A PNG of the wanted size on white; its pixels are the data's."""
    figure = Figure(figsize=(2, 1))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.imshow([[0, 1]], cmap="gray_r", aspect="auto")
    (tmp_path / "a.png").write_bytes(figures.to_png(figure, dpi=50))
    pixels = imread(tmp_path / "a.png")
    assert pixels.shape[:2] == (50, 100)
    np.testing.assert_array_equal(pixels[25, [10, 90], 0], [1, 0])
    (tmp_path / "b.png").write_bytes(figures.to_png(EVERY_FIGURE["embedding_map"]()))
    assert (imread(tmp_path / "b.png")[0, 0, :3] == 1).all()


# ---------------------------------------------------------------- can it be read?


def luminance(colour) -> float:
    """WCAG 2.2's relative luminance."""
    rgb = np.array(to_rgb(colour))
    return float(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def contrast(colour, other) -> float:
    low, high = sorted([luminance(colour), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_contrast_by_hand():
    """Black on white is 21:1, and #767676 the lightest grey that reaches 4.5:1 on white."""
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("#767676", "white") >= 4.5 > contrast("#777777", "white")


@pytest.mark.parametrize("number", range(10))
def test_digits_stand_out_from_their_discs(number):
    """4.5:1 at least, on one disc on white and on many in a heap; the digit is 8 points tall and fits on it."""
    figure = figures.embedding_map(POINTS, np.full(5, number))
    disc, glyph, _ = figure.axes[0].lines
    alpha = disc.get_alpha()
    on_white = alpha * np.array(to_rgb(disc.get_color())) + 1 - alpha
    assert contrast(glyph.get_color(), on_white) >= 4.5 and contrast(glyph.get_color(), disc.get_color()) >= 4.5
    outline = glyph._marker.get_path().get_extents(glyph._marker.get_transform())
    height, width = (side * glyph.get_markersize() for side in (outline.height, outline.width))
    assert height > 7.99
    assert np.hypot(height, width) < disc.get_markersize() <= figure.axes[0].lines[2].get_markersize()


def test_every_function_is_looked_at():
    """A new figure needs an example above."""
    made = {name for name, value in vars(figures).items() if getattr(value, "__annotations__", {}).get("return") == "Figure"}
    assert made == EVERY_FIGURE.keys()


def test_the_ten_colours_differ():
    """No two classes share a colour."""
    assert len({to_rgb(colour) for colour in figures.DIGIT_COLOURS}) == 10


@pytest.mark.parametrize("value", [round(0.04 * k, 2) for k in range(26)])
def test_numbers_stand_out_from_their_cells(value):
    """4.5:1 at least in every shade of the confusion matrix and of the pixel grid."""
    table = np.zeros((10, 10))
    table[0, 0], table[0, 1] = value, 1 - value
    for figure in (figures.confusion_matrix(table), figures.pixel_grid([[value, 1]], "A corner"), figures.pixel_grid([[value]], "One")):
        axis = figure.axes[0]
        (image,) = axis.images
        for text in axis.texts:
            column, row = text.get_position()
            assert contrast(text.get_color(), image.to_rgba(image.get_array())[row, column, :3]) >= 4.5


@pytest.mark.parametrize("name", EVERY_FIGURE)
def test_words_can_be_read(name):
    """All words are 12 points or larger when drawn, 4.5:1 against white outside of cells, and inside of the figure."""
    figure = EVERY_FIGURE[name]()
    assert isinstance(figure, Figure) and figure.get_label() and to_rgb(figure.get_facecolor()) == (1, 1, 1)
    figures.to_png(figure)
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    assert texts
    inside = [text for axis in figure.axes for text in axis.texts]
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in texts:
        assert text.get_fontsize() >= 12, text
        assert text in inside or contrast(text.get_color(), "white") >= 4.5, text
    for axis in figure.axes:
        box = axis.get_tightbbox(renderer)
        assert box is None or (box.min > -1).all() and (box.max < figure.bbox.max + 1).all(), (axis, box, figure.bbox)
