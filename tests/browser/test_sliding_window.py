"""SlidingWindow in a real browser: by mouse, by keyboard, and 200 random settings against torch."""

import json
import re

import pytest

from tests.browser.accessibility import findings, undescribed

CODE = """
import json, random, torch
from IPython.display import display
from course_utils import course_digit, load_pretrained, sliding
from course_utils.widgets import SlidingWindow
from tests.test_sliding import by_torch

x = course_digit()[0][0].float() / 255
trained = load_pretrained().conv1[0].weight.detach()[:, 0]
kernels = {"top edge": torch.tensor([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1]])} | {f"trained {i}": trained[i] for i in range(16)}
explorer = SlidingWindow({"the 7": x, "part": x[6:14, 12:21]}, kernels, row=6, column=18)
display(explorer)
"""


@pytest.fixture(scope="module")
def page(lab):
    """One notebook with one explorer; each test sets what it needs."""
    page = lab.scratch(CODE)
    page.wait_for_selector(".sw canvas")
    return page


@pytest.fixture(autouse=True)
def as_at_first(lab, page):
    lab.python(
        "explorer.change(image_name='the 7', kernel_name='top edge', mode='convolution', stride=1, padding=0, dilation=1, row=6, column=18)"
    )
    page.wait_for_function("document.querySelector('.sw-summary').textContent.includes('Row 6, column 18')")
    page.locator(".sw-output").scroll_into_view_if_needed()


def value(lab, expression: str):
    """A value in the kernel, once the page's messages have arrived there."""
    lab.page.wait_for_timeout(500)
    return json.loads(lab.python(f"print(json.dumps({expression}))"))


def cell(page, row: int, column: int, size: int = 11) -> tuple[float, float]:
    """The middle of a cell of the output, on the page."""
    box = page.locator(".sw-output").bounding_box()
    return box["x"] + 32 + (column + 0.5) * size, box["y"] + 4 + (row + 0.5) * size


def box(page, name: str):
    return page.locator(f".sw input[aria-label='{name}']")


def enter(page, name: str, text: str) -> None:
    box(page, name).fill(text)
    box(page, name).press("Enter")


def test_hover(lab, page):
    """The window under the mouse is told at once, without the kernel, in the words that Python has; Python's place follows."""
    page.mouse.move(*cell(page, 10, 8))
    page.mouse.move(*cell(page, 12, 9))
    told = page.locator(".sw-summary").inner_text()
    assert told.startswith("The output is 26 x 26. Row 12, column 9 reads rows 12, 13, 14 and columns 9, 10, 11: ")
    assert value(lab, "[explorer.row, explorer.column, explorer.summary]") == [12, 9, told]
    pixel = "([x, y]) => [...document.querySelector('.sw canvas').getContext('2d').getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data]"
    assert page.evaluate(pixel, [32 + 9 * 11 + 16, 4 + 12 * 11])[:3] == [0xD5, 0x5E, 0x00]  # the window's frame, in the input
    assert page.evaluate(pixel, [32 + 18 * 11 + 16, 4 + 6 * 11])[:3] != [0xD5, 0x5E, 0x00]  # and no longer where it was


def test_arrow_keys(lab, page):
    """They move the window and not JupyterLab's cells; at the edge it stays."""
    page.locator(".sw-output").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    assert value(lab, "[explorer.row, explorer.column]") == [7, 17]
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowDown")
    assert value(lab, "[explorer.row, explorer.column]") == [25, 0]
    assert page.evaluate("document.activeElement.className") == "sw-output"


def test_quick_moves(lab, page):
    """No move is lost while the kernel answers an earlier one: 12 times to the left and back, at uneven intervals."""
    page.locator(".sw-output").focus()
    for i in range(24):
        page.keyboard.press("ArrowLeft" if i < 12 else "ArrowRight")
        page.wait_for_timeout(10 + 23 * (i % 5))
    page.keyboard.press("ArrowDown")
    assert value(lab, "[explorer.row, explorer.column]") == [7, 18]
    assert "Row 7, column 18" in page.locator(".sw-summary").inner_text()


def test_play(lab, page):
    """Play slides on by itself, Pause stops it; with reduced motion, a click is one step."""
    button = page.locator(".sw button")
    button.click()
    assert button.inner_text() == "Pause"
    page.wait_for_timeout(600)
    button.click()
    row, column = value(lab, "[explorer.row, explorer.column]")
    assert (row, column) > (6, 20) and button.inner_text() == "Play"
    assert value(lab, "[explorer.row, explorer.column]") == [row, column]
    page.emulate_media(reduced_motion="reduce")
    try:
        page.wait_for_function("document.querySelector('.sw button').textContent === 'Step'")
        before = value(lab, "explorer.row * 26 + explorer.column")
        button.click()
        assert value(lab, "explorer.row * 26 + explorer.column") == before + 1
        assert value(lab, "explorer.row * 26 + explorer.column") == before + 1
    finally:
        page.emulate_media(reduced_motion="no-preference")


def test_kernel_edit(lab, page):
    """A number that is typed changes the output, here and in Python; what is none is refused and put back."""
    enter(page, "kernel row 0, column 1", "2.5")
    assert value(lab, "explorer.kernel.tolist()") == [[-1, 2.5, -1], [0, 0, 0], [1, 1, 1]]
    assert value(lab, "explorer.kernel_name") == "your own"
    right = "by_torch(x, explorer.kernel, 'convolution', 1, 0, 1)"
    assert value(lab, f"[explorer._drawn[0] == explorer._needed(), (explorer.output - {right}).abs().max().item() < 1e-5]") == [True, True]
    enter(page, "kernel row 0, column 1", "two")
    assert page.locator(".sw-error").inner_text().startswith("A kernel's cell takes a number from -1000 to 1000")
    assert value(lab, "[explorer.kernel[0, 1].item(), explorer.error[:15]]") == [2.5, "A kernel's cell"]
    assert float(box(page, "kernel row 0, column 1").input_value()) == 2.5


@pytest.mark.parametrize(
    ("before", "name", "text", "what"),
    [
        ({}, "stride", "0", "The stride must be a whole number from 1 to 9; here is 0."),
        ({}, "stride", "1.5", "The stride must be a whole number from 1 to 9; here is 1.5."),
        ({}, "size", "10", "The size must be a whole number from 1 to 9; here is 10."),
        ({"image_name": "part", "padding": 1}, "dilation", "6", "The window fits nowhere: it spans 13 by 13 cells, the padded input has 10 by 11."),
        ({"mode": "average"}, "dilation", "2", "Average pooling has no dilation: F.avg_pool2d takes none; here is dilation 2."),
        ({"mode": "max"}, "padding", "2", "Pooling takes a padding of at most half its window: 1 for a window of 3; here is padding 2."),
        ({}, "row", "26", "The output has no row 26, column 18: it has 26 rows and 26 columns, counted from 0."),
    ],
)
def test_refused_settings(lab, page, before, name, text, what):
    """The control goes back and says why, in the words that Python has for the same setting."""
    lab.python(f"explorer.change(**{before!r})")
    page.wait_for_timeout(250)
    held = value(lab, "explorer.settings")
    enter(page, name, text)
    told = page.locator(".sw-error").inner_text()
    assert told.startswith(what) and len(told.split("\n")) == 2
    assert value(lab, "explorer.settings") == held and box(page, name).input_value() == str(held[name])
    assert value(lab, "explorer.error") == told
    assert value(lab, f"[explorer.change({name}={text}), explorer.error][1]") == told


def test_choices(lab, page):
    """The lists of images, kernels and modes; a size that the kernel has not."""
    page.locator(".sw select[aria-label=image]").select_option("part")
    page.locator(".sw select[aria-label=kernel]").select_option("trained 3")
    enter(page, "padding", "2")
    enter(page, "stride", "2")
    assert value(lab, "repr(explorer)") == "SlidingWindow(image 'part', kernel 'trained 3' of 5 x 5, stride 2, padding 2, dilation 1, row 3, column 4)"
    page.locator(".sw select[aria-label=mode]").select_option("max")
    enter(page, "size", "4")
    assert value(lab, "[explorer.mode, explorer.size, explorer.kernel.shape[0], explorer.error]") == ["max", 4, 5, ""]
    page.locator(".sw select[aria-label=mode]").select_option("convolution")
    enter(page, "size", "2")
    assert value(lab, "torch.equal(explorer.kernel, trained[3][:2, :2])") is True


RANDOM = """
rng, torch_settings = random.Random({seed}), []
while len(torch_settings) < 25:
    k, mode = rng.randint(1, 7), rng.choice(sliding.MODES)
    image_name, stride, padding, dilation = rng.choice(list(explorer.images)), rng.randint(1, 6), rng.randint(0, 5), rng.randint(1, 4)
    kernel = torch.randn(k, k, generator=torch.Generator().manual_seed(rng.randint(0, 10**6)))
    try:
        by_torch(explorer.images[image_name], kernel, mode, stride, padding, dilation)
    except (RuntimeError, TypeError):
        continue
    torch_settings.append(dict(image_name=image_name, kernel=kernel, mode=mode, size=k, stride=stride, padding=padding, dilation=dilation))
"""
COMPARED = """
s = torch_settings[{i}]
right = by_torch(explorer.images[s["image_name"]], s["kernel"], s["mode"], s["stride"], s["padding"], s["dilation"])
drawn = explorer._drawn[0] == explorer._needed() and explorer.error == "" and torch.equal(explorer.kernel, s["kernel"])
same = explorer.output.shape == right.shape and torch.allclose(explorer.output, right, rtol=0, atol=1e-5)
print(json.dumps([drawn, same, explorer.summary]))
"""


def test_number_typed_back(lab, page):
    """A cell that is left with the number that it had follows the next kernel; a box that is being typed in is left alone."""
    first = page.get_by_label("kernel row 0, column 0")
    first.fill("5")
    first.fill("-1")
    page.keyboard.press("Tab")
    page.get_by_label("kernel", exact=True).select_option("trained 3")
    page.wait_for_function("document.querySelectorAll('.sw-kernel input').length === 25")
    page.get_by_label("kernel", exact=True).select_option("top edge")
    lab.python("explorer.kernel = torch.full((3, 3), 7.0)")
    page.wait_for_function("[...document.querySelectorAll('.sw-kernel input')].every((box) => box.value === '7')")
    box(page, "dilation").press("Control+a")
    box(page, "dilation").press_sequentially("2")
    page.mouse.move(*cell(page, 10, 8))
    page.mouse.move(*cell(page, 12, 9))
    assert box(page, "dilation").input_value() == "2" and value(lab, "explorer.dilation") == 1
    box(page, "dilation").press("Enter")
    assert value(lab, "[explorer.dilation, explorer.row]") == [2, 12]


def test_less_motion_while_it_plays(lab, page):
    """The slide stops where the learner asks for less motion."""
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(300)
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_timeout(200)
    there = page.locator(".sw-summary").inner_text()
    page.wait_for_timeout(600)
    assert page.locator(".sw-summary").inner_text() == there
    page.emulate_media(reduced_motion="no-preference")
    page.get_by_role("button", name="Play").wait_for()


def test_while_a_cell_awaits(lab, page):
    """An explorer that is used while a loop runs still talks with Python: during the loop, and afterwards."""
    lab.script("""
        const cell = panel.content.widgets[0].model.sharedModel;
        cell.setSource(`import asyncio
from course_utils.widgets import LiveView
explorer.change(row=6, column=10)
display(explorer, live := LiveView(total=80))
seen = []
with live:
    for done in range(1, 81):
        await asyncio.sleep(0.1)
        await live.step(done)
        seen.append(explorer.column)`);
        panel.content.activeCellIndex = 0;
        window.courseRan = false;
        jupyterapp.commands.execute("notebook:run-cell").finally(() => { courseRan = true; });""")
    page.get_by_text(re.compile(r"\b[1-9]\d of 80")).wait_for()
    output = page.locator(".sw-output")
    output.focus()
    for _ in range(4):
        output.press("ArrowRight")
        page.wait_for_timeout(700)
    page.wait_for_function("window.courseRan")
    output.press("ArrowRight")
    assert value(lab, "[explorer.column, seen[-1]]") == [15, 14]
    assert lab.errors() == []


@pytest.mark.parametrize("seed", range(8))
def test_200_random_settings(lab, page, seed):
    """What the browser draws is torch's, to 1e-5, and what it says is what Python says: 25 settings a seed."""
    lab.python(RANDOM.format(seed=seed))
    for i in range(25):
        lab.python(f"explorer.change(**torch_settings[{i}])")
        for _ in range(40):
            page.wait_for_timeout(50)
            drawn, same, summary = json.loads(lab.python(COMPARED.format(i=i)))
            if drawn and page.locator(".sw-summary").text_content() == summary:
                break
        assert drawn and same, i
        assert page.locator(".sw-summary").text_content() == summary


def test_two_views_and_errors(lab, page):
    """A second view of the same explorer follows the first. (It stands last: it opens a notebook of its own.)"""
    lab.scratch(CODE + "\ndisplay(explorer)")
    page = lab.page
    page.wait_for_function("document.querySelectorAll('.sw canvas').length === 4")
    first, second = page.locator(".sw-summary").all()
    page.locator(".sw-output").first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(250)
    assert "Row 7, column 18" in first.inner_text() == second.inner_text()
    assert lab.errors() == [] and findings(page) == [] and undescribed(page) == []
