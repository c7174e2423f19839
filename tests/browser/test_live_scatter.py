"""LiveScatter in a real browser: what is drawn, and what mouse and keyboard do to it."""

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from course_utils import figures
from course_utils.data import load_mnist
from tests.browser.accessibility import findings, undescribed
from tests.browser.lab import Lab

N = 60
NUMBERS = np.arange(N)
PLACES = np.stack([NUMBERS % 10 * 8 - 36, NUMBERS // 10 * 8 - 36], axis=1)  # six rows of ten
FRAMES = [PLACES, PLACES[:, ::-1], -PLACES]
FRAMES[2][58] = FRAMES[2][57]  # one that is read rightly lies on one that is misread
MAP = f"""
import numpy as np
from IPython.display import display
from course_utils import load_mnist
from course_utils.widgets import LiveScatter

x, y = load_mnist(source="sample").validation[list(range({N}))]
numbers = np.arange({N})
places = np.stack([numbers % 10 * 8 - 36, numbers // 10 * 8 - 36], axis=1)
live = LiveScatter(x, y, total=3)
display(live)
live.add(places, (y + 1) % 10, "all wrong")
live.add(places[:, ::-1], y, "all right")
turned = -places
turned[58] = turned[57]
live.add(turned, (y + numbers % 2) % 10, "the odd ones wrong")
"""
TRAINING = """
import torch
from IPython.display import display
from course_utils import CNN, LiveTSNE, load_mnist, make_loader, train_steps
from course_utils.widgets import LiveScatter

digits = load_mnist(source="sample")
x, y = digits.validation[list(range(500))]
model, loader = CNN(), make_loader(digits.train, 50, seed=0)
before = model.out.weight.detach().clone()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
tsne, live = LiveTSNE(), LiveScatter(x, y, total=100 * len(loader))
display(live)
with live:
    for step in train_steps(model, loader, optimizer, epochs=100, device="cpu"):
        if step.index % 5 == 0:
            with torch.no_grad():
                logits, features = model(x)
            live.add(tsne.update(features), logits.argmax(dim=1), f"step {step.index}")
        await live.step(step.index + 1)
        if live.stopped:
            break
"""
# Two repaints later the map shows what it was told; and once it rests, where it stays.
REPAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
AT_REST = """canvas => new Promise(done => {
    let before = "", same = 0;
    const look = () => {
        const now = canvas.toDataURL();
        same = now === before ? same + 1 : 0;
        before = now;
        if (same > 5) done(); else requestAnimationFrame(look);
    };
    look();
})"""


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The images (60, 28, 28), 0..255, and their labels (60,)."""
    validation = load_mnist(source="sample").validation
    return validation.images[:N, 0].numpy(), validation.labels[:N].numpy()


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Lab:
    lab.scratch(MAP)
    return lab


@pytest.fixture
def shown(opened: Lab) -> Iterator[Lab]:
    """The map with its last frame, all classes, and no digit chosen; and, afterwards, no complaint on either side."""
    opened.python("live.frame, live.isolated = 2, None")
    opened.page.mouse.move(0, 0)
    the_map(opened.page).press("Escape")
    opened.page.evaluate("document.activeElement.blur()")
    rest(opened.page)
    yield opened
    assert opened.python("print(repr(live.error))") == "''\n" and opened.errors() == []


def the_map(page: Page) -> Locator:
    return page.get_by_role("application", name="Map of the digits").first


def canvas(page: Page) -> Locator:
    return the_map(page).locator("canvas")


def rest(page: Page) -> None:
    canvas(page).evaluate(AT_REST)


def told(page: Page) -> str:
    return page.locator(".live-scatter-digit p").first.text_content()


def spot(page: Page, place: np.ndarray) -> tuple[float, float]:
    """Where a place of the map lies on the page, in CSS pixels."""
    box = canvas(page).bounding_box()
    return box["x"] + (place[0] / 50 + 1) * box["width"] / 2, box["y"] + (1 - place[1] / 50) * box["height"] / 2


def colour(page: Page, place: np.ndarray, right: float, down: float) -> np.ndarray:
    """The colour beside a place of the map, some of the canvas' 480 pixels away: (3,), white where nothing is drawn."""
    x, y = (place[0] / 50 + 1) * 240 + right, (1 - place[1] / 50) * 240 + down
    *rgb, alpha = canvas(page).evaluate("(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data]", [round(x), round(y)])
    return (np.array(rgb) * alpha + 255 * (255 - alpha)) / 255


def is_class(seen: np.ndarray, label: int) -> bool:
    wanted = [int(figures.DIGIT_COLOURS[label][k : k + 2], 16) for k in (1, 3, 5)]
    return bool(np.abs(seen - wanted).max() < 4)


def frame(lab: Lab) -> int:
    return int(lab.python("print(live.frame)"))


def test_what_is_drawn(shown, digits):
    """Each disc lies at its place in its class's colour, and exactly the wrong ones have a black ring."""
    _, labels = digits
    for number, wrong in ((2, NUMBERS % 2 == 1), (0, NUMBERS >= 0), (1, NUMBERS < 0)):
        shown.python(f"live.frame = {number}")
        rest(shown.page)
        for i, place in enumerate(FRAMES[number]):
            if number == 2 and i == 58:
                continue  # hidden: mistakes lie on top
            assert is_class(colour(shown.page, place, -5, -1), labels[i]), (number, i)
            darkest = min(colour(shown.page, place, 0, down).max() for down in (7, 8, 9))  # the ring is two pixels wide
            assert (darkest < 60) == wrong[i], (number, i)


def test_in_words(shown):
    """The canvas says what Python says, and so does the live region, once the map rests; the title stands beside the map."""
    for change in ("live.frame = 0", "live.isolated = int(y[0])", "live.isolated = None", "live.frame = 2"):
        shown.python(change)
        summary = shown.python("print(live.summary)").strip()
        expect(canvas(shown.page)).to_have_attribute("aria-label", summary)
        expect(shown.page.locator(".live-scatter [role=status]").first).to_have_text(summary)
        assert shown.page.locator(".live-scatter-summary").first.text_content() == summary
    assert shown.page.locator(".live-scatter-title").first.text_content() == "the odd ones wrong"


def test_slider(shown):
    """By keyboard and by mouse; Python follows, JupyterLab does not take the keys, and the slider follows Python."""
    slider = shown.page.get_by_role("slider", name="Frame").first
    assert slider.input_value() == "2" and slider.get_attribute("aria-valuetext") == "2 of 2, the odd ones wrong"
    slider.focus()
    for key, number in (("ArrowLeft", 1), ("Home", 0), ("ArrowUp", 1), ("ArrowDown", 0), ("End", 2)):
        slider.press(key)
        assert slider.input_value() == str(number)
        assert frame(shown) == number
    assert shown.python("print(live.map._shown)") == "-1\n"  # at the right end, the slider goes along with new frames
    box = slider.bounding_box()
    shown.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert frame(shown) == 1
    shown.python("live.frame = 0")
    expect(slider).to_have_value("0")
    expect(canvas(shown.page)).to_have_attribute("aria-label", shown.python("print(live.summary)").strip())


def test_play_and_pause(shown):
    """Play begins anew at the end, goes on by itself, and stops at the end; Pause stops it where it is."""
    button = shown.page.locator(".live-scatter-player button").first  # its name changes
    button.click()
    expect(button).to_have_text("Pause")
    expect(button).to_have_text("Play")
    expect(canvas(shown.page)).to_have_attribute("aria-label", shown.python("live.frame = 2; print(live.summary)").strip())
    shown.page.evaluate("window.seen = new Set()")
    canvas(shown.page).evaluate(
        "canvas => new MutationObserver(() => seen.add(canvas.ariaLabel[6])).observe(canvas, { attributeFilter: ['aria-label'] })"
    )
    button.press("Enter")
    shown.page.wait_for_function("[...seen].join('') === '012'")
    expect(button).to_have_text("Play")
    button.press("Space")
    expect(button).to_have_text("Pause")
    button.click()
    expect(button).to_have_text("Play")
    paused = frame(shown)
    shown.page.wait_for_timeout(1500)
    assert frame(shown) == paused < 2


def test_points_glide(shown):
    """Between two frames there are pictures of neither; where motion is unwelcome, there are none."""
    pictures = """async canvas => {
        const slider = document.querySelector(".live-scatter input");
        const seen = [canvas.toDataURL()];
        slider.value = Number(slider.value) === 0 ? 2 : 0;
        slider.dispatchEvent(new Event("input"));
        for (let k = 0; k < 100; k++) {
            await new Promise(requestAnimationFrame);
            const now = canvas.toDataURL();
            if (now !== seen.at(-1)) seen.push(now);
        }
        return seen.length;
    }"""
    assert canvas(shown.page).evaluate(pictures) > 2
    shown.page.emulate_media(reduced_motion="reduce")
    assert canvas(shown.page).evaluate(pictures) == 2
    shown.page.emulate_media(reduced_motion="no-preference")


def test_hover(shown, digits):
    """The digit under the mouse: its number, its label, what the network reads, its image. It goes with the mouse."""
    images, labels = digits
    page = shown.page
    for i, verdict in ((7, "misread"), (28, "read")):
        page.mouse.move(*spot(page, -PLACES[i]))
        read = (labels[i] + i % 2) % 10
        assert told(page) == f"Digit {i}: a {labels[i]}, {verdict} as a {read}."
        image = page.locator(".live-scatter-digit canvas").first
        assert image.get_attribute("aria-label") == f"handwritten digit {i}, a {labels[i]}"
        data = image.evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]")
        np.testing.assert_array_equal(np.array(data).reshape(28, 28, 4)[:, :, 3], images[i])
    page.mouse.move(*spot(page, np.array([45, -45])))
    assert told(page).startswith("Point at a disc")


def test_a_click_holds_a_digit(shown, digits):
    """Through other frames, wherever the mouse goes, until a click elsewhere or Escape."""
    _, labels = digits
    page = shown.page
    page.mouse.click(*spot(page, -PLACES[7]))
    page.mouse.move(*spot(page, -PLACES[28]))
    assert told(page) == f"Digit 7: a {labels[7]}, misread as a {(labels[7] + 1) % 10}. Held until you click elsewhere."
    shown.python("live.frame = 1")
    expect(page.locator(".live-scatter-digit p").first).to_have_text(f"Digit 7: a {labels[7]}, read as a {labels[7]}. Held until you click elsewhere.")
    page.mouse.click(*spot(page, np.array([45, 45])))
    assert told(page).startswith("Point at a disc")


def test_isolating(shown, digits):
    """A click on the legend, and again; others are pale and cannot be hit; Python follows, and leads."""
    _, labels = digits
    page = shown.page
    legend = page.get_by_role("group", name="Show one class alone").first
    keys = {label: legend.get_by_role("button", name=f"Digit {label}") for label in sorted(set(labels))}
    assert legend.get_by_role("button").count() == len(keys)
    one, other = labels[0], next(label for label in labels if label != labels[0])
    j = int(np.argmax(labels == other))
    keys[one].click()
    assert shown.python("print(live.isolated)") == f"{one}\n"
    assert [label for label in keys if keys[label].get_attribute("aria-pressed") == "true"] == [one]
    rest(page)
    assert is_class(colour(page, -PLACES[0], -5, -1), one)
    assert not is_class(colour(page, -PLACES[j], -5, -1), other) and colour(page, -PLACES[j], -5, -1).min() > 200
    page.mouse.move(*spot(page, -PLACES[j]))
    assert told(page).startswith("Point at a disc")
    page.mouse.move(*spot(page, -PLACES[0]))
    assert told(page).startswith("Digit 0:")
    shown.python(f"live.isolated = {other}")  # the digit that was pointed at is not shown any more
    expect(keys[other]).to_have_attribute("aria-pressed", "true")
    assert told(page).startswith("Point at a disc")
    keys[other].press("Enter")
    assert shown.python("print(live.isolated)") == "None\n"
    assert [label for label in keys if keys[label].get_attribute("aria-pressed") == "true"] == []


def test_arrow_keys(shown):
    """From the digit in the middle to its neighbours, by keys that JupyterLab leaves alone; focus is visible; Escape lets go."""
    shown.python("live.frame = 0")
    rest(shown.page)
    middle = the_map(shown.page)
    active = shown.script("return panel.content.activeCellIndex;")
    middle.focus()
    places = []
    for key in ("ArrowUp", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        middle.press(key)
        places.append(PLACES[int(told(shown.page).split()[1].rstrip(":"))])
    assert np.abs(places[0]).max() <= 4  # first, the one nearest the middle
    np.testing.assert_array_equal(np.diff(places, axis=0), [[0, -8], [8, 0], [0, 8], [-8, 0], [-8, 0]])
    assert middle.evaluate("map => getComputedStyle(map).outlineStyle") == "solid"
    assert shown.script("return panel.content.activeCellIndex;") == active and middle.evaluate("map => map === document.activeElement")
    middle.press("Escape")
    assert told(shown.page).startswith("Point at a disc")


def test_a_second_view(shown):
    """It has all frames, and both views show the same; one goes, the other stays."""
    page = shown.page
    shown.script("""
        panel.content.activeCellIndex = 0;
        await jupyterapp.commands.execute("notebook:insert-cell-below");
        panel.content.activeCell.model.sharedModel.setSource("live.map");
        await jupyterapp.commands.execute("notebook:run-cell");
    """)
    views = page.locator(".live-scatter")
    expect(views).to_have_count(2)
    expect(views.nth(1).get_by_role("slider")).to_have_value("2")
    views.nth(1).get_by_role("slider").press("Home")
    for view in (views.nth(0), views.nth(1)):
        expect(view.locator(".live-scatter-title")).to_have_text("all wrong")
    shown.script("await jupyterapp.commands.execute('notebook:delete-cell');")
    expect(views).to_have_count(1)
    shown.python("live.frame = 1")
    expect(page.locator(".live-scatter-title")).to_have_text("all right")


def test_everyone_can_use_it(shown):
    """No serious finding, light or dark, with a class isolated and a digit held; and the map is as wide as it is high."""
    page = shown.page
    page.mouse.click(*spot(page, -PLACES[7]))
    shown.python("live.isolated = int(y[7])")
    for theme in ("light", "dark"):
        shown.theme(theme)
        assert findings(page, [".live-scatter"]) == [] and undescribed(page, [".live-scatter"]) == []
    shown.theme("light")
    box = canvas(page).bounding_box()
    assert abs(box["width"] - box["height"]) < 1 < 400 < box["width"]


def test_while_training(lab, tmp_path: Path):
    """The map changes while the network trains, and can be operated meanwhile; Stop ends the loop, and the training can be replayed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TRAINING)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "training.ipynb")
    page = lab.open(tmp_path / "training.ipynb")
    lab.script("window.courseRan = false; jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { courseRan = true; });")
    slider, titles = page.get_by_role("slider", name="Frame"), []
    for _ in range(3):
        page.wait_for_function("seen => (document.querySelector('.live-scatter-title')?.textContent ?? seen) > ''"
                               " && document.querySelector('.live-scatter-title').textContent !== seen", arg=(titles or [""])[-1], timeout=60_000)  # fmt: skip
        titles.append(page.locator(".live-scatter-title").text_content())
    assert len(set(titles)) == 3
    the_map(page).press("ArrowRight")
    assert told(page).startswith("Digit ")
    slider.press("Home")
    most = slider.get_attribute("max")
    page.wait_for_function(f"document.querySelector('.live-scatter input').max > {json.dumps(int(most))} + 2", timeout=60_000)
    assert slider.input_value() == "0" and page.locator(".live-scatter-title").text_content() == "step 0"  # the hand is not overruled
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("window.courseRan", timeout=60_000)
    assert lab.python("print(live.stopped, live.done < live.total, live.frame, torch.equal(before, model.out.weight))") == "True True 0 False\n"
    assert lab.python("print(live.frames - 1)").strip() == slider.get_attribute("max")
    slider.press("End")
    expect(page.locator(".live-scatter-title")).to_have_text(f"step {5 * int(slider.get_attribute('max'))}")
    assert lab.python("print(live.frame == live.frames - 1, repr(live.error))") == "True ''\n" and lab.errors() == []
    slider.press("Home")  # what the hand does is still heard
    assert lab.python("print(live.frame)") == "0\n"
