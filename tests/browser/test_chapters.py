"""Every chapter in a real browser: Run All to the end, what screen readers and high contrast need, the Stop button, all answers.

Each chapter is run once. Every test of that visit looks at what it left on the page.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbconvert import HTMLExporter
from PIL import Image
from playwright.sync_api import expect

from course_utils import load_mnist
from course_utils.quiz import QUIZZES
from tests.browser.accessibility import findings, undescribed
from tests.browser.lab import Lab
from tests.browser.test_digit_pad import draw
from tests.environment import ROOT
from tests.handwriting import skeleton, strokes
from tests.test_exercises import WRONG, found_in

CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DRAWING = [path for path in CHAPTERS if path.stem[:2] == "07"]  # with a pad to draw on, and a button to upload
TRAINING = [path for path in CHAPTERS if path.stem[:2] in ("05", "06")]  # with a loop that the learner can stop


@pytest.fixture(scope="module")
def visit(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The Lab after Run All in the chapter that the test names."""
    lab.open(request.param)
    lab.run_all()
    yield lab


def of(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("visit", paths, indirect=True, ids=lambda path: path.stem)


@of(CHAPTERS)
def test_runs_to_the_end(visit):
    """Every code cell has run, once and in order; no cell raises, and the console has nothing to complain of."""
    assert visit.errors() == []
    counts = [cell["execution_count"] for cell in visit.cells() if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert visit.page.get_by_text("Error displaying widget").count() == 0


@of(CHAPTERS)
def test_everyone_can_read_it(visit):
    """Neither theme has a severe finding in what the chapter shows, widgets included; every picture says what it shows."""
    assert undescribed(visit.page) == []
    assert findings(visit.page) == []
    visit.theme("dark")
    assert findings(visit.page) == []


@of(CHAPTERS)
def test_everyone_can_read_the_export(visit, request):
    """The same of the HTML that nbconvert makes of the chapter as it is stored."""
    path = request.node.callspec.params["visit"]
    exported = visit.folder / "export.html"
    exported.write_text(HTMLExporter().from_filename(path)[0], encoding="utf-8")
    page = visit.context.new_page()
    try:
        page.goto(exported.as_uri())
        assert page.locator(".jp-RenderedMarkdown").count() > 5
        assert undescribed(page) == []
        assert findings(page) == []
    finally:
        page.close()


# Run one cell; note when its Stop button was clicked, and when its output said that the loop has stopped.
RUN_AND_CLOCK = """
    window.clicked = window.stopped = null;
    const node = panel.content.widgets[AT].node;
    document.addEventListener("click", event => { clicked ??= event.timeStamp; }, { capture: true });
    new MutationObserver(() => {
        const shown = node.querySelector('.jp-OutputArea')?.textContent ?? ''; // the code says "stopped", too
        if (clicked !== null && stopped === null && shown.includes('what was learned is kept')) stopped = performance.now();
    }).observe(node, { subtree: true, childList: true, characterData: true });
    panel.content.deselectAll();
    panel.content.activeCellIndex = AT;
    window.courseRan = false;
    jupyterapp.commands.execute("notebook:run-cell").finally(() => { courseRan = true; });
"""
ACCURACY = """
from course_utils import evaluate, load_mnist, make_loader
print(evaluate(model, make_loader(load_mnist().validation, batch_size=100, shuffle=False)).accuracy)
"""


@of(TRAINING)
def test_stop_button(visit):
    """Training that is run again stops within half a second of the click, and what was learned is kept."""
    cells = visit.cells()
    [at, *_] = [i for i, cell in enumerate(cells) if "await live.step(" in cell["source"]]
    visit.script(RUN_AND_CLOCK.replace("AT", str(at)))
    cell = visit.page.locator(".jp-Notebook .jp-Cell").nth(at)
    cell.get_by_text(re.compile(r"\b[2-9]\d of \d+")).first.wait_for(timeout=30_000)  # it has made 20 steps
    cell.get_by_role("button", name="Stop").click()
    visit.page.wait_for_function("window.stopped !== null && window.courseRan", timeout=30_000)
    assert visit.page.evaluate("stopped - clicked") < 500
    assert visit.python("print(live.stopped, 0 < live.done < live.total)") == "True True\n"
    assert float(visit.python(ACCURACY)) > 0.3  # an untrained network is right once in ten times
    assert visit.errors() == []


@of(DRAWING)
def test_upload(visit, tmp_path):
    """A picture of a digit is uploaded with the button, as a learner does; a text file in its place is refused in words."""
    page = visit.page
    digit = Image.fromarray(255 - load_mnist(source="sample").test.images[0, 0].numpy()).resize((600, 600))
    photo = Image.new("RGB", (900, 1200), (230, 225, 210))  # creamy paper
    photo.paste(digit.convert("RGB"), (150, 300))
    photo.save(tmp_path / "photo.jpg")
    (tmp_path / "text.png").write_text("no picture")
    button = page.get_by_role("button", name="Upload a picture")
    answers = []
    for name in ("photo.jpg", "text.png"):
        with page.expect_file_chooser() as chooser:
            button.click()
        chooser.value.set_files(tmp_path / name)
        page.wait_for_timeout(1000)
        answers.append(visit.python("""
try:
    print(my_drawing().shape, look(prepare_drawing(my_drawing()))[0].argmax().item())
except ValueError as error:
    print(error)
"""))  # fmt: skip
    assert answers[0] == f"(1200, 900, 3) {load_mnist(source='sample').test.labels[0]}\n"
    assert answers[1].count("\n") == 2 and answers[1].startswith("This is no image")
    assert visit.errors() == []


@of(DRAWING)
def test_own_drawing(visit):
    """A digit is drawn on the chapter's pad, and Run Selected Cell and All Below takes it through the rest of the chapter."""
    page = visit.page
    test = load_mnist(source="sample").test
    row = (test.labels == 3).nonzero()[0].item()
    points, pairs = skeleton(test.images[row])
    page.locator(".digit-pad").first.wait_for()
    draw(page, [140 + 170 * points[walk[::3]] for walk in strokes(pairs) if len(walk) > 4])
    page.wait_for_function("document.querySelector('.digit-pad-says').textContent.includes('Read as 3')")
    assert "DigitPad" in visit.script("return panel.content.activeCell.model.sharedModel.getSource();")  # where the hand was
    visit.command("notebook:run-all-below")
    assert visit.python("print(is_stored, pad.image is not None, classes[0].item())") == "False True 3\n"
    assert "Read as 3" in page.locator(".digit-pad-says").first.inner_text()  # the drawing is still there
    assert visit.errors() == []


@of(CHAPTERS)
def test_every_exercise(visit, request):
    """Each is answered in all the wrong ways that test_exercises.py knows, and gets the hint for it; then with the folded solution."""
    chapter = request.node.callspec.params["visit"].stem[:2]
    cells = visit.cells()
    found = found_in(chapter)
    for name, (stub, check, solution) in found.items():
        at = next(i for i, cell in enumerate(cells) if cell["source"] == check)
        assert cells[at - 1]["source"] == stub
        variable = check[:-1].rsplit(", ", 1)[1]
        for wrong, words in WRONG[name]:
            answer = wrong.strip() if wrong.strip().startswith("def ") else f"{variable} = {wrong}"
            visit.run_cell(at - 1, f"import torch\nimport torch.nn.functional as F\n{answer}")
            visit.run_cell(at)  # a nudge, at the first time
            said = visit.run_cell(at)
            assert words in said and not said.startswith("Right"), (wrong, said)
        visit.run_cell(at - 1, solution)
        assert visit.run_cell(at).startswith("Right: "), name
    at = next(i for i, cell in enumerate(cells) if cell["source"] == f'progress("{chapter}")')
    assert f"{len(found)} of {len(found)} exercises done" in visit.run_cell(at)
    assert visit.errors() == []


@of(CHAPTERS)
def test_every_option(visit, request):
    """Each option of the quiz is clicked, and explains itself below its question."""
    page = visit.page
    shown = page.locator(".course-quiz")
    for at, question in enumerate(QUIZZES[request.node.callspec.params["visit"].stem[:2]]):
        buttons = shown.locator(".widget-radio-box").nth(at).get_by_role("radio").all()
        for option, button in zip(question.options, buttons, strict=True):
            button.click()
            expect(shown.get_by_role("status").nth(at)).to_have_text(option.explanation)
    assert visit.errors() == []
