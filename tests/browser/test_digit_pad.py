"""The DigitPad in a real browser: drawn on by mouse and by keyboard, with Python's side checked."""

import json

import numpy as np
import pytest
from playwright.sync_api import Page

from course_utils import load_mnist
from tests.browser.accessibility import findings, undescribed
from tests.handwriting import skeleton, strokes

CELL = """
from course_utils import load_pretrained
from course_utils.widgets import DigitPad
model = load_pretrained()
pad = DigitPad(read=lambda image: f"Read as {model(image)[0].argmax()}.")
display(pad)
display(pad)
"""
STATE = "print(__import__('json').dumps({'ink': int((pad.drawing < 128).sum()), 'summary': pad.summary, 'error': pad.error}))"


@pytest.fixture(scope="module")
def notebook(lab) -> Page:
    """One notebook for all tests."""
    return lab.scratch(CELL)


@pytest.fixture
def page(lab, notebook) -> Page:
    """A fresh pad, shown twice, in the light theme."""
    lab.theme("light")
    lab.run_cell(0)
    notebook.locator(".digit-pad-says").nth(1).wait_for()
    return notebook


def state(lab) -> dict:
    return json.loads(lab.python(STATE))


def wait_for(lab, good) -> dict:
    """Python's state, as soon as it is good; the last one, if that takes longer than 5 seconds."""
    for _ in range(50):
        if good(now := state(lab)):
            break
        lab.page.wait_for_timeout(100)
    return now


def draw(page: Page, lines: list[np.ndarray]) -> None:
    """Draw lines by mouse on the first view: each (P, 2), (row, column) in pixels of the pad."""
    canvas = page.locator(".digit-pad-paper canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for line in (line.tolist() for line in lines):
        page.mouse.move(box["x"] + line[0][1], box["y"] + line[0][0])
        page.mouse.down()
        for row, column in line[1:]:
            page.mouse.move(box["x"] + column, box["y"] + row)
        page.mouse.up()


def painted(page: Page) -> list[int]:
    """How many dark pixels each view's pad shows."""
    return page.evaluate("""() => [...document.querySelectorAll(".digit-pad-paper canvas")].map(canvas =>
        canvas.getContext("2d").getImageData(0, 0, 280, 280).data.filter((value, i) => i % 4 === 0 && value < 128).length)""")


def test_digits_drawn_by_mouse(lab, page):
    """Two of each class, along the line in the middle of their strokes: 19 of 20 or more are read right, beside the pad too."""
    test = load_mnist().test
    rows = [row for digit in range(10) for row in (test.labels == digit).nonzero().flatten().tolist()[:2]]
    right = 0
    for row in rows:
        points, pairs = skeleton(test.images[row])
        points = 140 + 170 * points
        page.get_by_role("button", name="Clear").first.click()
        draw(page, [points[[*walk[:-1:3], walk[-1]]] for walk in strokes(pairs) if len(walk) > 4])
        now = wait_for(lab, lambda now: "Read as" in now["summary"])
        shown = page.locator(".digit-pad-says").first
        page.wait_for_function("([words]) => document.querySelector('.digit-pad-says').textContent === words", arg=[state(lab)["summary"]])
        right += f"Read as {test.labels[row]}." in shown.inner_text()
        assert now["error"] == ""
    assert right >= 19
    assert lab.errors() == []


@pytest.mark.parametrize("pointer", ["pen", "touch"])
def test_pen_and_finger(lab, page, pointer):
    """A 7 drawn by a pen, and by a finger that would else scroll the page."""
    canvas = page.locator(".digit-pad-paper canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    corners = [(70, 60), (210, 60), (120, 240)]
    way = np.concatenate([np.linspace(a, b, 12) for a, b in zip(corners, corners[1:])]) + (box["x"], box["y"])  # (24, 2)
    devtools = lab.context.new_cdp_session(page)
    if pointer == "touch":
        devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    for i, (x, y) in enumerate(way.tolist() + [way[-1].tolist()]):
        step = ("Start", "Pressed") if i == 0 else ("End", "Released") if i == len(way) else ("Move", "Moved")
        if pointer == "touch":
            points = [] if step[0] == "End" else [{"x": x, "y": y}]
            devtools.send("Input.dispatchTouchEvent", {"type": f"touch{step[0]}", "touchPoints": points})
        else:
            button = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen"}
            devtools.send("Input.dispatchMouseEvent", {"type": f"mouse{step[1]}", "x": x, "y": y} | button)
    devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    devtools.detach()
    assert "Read as 7." in wait_for(lab, lambda now: now["ink"] > 4000)["summary"]
    assert canvas.bounding_box() == box
    assert lab.errors() == []


def test_undo_and_clear(lab, page):
    """Stroke by stroke; what Python drew is undone as well; both views show the same."""
    draw(page, [np.array([[40, 60], [40, 200]])])
    one = wait_for(lab, lambda now: now["ink"] > 2000)
    draw(page, [np.array([[40, 200], [240, 160]])])
    two = wait_for(lab, lambda now: now["ink"] > one["ink"] + 2000)
    assert painted(page) == [two["ink"]] * 2
    undo, clear = (page.get_by_role("button", name=name).nth(1) for name in ("Undo", "Clear"))  # of the other view
    undo.click()
    assert wait_for(lab, lambda now: now["ink"] == one["ink"]) == one
    page.wait_for_timeout(200)
    assert painted(page) == [one["ink"]] * 2
    clear.click()
    assert "empty" in wait_for(lab, lambda now: now["ink"] == 0)["summary"]
    assert painted(page) == [0, 0]
    undo.click()
    assert wait_for(lab, lambda now: now["ink"] == one["ink"]) == one
    lab.python("array = pad.drawing; array[200:220, 100:120] = 0; pad.drawing = array")
    page.wait_for_timeout(300)
    assert painted(page) == [one["ink"] + 400] * 2
    undo.click()
    assert wait_for(lab, lambda now: now["ink"] == one["ink"]) == one
    for _ in range(3):
        undo.click()
    assert wait_for(lab, lambda now: now["ink"] == 0)["ink"] == 0  # nothing more to undo
    assert lab.errors() == []


def test_keyboard(lab, page):
    """A 7 with arrow keys and space alone, the notebook's own keys asleep; Ctrl+Z; the pen's width from the slider."""
    page.locator(".digit-pad-paper canvas").first.focus()
    press = page.keyboard.press
    for key, times in (("ArrowUp", 9), ("ArrowLeft", 7), ("Space", 1), ("ArrowRight", 14), ("ArrowDown", 4), ("End", 5), ("ArrowDown", 9)):
        for _ in range(times):
            press(key)
    assert "Pen down at column 160, row 230." in page.locator(".digit-pad-position").first.inner_text()
    assert page.locator(".digit-pad-pen").first.is_visible()
    press("Space")
    assert "Read as 7." in wait_for(lab, lambda now: now["ink"] > 5000)["summary"]
    assert page.evaluate("document.activeElement === document.querySelector('.digit-pad-paper canvas')")
    assert lab.script("return panel.content.activeCellIndex;") == 0
    press("Control+z")
    assert wait_for(lab, lambda now: now["ink"] == 0)["ink"] == 0
    press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    for _ in range(3):
        press("ArrowRight")
    page.wait_for_timeout(200)
    assert lab.python("print(pad.pen)").strip() == "21"
    assert lab.errors() == []


def test_over_http(lab, page):
    """Where a page comes over http from another machine, the browser has no getCoalescedEvents: lines are drawn all the same."""
    page.evaluate("delete PointerEvent.prototype.getCoalescedEvents")
    draw(page, [np.array([[40, 60], [40, 200], [240, 120]])])
    assert wait_for(lab, lambda now: now["ink"] > 4000)["ink"] > 4000
    assert lab.errors() == []


def test_space_held_down(lab, page):
    """It puts the pen down once, however often the keyboard repeats it."""
    page.locator(".digit-pad-paper canvas").first.focus()
    for _ in range(6):
        page.keyboard.down("Space")  # playwright marks all but the first as repeated
    page.keyboard.up("Space")
    assert "Pen down" in page.locator(".digit-pad-position").first.inner_text()


def test_a_wrong_message_from_the_browser(lab, page):
    """Too few bytes: refused in words, and both views still show the drawing."""
    draw(page, [np.array([[40, 60], [40, 200]])])
    before = wait_for(lab, lambda now: now["ink"] > 2000)
    model = lab.python("print(pad.model_id)").strip()
    lab.script(f"""
        const message = {{ method: "update", state: {{}}, buffer_paths: [["pixels"]] }};
        await kernel._comms.get("{model}").send(message, {{}}, [new ArrayBuffer(5)]).done;""")
    assert state(lab) == before | {"error": state(lab)["error"]} and "78,400 bytes" in state(lab)["error"]
    page.wait_for_timeout(200)
    assert painted(page) == [before["ink"]] * 2
    assert "78,400 bytes" in page.locator(".digit-pad-error").first.inner_text()


def test_accessible(lab, page):
    """No serious or critical finding of axe, in the light theme and the dark one."""
    draw(page, [np.array([[40, 60], [40, 200]])])
    wait_for(lab, lambda now: now["ink"] > 2000)
    for theme in ("light", "dark"):
        lab.theme(theme)
        assert findings(page, [".digit-pad"]) == [] and undescribed(page, [".digit-pad"]) == []
