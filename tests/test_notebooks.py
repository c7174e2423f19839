"""Each chapter is stored as one clean run, and most of what it shows is checked."""

import json
import re
from pathlib import Path

import pytest
from nbval.plugin import get_sanitize_patterns

from tests.environment import ROOT

CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IGNORED = {"nbval-ignore-output", "nbval-skip"}


def code_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def is_ignored(cell: dict) -> bool:
    return bool(IGNORED & set(cell["metadata"].get("tags", [])))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
class TestChapter:
    def test_is_one_clean_run(self, path):
        """Counts 1..N without a gap, no error output, nothing on stderr."""
        cells = code_cells(path)
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
        outputs = [output for cell in cells for output in cell["outputs"]]
        assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]

    def test_every_ignored_cell_says_why(self, path):
        """The cell after an ignored one begins with the reason, and asserts what holds everywhere."""
        cells = code_cells(path)
        for cell, following in zip(cells, cells[1:] + [None]):
            if is_ignored(cell):
                assert following, "an ignored cell stands last"
                assert source(following).startswith("# "), source(cell)
                assert "assert " in source(following), source(cell)

    def test_most_outputs_are_checked(self, path):
        """At least 75 % of the cells with output are compared, or followed by a cell that asserts."""
        cells = code_cells(path)
        pairs = list(zip(cells, cells[1:] + [{"source": ""}]))
        shown = [(cell, following) for cell, following in pairs if cell["outputs"]]
        checked = [1 for cell, following in shown if not is_ignored(cell) or "assert " in source(following)]
        assert len(checked) >= 0.75 * len(shown)

    def test_cells_fit_a_slide(self, path):
        """At most 25 lines of code, and slideshow metadata on every cell."""
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert cell["metadata"]["slideshow"]["slide_type"] in {"slide", "subslide", "fragment", "notes", "skip"}
            if cell["cell_type"] == "code" and cell["metadata"]["slideshow"]["slide_type"] != "skip":
                assert len(cell["source"]) <= 25

    def test_every_image_has_a_description(self, path):
        """Each picture carries html with an alt text, and the same text as text/plain."""
        for cell in code_cells(path):
            for output in cell["outputs"]:
                data = output.get("data", {})
                if "image/png" in data:
                    alt = re.search('alt="([^"]+)"', "".join(data["text/html"]))
                    assert alt and len(alt[1]) > 20


def test_the_chapters_are_here():
    """A glob that finds nothing would pass every test above."""
    assert [path.stem[:2] for path in CHAPTERS] == ["00", "01", "02", "03", "04", "05", "06", "07"]


def test_no_sanitize_pair_is_dropped():
    """nbval drops a pair without a space behind "replace:" in silence."""
    text = (ROOT / "tests" / "nbval_sanitize.cfg").read_text()
    assert len(get_sanitize_patterns(text)) == len(re.findall("^regex:", text, re.MULTILINE)) == 2
