"""The explorer of chapter 04 in a real browser: by mouse and by keyboard, with the Python side beside it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import findings, undescribed
from tests.browser.lab import Lab

CODE = """
import torch
from IPython.display import display
from course_utils import course_digit, load_pretrained
from course_utils.widgets import FlattenMap
model = load_pretrained()
with torch.no_grad():
    maps = model.conv2(model.conv1(course_digit()[0].unsqueeze(0) / 255))
explorer = FlattenMap(maps[0], model.out.weight)
display(explorer)
"""


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Iterator[Lab]:
    lab.scratch(CODE)
    yield lab


@pytest.fixture
def page(opened: Lab) -> Iterator[Page]:
    """The page with the explorer as it was at first, the mouse beside it; nothing has gone wrong in the end."""
    opened.python("explorer.index, explorer.shown_class, explorer.evidence = 276, None, False")
    opened.page.mouse.move(5, 5)
    expect(opened.page.locator(".said")).to_contain_text("= 276")
    yield opened.page
    assert opened.errors() == []


def cell_of(page: Page, side: str, index: int) -> tuple[float, float]:
    """The middle of a cell on the screen, found by the frame that keyboard users see: the orange one."""
    canvas = page.locator("canvas").nth({"maps": 0, "vector": 1}[side])
    page.locator("input[type=number]").first.fill(str(index))
    page.locator("input[type=number]").first.press("Enter")
    expect(page.locator(".said")).to_contain_text(f"= {index}.")
    left, top = canvas.evaluate("""canvas => {
        const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const places = [];
        for (let i = 0; i < width * height; i++) if (data[4 * i] === 213 && data[4 * i + 1] === 94 && data[4 * i + 2] === 0) places.push(i);
        const middle = numbers => (Math.min(...numbers) + Math.max(...numbers) + 1) / 2 / devicePixelRatio;
        return [middle(places.map(i => i % width)), middle(places.map(i => Math.floor(i / width)))];
    }""")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"] + left, box["y"] + top


def same_words(lab: Lab) -> str:
    """What the page says, which must be what Python says."""
    words = lab.python("print(explorer.summary)").strip()
    expect(lab.page.locator(".said")).to_have_text(words)
    return words


@pytest.mark.parametrize("side", ["maps", "vector"])
def test_pointing_is_answered_without_the_kernel(page, opened, side):
    """The words follow the mouse while Python stays where it was; a click keeps the place; beside it, the framed one is back."""
    x, y = cell_of(page, side, 805)
    opened.python("explorer.index = 276")
    expect(page.locator(".said")).to_contain_text("= 276.")
    page.mouse.move(x, y)
    expect(page.locator(".said")).to_contain_text("map 16, row 3, column 0 ↔ index 16·49 + 3·7 + 0 = 805.")
    assert opened.python("print(explorer.index)") == "276\n"
    page.mouse.move(5, 5)
    expect(page.locator(".said")).to_contain_text("= 276.")
    page.mouse.click(x, y)
    page.mouse.move(5, 5)
    expect(page.locator("input[type=number]").first).to_have_value("805")
    page.wait_for_timeout(200)
    assert opened.python("print(explorer.place)") == "(16, 3, 0)\n"
    assert "= 805." in same_words(opened)


def test_both_sides_frame_the_same_number(page):
    """Pointing into the vector moves the frame in the maps: its pixels change, and only there and at the old place."""
    x, y = cell_of(page, "vector", 805)
    cell_of(page, "maps", 276)
    before = page.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    page.mouse.move(x, y)
    expect(page.locator(".said")).to_contain_text("= 805.")
    assert page.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") != before
    page.mouse.move(5, 5)
    expect(page.locator(".said")).to_contain_text("= 276.")
    assert page.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") == before


@pytest.mark.parametrize(
    "side, keys, index",
    [
        ("vector", ["ArrowRight"], 277),
        ("vector", ["ArrowLeft", "ArrowLeft"], 274),
        ("vector", ["ArrowDown"], 325),  # a line, which is a map
        ("vector", ["ArrowUp"], 227),
        ("vector", ["End", "ArrowRight"], 1567),  # and no further
        ("vector", ["Home", "ArrowLeft"], 0),
        ("vector", ["PageDown"], 325),
        ("maps", ["ArrowDown"], 283),
        ("maps", ["ArrowRight"], 277),
        ("maps", ["ArrowLeft"] * 4, 4 * 49 + 4 * 7 + 6),  # onto the map to the left
        ("maps", ["Home", "ArrowUp", "ArrowLeft"], 0),
        ("maps", ["End", "ArrowRight", "ArrowDown"], 1567),
    ],
)
def test_keys(page, opened, side, keys, index):
    """The frame moves, the focus stays (JupyterLab's own arrow keys would go to the next cell), Python follows."""
    canvas = page.locator("canvas").nth({"maps": 0, "vector": 1}[side])
    canvas.focus()
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator(".said")).to_contain_text(f"= {index}.")
    expect(canvas).to_be_focused()
    expect(canvas).to_have_attribute("aria-valuenow", str(index))
    page.wait_for_timeout(200)
    assert f"= {index}." in same_words(opened)
    assert canvas.get_attribute("aria-valuetext") == page.locator(".said").inner_text()


def test_boxes(page, opened):
    """A typed index moves the other three, and they move the index."""
    index, c, r, k = (page.get_by_role("spinbutton", name=name) for name in ("index", "map c", "row r", "column k"))
    index.fill("48")
    index.press("Enter")
    for box, value in ((c, "0"), (r, "6"), (k, "6")):
        expect(box).to_have_value(value)
    for box, value in ((c, "31"), (r, "0"), (k, "2")):
        box.fill(value)
        box.press("Tab")
    expect(index).to_have_value("1521")
    page.wait_for_timeout(200)
    assert opened.python("print(explorer.place)") == "(31, 0, 2)\n"


@pytest.mark.parametrize("name, typed", [("index", "1568"), ("index", "-1"), ("index", "2.5"), ("index", ""), ("row r", "7"), ("map c", "32")])
def test_a_number_that_is_not_there(page, opened, name, typed):
    """It is refused in words, and the place stays; the next right number takes the words away."""
    box = page.get_by_role("spinbutton", name=name)
    box.fill(typed)
    box.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="goes from 0 to")).to_contain_text(name)
    assert "= 276." in same_words(opened)
    box.fill("3")
    box.press("Enter")
    expect(page.locator(".flatten-map .error")).to_be_empty()


def test_colours(page, opened):
    """A class's weights, then weights times features; the words and the scale follow, and so does Python; and the other way."""
    plain = page.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    evidence = page.get_by_role("checkbox", name="times the features")
    expect(evidence).to_be_disabled()
    page.get_by_role("combobox", name="Colours show").select_option("7")
    expect(page.locator(".said")).to_contain_text("weight for class 7")
    page.wait_for_timeout(200)
    assert opened.python("print(explorer.shown_class, explorer.evidence)") == "7 False\n"
    same_words(opened)
    weights = page.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    evidence.check()
    expect(page.locator(".said")).to_contain_text("All maps at row 4, column 3:")
    page.wait_for_timeout(200)
    same_words(opened)
    assert len({plain, weights, page.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")}) == 3
    opened.python("explorer.shown_class = 2")
    expect(page.get_by_role("combobox", name="Colours show")).to_have_value("2")
    same_words(opened)


def test_the_words_agree_everywhere(page, opened):
    """The browser writes its words itself: 60 places of all three kinds against Python's."""
    for shown, evidence in ((None, False), (3, False), (8, True)):
        opened.python(f"explorer.shown_class, explorer.evidence = {shown}, {evidence}")
        for index in range(0, 1568, 80):
            opened.python(f"explorer.index = {index}")
            same_words(opened)


def test_a_wrong_message_is_refused(page, opened):
    """Python says why, on the page, and the page goes back to what was there."""
    opened.python("explorer._handle_msg({'content': {'data': {'method': 'update', 'state': {'index': 99999}}}, 'buffers': []})")
    expect(page.locator(".flatten-map .error")).to_contain_text("99999 is not one of these whole numbers")
    assert opened.python("print(explorer.index)") == "276\n"
    expect(page.locator("input[type=number]").first).to_have_value("276")


def test_everyone_can_use_it(page, opened):
    """No severe finding in either theme; all controls have names."""
    for theme in ("light", "dark"):
        opened.theme(theme)
        assert findings(page, [".flatten-map"]) == [] and undescribed(page, [".flatten-map"]) == []
    opened.theme("light")


def test_two_views(lab):
    """Two displays of one explorer follow each other; a third explorer of another shape keeps its own place."""
    page = lab.scratch(CODE + "display(explorer)\nother = FlattenMap([[[3, 0], [1, 2]], [[0, 5], [4, 1]]], index=6)\ndisplay(other)")
    said = page.locator(".said")
    expect(said).to_have_count(3)
    page.get_by_role("spinbutton", name="index").nth(1).fill("49")
    page.get_by_role("spinbutton", name="index").nth(1).press("Enter")
    for view in (0, 1):
        expect(said.nth(view)).to_contain_text("map 1, row 0, column 0 ↔")
    expect(said.nth(2)).to_have_text("map 1, row 1, column 0 ↔ index 1·4 + 1·2 + 0 = 6. Feature 4.00.")
    page.wait_for_timeout(200)
    assert lab.python("print(explorer.index, other.index)") == "49 6\n" and lab.errors() == []
