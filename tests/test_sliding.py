"""course_utils.sliding: where windows begin, what they read, what comes out, what is refused, and the words for it."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_utils import sliding

PAPER = torch.tensor([[1.0, 0, 2, 1], [0, 3, 1, 0], [2, 1, 0, 1], [0, 2, 1, 3]])  # chapter 01's
KERNEL = torch.tensor([[1.0, -1], [2, 0]])


def by_torch(image, kernel, mode, stride, padding, dilation):
    """torch's own call, in float32; it raises RuntimeError or TypeError where it refuses."""
    x = image[None, None]
    if mode == "convolution":
        return F.conv2d(x, kernel[None, None], stride=stride, padding=padding, dilation=dilation)[0, 0]
    if mode == "max":
        return F.max_pool2d(x, tuple(kernel.shape), stride=stride, padding=padding, dilation=dilation)[0, 0]
    extra = {"dilation": dilation} if dilation > 1 else {}  # F.avg_pool2d knows no such argument
    return F.avg_pool2d(x, tuple(kernel.shape), stride=stride, padding=padding, **extra)[0, 0]


def random_settings(seed: int) -> tuple:
    rng = random.Random(seed)
    shape, k = (rng.randint(1, 9), rng.randint(1, 9)), rng.randint(1, 5)
    return shape, k, rng.choice(sliding.MODES), rng.randint(1, 4), rng.randint(0, 4), rng.randint(1, 3)


def test_refuses_what_torch_refuses():
    """1,000 random settings: `refusal` is "" where torch answers, and gives two lines where it raises; each answer is torch's."""
    torch.manual_seed(0)
    reasons = {}
    for seed in range(1000):
        shape, k, *settings = random_settings(seed)
        image, kernel = torch.randn(shape), torch.randn(k, k)
        why = sliding.refusal(shape, (k, k), *settings)
        reasons[" ".join(why.split()[:2])] = why
        try:
            right = by_torch(image, kernel, *settings)
        except (RuntimeError, TypeError):
            assert len(why.split("\n")) == 2, (shape, k, settings)
        else:
            assert why == "", (shape, k, settings)
            torch.testing.assert_close(sliding.slide(image, kernel, *settings), right, rtol=0, atol=1e-5)
    assert set(reasons) == {"", "Average pooling", "Pooling takes", "The window"}


def test_reads_and_unread():
    """Chapter 02's examples: 8 pixels, a window of 2, stride 3: pixels 2 and 5 are read by none; dilation and padding count."""
    assert [list(cells) for cells in sliding.reads(8, 2, 3)] == [[0, 1], [3, 4], [6, 7]] and sliding.unread(8, 2, 3) == [2, 5]
    assert [list(cells) for cells in sliding.reads(4, 2, 2, 1, 3)] == [[-1, 2], [1, 4]] and sliding.unread(4, 2, 2, 1, 3) == [0, 3]
    assert list(sliding.starts(3, 5)) == [] and sliding.unread(3, 5) == [0, 1, 2]
    with pytest.raises(ValueError, match="here are n=3, k=0, s=1, p=0, d=1.\nRaise"):
        sliding.unread(3, 0)


def test_the_place():
    """A place outside the output is refused with the output's size."""
    assert sliding.refusal((4, 5), (2, 2), place=(2, 3)) == ""
    for place in [(3, 0), (0, 4), (-1, 0)]:
        why = sliding.refusal((4, 5), (2, 2), place=place)
        assert why == (
            f"The output has no row {place[0]}, column {place[1]}: it has 3 rows and 4 columns, counted from 0.\n"
            "Take a row up to 2 and a column up to 3."
        )
        with pytest.raises(ValueError, match="The output has no row"):
            sliding.summary(torch.ones(4, 5), torch.ones(2, 2), place=place)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "The output is 3 x 3. Row 0, column 1 reads rows 0, 1 and columns 1, 2: 0·1 + 2·(-1) + 3·2 + 1·0 = 4. Never read: nothing."),
        (
            {"mode": "max", "stride": 2, "padding": 1, "place": (0, 0)},
            "The output is 3 x 3. Row 0, column 0 reads rows -1, 0 and columns -1, 0: max(-∞, -∞, -∞, 1) = 1. Never read: nothing.",
        ),
        (
            {"mode": "average", "stride": 3, "place": (0, 0)},
            "The output is 1 x 1. Row 0, column 0 reads rows 0, 1 and columns 0, 1: (1 + 0 + 0 + 3) / 4 = 1. "
            "Never read: rows 2, 3 and columns 2, 3.",
        ),
        (
            {"dilation": 2, "stride": 2, "place": (0, 0)},
            "The output is 1 x 1. Row 0, column 0 reads rows 0, 2 and columns 0, 2: 1·1 + 2·(-1) + 2·2 + 0·0 = 3. "
            "Never read: rows 1, 3 and columns 1, 3.",
        ),
    ],
)  # fmt: skip
def test_summary(settings, said):
    assert sliding.summary(PAPER, KERNEL, **{"place": (0, 1)} | settings) == said


def test_summary_of_one_line():
    """A single row or column is not called rows or columns."""
    said = sliding.summary(PAPER[:, :3], torch.ones(1, 1), stride=2, place=(1, 1))
    assert "reads row 2 and column 2: 0·1 = 0. Never read: rows 1, 3 and column 1." in said


def test_arithmetic():
    """Rounded sums say so; negative numbers stand in brackets; more than 9 numbers are not written out; never -0."""
    cells, three = np.array([[0.25, -1], [0, 1 / 3]]), np.ones((3, 4))
    assert sliding.arithmetic(cells, np.ones((2, 2)), np.array([-5 / 12])) == "0.25·1 + -1.00·1 +\n0.00·1 + 0.33·1 ≈ -0.42"
    assert sliding.arithmetic(cells, np.ones((2, 2)), np.array([-5 / 48]), "average") == "(0.25 + (-1.00) +\n0.00 + 0.33) / 4 ≈ -0.10"
    assert sliding.arithmetic(cells, np.ones((2, 2)), np.array([1 / 3]), "max") == "max(0.25, -1.00,\n0.00, 0.33) ≈ 0.33"
    for mode, said in {"convolution": "sum of 12 products = 12", "max": "largest of 12 numbers = 12", "average": "mean of 12 numbers = 12"}.items():
        assert sliding.arithmetic(three, three, np.array([12.0]), mode) == said
    assert sliding.number(-0.001, 2) == "0.00" and sliding.number(0.125, 2) == "0.12" and sliding.number(float("-inf"), 1) == "-∞"
