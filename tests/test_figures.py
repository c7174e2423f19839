"""course_utils.figures: what each figure draws, what it says of it, and that it can be read."""

import base64
import html
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle
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
PAIR = np.array([[[1, 0, -1], [2, 0, -3]], [[0, 0.5, 0], [0, 0, 0.25]]])  # (2, 2, 3): two small kernels
PAPER = np.array([[1, 2, 0, 1], [0, 1, 3, 1], [2, 0, 1, 2], [1, 1, 0, 2]])  # chapter 01's example
CORNER = np.array([[1, 2], [0, -1]])  # and its kernel
EDGE = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])

EVERY_FIGURE = {
    "digit_grid": lambda: figures.digit_grid([digit(), digit()], ["read 1\nis 7", "read 7\nis 7"], marked=[0]),
    "pixel_grid": lambda: figures.pixel_grid(GRID, "A corner"),
    "curves": lambda: figures.curves([0, 1], {"loss": [2, 1], "other": [3, 2]}, {"accuracy": [0.1, 0.9]}),
    "curve_panels": lambda: figures.curve_panels({"a": [2, 1], "b": [3, 2]}, "step", "loss", top=2.5),
    "confusion_matrix": lambda: figures.confusion_matrix(counts()),
    "embedding_map": lambda: figures.embedding_map(POINTS, LABELS, LABELS, "step 5"),
    "kernel_grid": lambda: figures.kernel_grid(PAIR, ["edge", "a longer title\nthan its kernel is wide"], numbers=True),
    "kernel_grid, sixteen": lambda: figures.kernel_grid(np.arange(16 * 25).reshape(16, 5, 5) / 100 - 2),
    "feature_maps": lambda: figures.feature_maps([digit() / 255] * 16, [f"map {i}" for i in range(16)]),
    "feature_maps, one": lambda: figures.feature_maps([digit() - 1000.0]),
    "heat_map": lambda: figures.heat_map(GRID, "How many windows read each pixel of a small image", "windows"),
    "heat_map, large": lambda: figures.heat_map(digit(), "Ink", "ink", numbers=False),
    "sliding_window": lambda: figures.sliding_window(PAPER, EDGE, padding=1, title="A title longer than the three panels are wide, " * 2),
    "sliding_window, large": lambda: figures.sliding_window(digit() / 255, np.ones((5, 5)), (3, 4), stride=2, padding=1, dilation=2),
    "sliding_window, long numbers": lambda: figures.sliding_window(PAPER / 7, EDGE[:1] / 7),
    "positions": lambda: figures.positions(12, 3, 4, 1, 2, claimed=4),
    "positions, many": lambda: figures.positions(100, 11, 1, 10, 1, claimed=100),
    "positions, none": lambda: figures.positions(1, 11, 10, 0, 10, claimed=-100),
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


def written(axis) -> dict[tuple[int, int], str]:
    """(row, column) -> the number in that cell."""
    return {text.get_position()[::-1]: text.get_text() for text in axis.texts}


def limits(axis) -> tuple[float, float]:
    return axis.images[0].get_clim()


def framed(axis) -> set[tuple[float, float]]:
    """(row, column) of the cells with an orange frame."""
    frames = [patch for patch in axis.patches if to_rgb(patch.get_edgecolor()) == to_rgb(figures.ORANGE)]
    assert all(frame.get_width() == frame.get_height() == 1 for frame in frames)
    return {(frame.get_y() + 0.5, frame.get_x() + 0.5) for frame in frames}


def test_a_window_on_small_cells_has_one_frame():
    """On an image without numbers, each cell's own frame would hide the ink; with dilation, each cell still has one."""
    digit28 = digit()
    [frame] = [p for p in figures.sliding_window(digit28, np.ones((5, 5)), (2, 3)).axes[0].patches if to_rgb(p.get_edgecolor()) == to_rgb(figures.ORANGE)]
    assert frame.get_bbox().bounds == (2.5, 1.5, 5, 5)
    spread = figures.sliding_window(digit28, np.ones((3, 3)), (2, 3), dilation=2).axes[0]
    assert framed(spread) == {(row, column) for row in (2, 4, 6) for column in (3, 5, 7)}


def test_kernel_grid():
    """The alt text: each kernel's strongest number and balance. The picture: the kernels, one scale centred on zero, their numbers."""
    figure = figures.kernel_grid(torch.tensor(PAIR), ["edge", "two\nlines"], numbers=True)
    # edge: sizes 1 0 1 | 2 0 3, together 7: row 5/7, column (2 + 6)/7; two lines: 0.5 in row 0, column 1, and 0.25 in row 1, column 2
    assert figure.get_label() == (
        "2 kernels of 2 rows and 3 columns. edge: strongest -3.00 at row 1, column 2, balanced at 0.7, 1.1, spread 0.5 by 1.0; "
        "two, lines: strongest 0.50 at row 0, column 1, balanced at 0.3, 1.3, spread 0.5 by 0.5."
    )
    edge, other, bar = figure.axes
    for axis, kernel in zip((edge, other), PAIR):
        np.testing.assert_array_equal(axis.images[0].get_array(), kernel)
        assert limits(axis) == (-3, 3) and axis.images[0].get_cmap().name == "RdBu_r" and axis.images[0].origin == "upper"
        assert written(axis) == {place: f"{number:.2f}" for place, number in np.ndenumerate(kernel)}
    assert bar.get_ylim() == (-3, 3) and (edge.get_title(), other.get_title()) == ("edge", "two\nlines")
    red, white, blue = (edge.images[0].to_rgba(value) for value in (3, 0, -3))
    assert red[0] > red[2] and blue[2] > blue[0] and min(white) > 0.95


def test_kernel_grid_tells_kernels_apart():
    """Another kernel, a transposed, mirrored or negated one, another order: another alt text. Whole numbers have no decimals."""
    said = figures.kernel_grid(PAIR).get_label()
    assert "kernel 0: strongest" in said and "kernel 1: strongest" in said and not figures.kernel_grid(PAIR).axes[0].texts
    others = [PAIR.transpose(0, 2, 1), PAIR[:, ::-1], PAIR[:, :, ::-1], -PAIR, PAIR[::-1], PAIR + [[[0, 0, 1]] * 2] * 2]
    assert len({said, *(figures.kernel_grid(other).get_label() for other in others)}) == 7
    square = np.array([[[0, 5, 0], [1, 0, 0], [0, 0, 0]]])
    assert figures.kernel_grid(square).get_label() == (
        "1 kernel of 3 rows and 3 columns. kernel 0: strongest 5 at row 0, column 1, balanced at 0.2, 0.8, spread 0.4 by 0.4."
    )
    assert "row 1, column 0, balanced at 0.8, 0.2" in figures.kernel_grid(square.transpose(0, 2, 1)).get_label()
    assert written(figures.kernel_grid([[[-0.001, 0.5]]], numbers=True).axes[0]) == {(0, 0): "0.00", (0, 1): "0.50"}  # no "-0.00"
    assert written(figures.kernel_grid([[[-0.5, 2]]], numbers=True).axes[0]) == {(0, 0): "-0.5", (0, 1): "2.0"}


def test_panels_stand_in_rows():
    """Never more than `columns` a row, and fewer where titles or numbers are wide; all have the same size and none overlap."""
    for figure, a_row in (
        (figures.kernel_grid(np.ones((5, 3, 3)), columns=2), 2),
        (figures.feature_maps(np.ones((9, 4, 4))), 8),
        (figures.feature_maps(np.ones((9, 4, 4)), ["x" * 30] * 9), 2),
        (figures.kernel_grid(np.full((9, 5, 5), -0.25), numbers=True), 2),
    ):
        *panels, _ = [axis.get_position() for axis in figure.axes]
        assert [sum(abs(box.y0 - panels[0].y0) < 0.01 for box in panels), len({round(box.width, 6) for box in panels})] == [a_row, 1]
        assert not any(one.overlaps(other) for i, one in enumerate(panels) for other in panels[:i])
        assert figure.get_figwidth() < 11.2


def test_feature_maps():
    """The alt text: each map's strongest response and balance. The picture: the maps, one scale from 0 in grey."""
    image = digit()
    figure = figures.feature_maps(torch.tensor(np.stack([image, image.T, 0 * image])), ["a 7", "turned", "dead"])
    assert figure.get_label() == (
        "3 maps of 28 rows and 28 columns. a 7: strongest 255 at row 2, column 3, balanced at 2.0, 12.3, spread 0.2 by 5.9; "
        "turned: strongest 255 at row 3, column 2, balanced at 12.3, 2.0, spread 5.9 by 0.2; dead: all 0."
    )
    for axis, drawn in zip(figure.axes, (image, image.T, 0 * image)):
        np.testing.assert_array_equal(axis.images[0].get_array(), drawn)
        assert limits(axis) == (0, 255) and axis.images[0].get_cmap().name == "gray_r"
    assert limits(figures.feature_maps(np.zeros((1, 2, 2))).axes[0]) == (0, 1)


def test_feature_maps_with_negative_numbers():
    """One negative number in one map, and all maps have the scale of kernels; the strongest may be negative."""
    maps = np.zeros((2, 3, 4))
    maps[0, 0, 3], maps[1, 2, 1] = 2, -4
    figure = figures.feature_maps(maps)
    assert [limits(axis) for axis in figure.axes[:2]] == [(-4, 4)] * 2 and figure.axes[0].images[0].get_cmap().name == "RdBu_r"
    assert figure.get_label() == (
        "2 maps of 3 rows and 4 columns. map 0: strongest 2 at row 0, column 3, balanced at 0.0, 3.0, spread 0.0 by 0.0; "
        "map 1: strongest -4 at row 2, column 1, balanced at 2.0, 1.0, spread 0.0 by 0.0."
    )


def test_strongest_is_the_first_of_near_ties():
    """Numbers that differ less than machines do count as equal: the first in reading order is named."""
    tied = np.array([[[0, 1.234], [1.234 + 1e-7, 0]]])
    for maps in (tied, tied.transpose(0, 2, 1)):
        assert "strongest 1.23 at row 0, column 1" in figures.feature_maps(maps).get_label()


@pytest.mark.parametrize("function", [figures.kernel_grid, figures.feature_maps])
@pytest.mark.parametrize(("shape", "titles"), [((16, 1, 5, 5), ()), ((5, 5), ()), ((0, 5, 5), ()), ((2, 5, 5), ["one"])])
def test_panels_refuse(function, shape, titles):
    """A wrong number of axes, nothing at all, or a title missing: what is wrong, and what to do."""
    with pytest.raises(ValueError) as error:
        function(np.ones(shape), titles)
    what, todo = str(error.value).split("\n")
    assert str(shape) in what and f"{len(titles)} titles" in what and todo.startswith("Index")


def test_heat_map():
    """The alt text: size, smallest, largest, zeros. The picture: the numbers, crosses instead of zeros, a scale from 0."""
    figure = figures.heat_map(torch.tensor([[0, 1, 2], [3, 9, 0]]), "Use", "windows")
    # row (3 + 9)/15, column (1 + 4 + 9)/15
    assert figure.get_label() == (
        "Use: 2 rows and 3 columns of numbers (windows), the smallest 0, strongest 9 at row 1, column 1, "
        "balanced at 0.8, 0.9, spread 0.4 by 0.6; crossed out because 0: 2, the first at row 0, column 0."
    )
    axis, bar = figure.axes
    np.testing.assert_array_equal(axis.images[0].get_array(), [[0, 1, 2], [3, 9, 0]])
    assert written(axis) == {(0, 1): "1", (0, 2): "2", (1, 0): "3", (1, 1): "9"}
    np.testing.assert_array_equal(axis.lines[0].get_xydata(), [[0, 0], [2, 1]])  # column, row
    assert axis.lines[0].get_marker() == "x" and limits(axis) == bar.get_ylim() == (0, 9) and bar.get_ylabel() == "windows"
    assert axis.images[0].get_cmap().name == "viridis" and (axis.get_xlabel(), axis.get_ylabel()) == ("column", "row")
    assert "Use" in [text.get_text() for text in figure.texts]
    turned = figures.heat_map(np.array([[0, 1, 2], [3, 9, 0]]).T, "Use", "windows").get_label()
    assert turned.startswith("Use: 3 rows and 2 columns") and "balanced at 0.9, 0.8" in turned
    no_zero = figures.heat_map([[0.125, 0.5]], "Share", decimals=2, numbers=False)
    assert not no_zero.axes[0].texts and limits(no_zero.axes[0]) == (0, 0.5) and no_zero.get_label() == (
        "Share: 1 rows and 2 columns of numbers, the smallest 0.12, strongest 0.50 at row 0, column 1, "
        "balanced at 0.0, 0.8, spread 0.0 by 0.4; crossed out because 0: 0."
    )
    assert figures.heat_map(np.zeros((2, 2)), "None").get_label().endswith("all 0; crossed out because 0: 4, the first at row 0, column 0.")


def test_sliding_window():
    """Chapter 01's example. The alt text: panels, settings, products and sum. The picture: numbers, the window, its output."""
    figure = figures.sliding_window(torch.tensor(PAPER), CORNER, (1, 2), title="On paper")
    assert figure.get_label() == (
        "On paper: input of 4 rows and 4 columns, strongest 3 at row 1, column 2, balanced at 1.5, 1.7, spread 1.1 by 1.2; "
        "kernel of 2 rows and 2 columns, strongest 2 at row 0, column 1, balanced at 0.2, 0.8, spread 0.4 by 0.4; "
        "output of 3 rows and 3 columns, strongest 6 at row 1, column 1, balanced at 1.0, 1.0, spread 0.7 by 0.8. "
        "With stride 1, padding 0, dilation 1, the output at row 1, column 2: 3·1 + 1·2 + 1·0 + 2·(-1) = 3."
    )
    source, kernel, output = figure.axes
    made = np.array([[4, -1, 1], [2, 6, 3], [1, 2, 3]])  # on paper
    for axis, numbers in ((source, PAPER), (kernel, CORNER), (output, made)):
        np.testing.assert_array_equal(axis.images[0].get_array(), numbers)
        assert written(axis) == {place: str(number) for place, number in np.ndenumerate(numbers)}
    assert framed(source) == {(1, 2), (1, 3), (2, 2), (2, 3)} and framed(output) == {(1, 2)} and not framed(kernel)
    assert [limits(axis) for axis in figure.axes] == [(0, 3), (-2, 2), (-6, 6)]
    assert [axis.get_title() for axis in figure.axes] == ["input", "kernel", "output"]
    assert [text.get_text() for text in figure.texts] == ["On paper", "3·1 + 1·2 +\n1·0 + 2·(-1) = 3"]


def test_sliding_window_tells_apart():
    """A transposed image or kernel, a flipped kernel, another place or setting: another alt text."""
    given = {"image": PAPER, "kernel": CORNER, "place": (0, 1)}
    others = [
        {}, {"image": PAPER.T}, {"kernel": CORNER.T}, {"kernel": CORNER[::-1, ::-1]}, {"place": (1, 0)},
        {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"image": PAPER + (PAPER == 3)},
    ]  # fmt: skip
    assert len({figures.sliding_window(**given | other).get_label() for other in others}) == len(others)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_sliding_window_convolves(stride, padding, dilation):
    """The output is F.conv2d's at every place, the framed cells are those it reads, and the shown products add up to it."""
    rng = np.random.default_rng(stride + 10 * padding + 100 * dilation)
    image, kernel = rng.integers(0, 9, (7, 6)), rng.integers(-4, 5, (3, 3))
    settings = {"stride": stride, "padding": padding, "dilation": dilation}
    right = F.conv2d(*(torch.tensor(values, dtype=torch.float64)[None, None] for values in (image, kernel)), **settings)[0, 0].numpy()
    for place in [(0, 0), (right.shape[0] - 1, right.shape[1] - 1)]:
        figure = figures.sliding_window(image, kernel, place, **settings)
        source, _, output = figure.axes
        np.testing.assert_allclose(output.images[0].get_array(), right, atol=1e-9)
        padded = source.images[0].get_array()
        np.testing.assert_array_equal(padded, np.pad(image, padding))
        cells = sorted(framed(source))
        assert sum(padded[int(row), int(column)] * weight for (row, column), weight in zip(cells, kernel.flat)) == right[place]
        assert framed(output) == {place}
        products, total = figure.texts[1].get_text().split(" = ")
        assert eval(products.replace("·", "*").replace("\n", " ")) == float(total) == right[place]  # a sum of whole numbers


def test_sliding_window_shows_the_padding():
    """A dashed frame where the image ends; padding is counted below 0; without padding there is none."""
    source = figures.sliding_window(PAPER[:3], EDGE, padding=2).axes[0]
    (frame,) = [patch for patch in source.patches if patch.get_linestyle() == "--"]
    assert isinstance(frame, Rectangle) and frame.get_bbox().bounds == (1.5, 1.5, 4, 3) and source.get_title() == "input (padded)"
    assert [text.get_text() for text in source.get_yticklabels()] == ["-2", "-1", "0", "1", "2", "3", "4"]
    assert [text.get_text() for text in source.get_xticklabels()][::7] == ["-2", "5"]
    assert not any(patch.get_linestyle() == "--" for patch in figures.sliding_window(PAPER, EDGE).axes[0].patches)


def test_sliding_window_of_a_large_image():
    """More than 12 columns have no numbers, and more than 9 products are summed in silence; rounded sums say so."""
    figure = figures.sliding_window(digit(), np.full((4, 4), 0.5), (1, 2))
    assert [len(axis.texts) for axis in figure.axes] == [0, 16, 0]
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["0", "5", "10", "15", "20", "25"]
    assert figure.get_label().endswith("at row 1, column 2: sum of 16 products = 446.5.")  # (3 * 255 + 128) / 2
    assert figures.sliding_window([[0.25, 1]], [[0.5, 1 / 3]]).get_label().endswith(": 0.25·0.50 + 1.00·0.33 ≈ 0.46.")
    wide = np.arange(12 * 13).reshape(12, 13) % 100
    for image, count in ((wide[:, :12], 144), (wide, 0), (wide[:, :8] / 100, 96), (wide[:, :9] / 100, 0)):
        assert len(figures.sliding_window(image, EDGE).axes[0].texts) == count


@pytest.mark.parametrize(
    ("change", "what", "todo"),
    [
        ({"dilation": 4}, "The window fits nowhere: it spans 5 by 5 cells, the padded input has 4 by 4.", "Take more padding"),
        ({"place": (3, 0)}, "The output has no row 3, column 0: it has 3 rows and 3 columns", "Take a row up to 2 and a column up to 2."),
        ({"place": (0, -1)}, "The output has no row 0, column -1", "Take a row"),
        ({"padding": -1}, "Sizes, stride and dilation start at 1, padding at 0; here are n=4, k=2, s=1, p=-1, d=1.", "Raise"),
        ({"stride": 0}, "Sizes, stride and dilation start at 1, padding at 0; here are n=4, k=2, s=0, p=0, d=1.", "Raise"),
    ],
)
def test_sliding_window_refuses(change, what, todo):
    """Two lines: what is wrong, and what to do."""
    with pytest.raises(ValueError) as error:
        figures.sliding_window(**{"image": PAPER, "kernel": CORNER} | change)
    first, second = str(error.value).split("\n")
    assert first.startswith(what) and second.startswith(todo)


def test_positions():
    """The alt text: count, first and last window, what is never read. The picture: a line a position, crosses, grey padding."""
    figure = figures.positions(9, 3, s=4, p=1, d=2, claimed=3)
    said = "The first reads -1, 1, 3, the last 3, 5, 7. Pixels that no window reads: 0, 2, 4, 6, 8."
    assert figure.get_label() == f"n=9, k=3, s=4, p=1, d=2: 2 positions; claimed: 3, true: 2. {said}"
    (axis,) = figure.axes
    assert axis.get_title() == "n=9, k=3, s=4, p=1, d=2: 2 positions\nclaimed: 3, true: 2"
    unread, *windows = axis.lines
    np.testing.assert_array_equal(unread.get_xydata(), [[pixel, 0] for pixel in (0, 2, 4, 6, 8)])
    np.testing.assert_array_equal([line.get_xdata() for line in windows], [[-1, 1, 3], [3, 5, 7]])
    np.testing.assert_array_equal([line.get_ydata() for line in windows], [[1] * 3, [2] * 3])
    assert unread.get_marker() == "x" and windows[0].get_marker() == "o"
    assert [text.get_text() for text in axis.get_yticklabels()] == ["0", "1"]
    white = [patch.get_x() + 0.5 for patch in axis.patches if to_rgb(patch.get_facecolor()) == (1, 1, 1)]
    assert white == [*range(9)] and len(axis.patches) == 11
    one = figures.positions(3, 3).get_label()
    assert one.startswith("n=3, k=3, s=1, p=0, d=1: 1 position. The first reads 0, 1, 2, the last 0, 1, 2.")
    assert one.endswith("Pixels that no window reads: none.")
    none = figures.positions(2, 3, claimed=0).get_label()
    assert none == "n=2, k=3, s=1, p=0, d=1: 0 positions; claimed: 0, true: 0. Pixels that no window reads: 0, 1."


def test_positions_are_counted_as_conv1d_does():
    """On 60 random settings, as many lines as `nn.Conv1d` has outputs, and none where it refuses; the cells it reads, by its gradient."""
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        n, k, s, p, d = (int(rng.integers(low, high)) for low, high in ((1, 25), (1, 7), (1, 6), (0, 5), (1, 5)))
        pixels = torch.ones(1, 1, n, requires_grad=True)
        count, used = 0, np.zeros(n)
        if n + 2 * p >= d * (k - 1) + 1:
            output = F.conv1d(pixels, torch.ones(1, 1, k), stride=s, padding=p, dilation=d)
            output.sum().backward()
            count, used = output.shape[-1], pixels.grad[0, 0].numpy()
        refused += count == 0
        figure = figures.positions(n, k, s, p, d)
        assert f": {count} position{'s' * (count != 1)}." in figure.get_label()
        unread, *windows = figure.axes[0].lines
        assert len(windows) == min(count, 29 if count > 30 else 30)
        np.testing.assert_array_equal(unread.get_xdata(), np.flatnonzero(used == 0))
        if count <= 30:
            read = [pixel for line in windows for pixel in line.get_xdata() if 0 <= pixel < n]
            np.testing.assert_array_equal(np.bincount(read, minlength=n) if read else np.zeros(n), used)
    assert 3 < refused < 30


def test_many_positions():
    """Of more than 30 positions the first 28 and the last are drawn, with dots between, and their true numbers."""
    figure = figures.positions(40, 2)
    (axis,) = figure.axes
    assert figure.get_figwidth() < 11.2 and figure.get_figheight() < 9
    _, *windows = axis.lines
    assert [line.get_xdata()[0] for line in windows] == [*range(28), 38] and [text.get_text() for text in axis.texts] == ["⋮"]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["0", "5", "10", "15", "20", "25", "38"]
    (axis,) = figures.positions(31, 2).axes
    assert len(axis.lines) == 31 and not axis.texts  # 30 positions


@pytest.mark.parametrize("wrong", [{"n": 0}, {"k": 0}, {"s": 0}, {"p": -1}, {"d": 0}])
def test_positions_refuse(wrong):
    """Two lines: what is wrong, and what to do."""
    with pytest.raises(ValueError) as error:
        figures.positions(**{"n": 5, "k": 2} | wrong)
    ((name, value),) = wrong.items()
    what, todo = str(error.value).split("\n")
    assert f"{name}={value}" in what and todo == "Raise the numbers that are too small."


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
    assert {name for name in made if not name.startswith("_")} == {name.split(",")[0] for name in EVERY_FIGURE}


def test_the_ten_colours_differ():
    """No two classes share a colour."""
    assert len({to_rgb(colour) for colour in figures.DIGIT_COLOURS}) == 10


@pytest.mark.parametrize("value", [round(0.04 * k, 2) for k in range(26)])
def test_numbers_stand_out_from_their_cells(value):
    """4.5:1 at least in every shade of every figure with numbers in cells."""
    table = np.zeros((10, 10))
    table[0, 0], table[0, 1] = value, 1 - value
    for figure in (
        figures.confusion_matrix(table), figures.pixel_grid([[value, 1]], "A corner"), figures.pixel_grid([[value]], "One"),
        figures.kernel_grid([[[value, -value, 1]]], numbers=True), figures.heat_map([[value, 1]], "Use", decimals=2),
        figures.sliding_window([[value, 1]], [[value, -1]]), figures.sliding_window([[value, -1]], [[1]]),
    ):  # fmt: skip
        for axis in figure.axes:
            for text in axis.texts:
                column, row = text.get_position()
                (image,) = axis.images
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
    for text in figure.texts:
        box = text.get_window_extent(renderer)
        assert (box.min > -1).all() and (box.max < figure.bbox.max + 1).all(), (text, box, figure.bbox)
        assert not any(box.overlaps(axis.get_tightbbox(renderer)) for axis in figure.axes if text.get_text()), text
