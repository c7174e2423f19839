"""course_utils.widgets.SlidingWindow without a browser: its settings, what it refuses, and what it hears from a browser."""

import random

import numpy as np
import pytest
import torch

from course_utils import sliding
from course_utils.widgets import SlidingWindow
from course_utils.widgets.sliding_window import OWN, SETTINGS
from tests.test_sliding import KERNEL, PAPER, by_torch

THREE = torch.arange(9.0).view(3, 3) - 4


@pytest.fixture
def explorer() -> SlidingWindow:
    return SlidingWindow({"paper": PAPER, "wide": torch.ones(3, 9)}, {"corner": KERNEL, "three": THREE}, column=1)


def state(explorer: SlidingWindow) -> dict:
    return explorer.settings | {"_kernel": bytes(explorer._kernel)}


def as_bytes(values) -> memoryview:
    return memoryview(np.asarray(values, dtype=np.float32).tobytes())


def test_what_it_shows_first(explorer):
    """The first image and kernel; its repr is the same everywhere; the summary is sliding.summary's."""
    assert repr(explorer) == "SlidingWindow(image 'paper', kernel 'corner' of 2 x 2, stride 1, padding 0, dilation 1, row 0, column 1)"
    assert explorer.kernel.dtype == explorer.output.dtype == torch.float32
    assert torch.equal(explorer.kernel, KERNEL) and explorer.output.tolist() == [[1, 4, 3], [1, 4, 1], [1, 5, 1]]
    assert explorer.summary == sliding.summary(PAPER, KERNEL, place=(0, 1)) and "= 4." in explorer.summary and explorer.error == ""
    pooling = SlidingWindow(PAPER.numpy(), {"three": THREE}, mode="max")
    assert repr(pooling) == "SlidingWindow(image 'image', max of 3 x 3, stride 1, padding 0, dilation 1, row 0, column 0)"


def test_200_random_settings():
    """The output and the kernel are torch's, in each mode, for 200 settings that torch allows; those that it refuses change nothing."""
    torch.manual_seed(0)
    image, done, refused = torch.randn(12, 11), {mode: 0 for mode in sliding.MODES}, 0
    explorer = SlidingWindow(image, {"first": torch.zeros(1, 1)})
    rng = random.Random(1)
    while sum(done.values()) < 200:
        k, mode, stride, padding, dilation = rng.randint(1, 7), rng.choice(sliding.MODES), rng.randint(1, 6), rng.randint(0, 5), rng.randint(1, 4)
        kernel = torch.randn(k, k)
        before = state(explorer)
        settings = {"stride": stride, "padding": padding, "dilation": dilation}
        explorer.change(mode=mode, kernel=kernel, size=k, **settings)
        try:
            right = by_torch(image, kernel, mode, **settings)
        except (RuntimeError, TypeError):
            refused += 1
            assert len(explorer.error.split("\n")) == 2 and state(explorer) == before
        else:
            done[mode] += 1
            assert explorer.error == "" and torch.equal(explorer.kernel, kernel)
            torch.testing.assert_close(explorer.output, right, rtol=0, atol=1e-5)
    assert refused > 20 and min(done.values()) > 20


def test_settings_that_belong_together(explorer):
    """A kernel brings its size; a size adds zeros to the kernel or cuts it off; the place stays inside the output."""
    explorer.change(row=2, column=2)
    explorer.kernel_name = "three"
    assert (explorer.size, explorer.row, explorer.column) == (3, 1, 1) and torch.equal(explorer.kernel, THREE)
    explorer.size = 4
    assert explorer.kernel_name == OWN and torch.equal(explorer.kernel[:3, :3], THREE) and explorer.kernel.abs().sum() == THREE.abs().sum()
    explorer.size = 1
    assert explorer.kernel.tolist() == [[-4]]
    explorer.change(mode="max", size=2)
    assert explorer.kernel.tolist() == [[-4]] and explorer.output.shape == (3, 3)  # pooling leaves the kernel alone
    explorer.mode = "convolution"
    assert explorer.size == 1 and explorer.error == ""
    explorer.kernel = [[2]]
    assert explorer.output.equal(2 * PAPER)
    explorer.kernel_name = "corner"
    explorer.image_name = "wide"
    assert explorer.output.shape == (2, 8) and torch.equal(explorer.kernels["corner"], KERNEL)


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ({"row": 3}, "The output has no row 3, column 1: it has 3 rows and 3 columns"),
        ({"stride": 0}, "The stride must be a whole number from 1 to 9; here is 0."),
        ({"stride": True}, "The stride must be a whole number from 1 to 9; here is True."),
        ({"padding": 10}, "The padding must be a whole number from 0 to 9; here is 10."),
        ({"size": 12}, "The size must be a whole number from 1 to 9; here is 12."),
        ({"dilation": 4}, "The window fits nowhere: it spans 5 by 5 cells, the padded input has 4 by 4."),
        ({"mode": "median"}, "There is no mode 'median'."),
        ({"kernel_name": "blur"}, "There is no kernel 'blur'."),
        ({"mode": "average", "dilation": 2}, "Average pooling has no dilation"),
        ({"mode": "max", "padding": 2}, "Pooling takes a padding of at most half its window: 1 for a window of 2; here is padding 2."),
        ({"kernel": [[1, 2]]}, "The kernel 'your own' of shape (1, 2) cannot be drawn."),
        ({"kernel": [[float("nan")]]}, "The kernel 'your own' of shape (1, 1) cannot be drawn."),
        ({"kernel": "three"}, "The kernel 'your own' is not made of numbers."),
        ({"speed": 3}, "There is no setting speed."),
    ],
)
def test_what_it_refuses(explorer, setting, what):
    """Two lines in `error`, and everything stays as it was, whether the settings come at once or one alone; then a good one goes through."""
    before = state(explorer)
    explorer.change(**setting)
    assert explorer.error.startswith(what) and len(explorer.error.split("\n")) == 2 and state(explorer) == before
    if len(setting) == 1 and "speed" not in setting:
        explorer.error = ""
        (name, value), = setting.items()
        setattr(explorer, name, value)
        assert (explorer.error.startswith(what) or value is True) and state(explorer) == before
    explorer.padding = 1
    assert explorer.error == "" and explorer.output.shape == (5, 5)


@pytest.mark.parametrize(
    "arguments",
    [
        {"image": torch.ones(3)}, {"image": torch.ones(41, 2)}, {"image": torch.full((2, 2), float("inf"))}, {"image": {}},
        {"kernels": {}}, {"kernels": {OWN: KERNEL}}, {"kernels": {"wide": torch.ones(2, 3)}}, {"kernels": {"large": torch.ones(10, 10)}}, {"kernels": {3: KERNEL}},
        {"kernel": "other"}, {"mode": "min"}, {"stride": 0}, {"row": 9}, {"mode": "max", "padding": 2},
    ],
)  # fmt: skip
def test_bad_arguments(arguments):
    with pytest.raises(ValueError) as error:
        SlidingWindow(**{"image": PAPER, "kernels": {"corner": KERNEL}} | arguments)
    assert len(str(error.value).split("\n")) == 2


def test_observers_see_the_whole_change(explorer):
    """Never a stride with a place that it has taken out of the output."""
    said = []
    explorer.change(row=2, column=2)
    explorer.observe(lambda change: said.append(explorer.summary), "stride")
    explorer.stride = 2
    assert said == [explorer.summary] and explorer.error == "" and (explorer.stride, explorer.row) == (2, 1)


# ---------------------------------------------------------------- what a browser sends


def test_good_messages(explorer):
    """Settings from the browser are taken over, in whole."""
    explorer.set_state({"row": 2, "column": 0, "stride": 1})
    assert (explorer.row, explorer.column) == (2, 0)
    kernel = as_bytes([[0, 1, 0], [0, 0, 0], [0, 0, 0.5]])
    explorer.set_state({"_kernel": kernel, "size": 3, "kernel_name": OWN, "row": 1, "error": ""})
    assert explorer.kernel[2, 2] == 0.5 and explorer.size == 3 and explorer.error == ""
    explorer.set_state({"error": "The stride must be a whole number"})  # the browser refused by itself
    assert explorer.error.startswith("The stride")


@pytest.mark.parametrize(
    "message",
    [
        {"stride": 0}, {"stride": 1.5}, {"stride": "2"}, {"stride": None}, {"row": 3}, {"row": -1}, {"mode": 3}, {"mode": "median"},
        {"kernel_name": "blur"}, {"image_name": ["paper"]}, {"size": 3}, {"_kernel": as_bytes(np.ones(9))}, {"_kernel": as_bytes(np.ones(5))},
        {"_kernel": as_bytes([1, 2, 3, np.nan])}, {"_kernel": as_bytes([1, 2, 3, 2000])}, {"_kernel": memoryview(b"abc")},
        {"_kernel": memoryview(b"")}, {"_kernel": 5}, {"_kernel": as_bytes(np.ones(100)), "size": 10}, {"error": 5}, {"error": "x" * 501},
        {"_images": {}}, {"_esm": "alert()"}, {"row": 1, "stride": 99}, {"_view_count": "x"}, {"_kernel": as_bytes(np.ones(4))},
    ],
)  # fmt: skip
def test_bad_messages(explorer, message):
    """Refused with two lines, in whole; the browser is told what holds."""
    before, sent = state(explorer), []
    explorer.send_state = lambda key=None: sent.append(key)
    explorer.set_state(message)
    assert len(explorer.error.split("\n")) == 2 and state(explorer) == before and torch.equal(explorer.images["paper"], PAPER)
    assert any(set(SETTINGS) < set(names) for names in sent)
    assert "alert()" not in explorer._esm
    explorer.set_state({"row": 1})
    assert explorer.row == 1


def hear(explorer, output, kernel=KERNEL, **changes):
    settings = {name: value for name, value in explorer._needed().items() if name != "kernel"} | changes
    explorer._hear(explorer, {"settings": settings}, [as_bytes(output), as_bytes(kernel)])


def test_the_browsers_output(explorer):
    """It is the output as long as the settings are those that it was drawn with; an answer to older settings is not."""
    drawn = explorer.output + 1e-6
    hear(explorer, drawn)
    assert torch.equal(explorer.output, drawn)
    explorer.output[0, 0] = 99
    assert torch.equal(explorer.output, drawn)  # the caller's copy is the caller's
    hear(explorer, torch.zeros(3, 3), stride=2)
    hear(explorer, torch.zeros(3, 3), kernel=KERNEL + 1)
    assert torch.equal(explorer.output, drawn) and explorer.error == ""
    explorer.row = 2  # the place changes no number
    assert torch.equal(explorer.output, drawn)
    explorer.padding = 1
    assert explorer.output.shape == (5, 5)


@pytest.mark.parametrize(
    ("content", "buffers"),
    [
        (None, []), ("hello", [as_bytes(np.ones(9))] * 2), ({"settings": 3}, [as_bytes(np.ones(9)), as_bytes(KERNEL)]),
        ({}, [as_bytes(np.ones(9)), as_bytes(KERNEL)]), ({"settings": "now"}, [as_bytes(np.ones(9))]),
        ({"settings": "now"}, [as_bytes(np.ones(8)), as_bytes(KERNEL)]), ({"settings": "now"}, [as_bytes([np.nan] * 9), as_bytes(KERNEL)]),
        ({"settings": "now"}, [as_bytes([-np.inf] * 9), as_bytes(KERNEL)]), ({"settings": "now"}, [memoryview(b"abc"), as_bytes(KERNEL)]),
        ({"settings": "now"}, [as_bytes(np.ones(9)), memoryview(b"")]), ({"settings": "now"}, ["abc", as_bytes(KERNEL)]),
    ],
)  # fmt: skip
def test_bad_outputs(explorer, content, buffers):
    """An output of a wrong shape, type or size, or with numbers that are none, is refused, and the last one stays."""
    if content == {"settings": "now"}:
        content = {"settings": {name: value for name, value in explorer._needed().items() if name != "kernel"}}
    drawn = explorer.output + 1e-6
    hear(explorer, drawn)
    before = state(explorer)
    explorer._hear(explorer, content, buffers)
    assert explorer.error.startswith("The browser sent a") and len(explorer.error.split("\n")) == 2
    assert state(explorer) == before and torch.equal(explorer.output, drawn)
