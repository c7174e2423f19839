"""The map of the course: its pictures say what is computed now, and every link leads to its chapter."""

import re
import shutil

import pytest
from PIL import Image

from course_utils import make_map
from tests.environment import ROOT


@pytest.fixture(scope="module")
def way():
    return make_map.stations()


@pytest.fixture
def copy(tmp_path, monkeypatch, way):
    """A copy of the files that the map stands in."""
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copytree(ROOT / "notebooks" / "map", tmp_path / "notebooks" / "map")
    shutil.copy(ROOT / "notebooks" / "00_start_here.ipynb", tmp_path / "notebooks")
    monkeypatch.setattr(make_map, "ROOT", tmp_path)
    monkeypatch.setattr(make_map, "stations", lambda: way)
    return tmp_path


def test_the_map_is_up_to_date(copy, capsys):
    assert make_map.main(check=True) == 0
    assert capsys.readouterr().out == ""


def test_what_differs_is_named_and_written_anew(copy, capsys):
    """A wrong word in either table, a picture of something else, a missing picture."""
    readme, chapter = copy / "README.md", copy / "notebooks" / "00_start_here.ipynb"
    before = {path: path.read_bytes() for path in (readme, chapter)}
    for path in before:
        path.write_text(path.read_text(encoding="utf-8").replace("a handwritten 7", "a handwritten 1"), encoding="utf-8")
    pictures = copy / "notebooks" / "map"
    shutil.copy(pictures / "01.png", pictures / "03.png")
    (pictures / "05.png").unlink()
    assert make_map.main(check=True) == 1
    names = ["README.md", "notebooks/00_start_here.ipynb", "notebooks/map/03.png", "notebooks/map/05.png"]
    assert capsys.readouterr().out == "".join(f"{name}: map differs\n" for name in names)
    assert make_map.main(check=False) == 0
    assert capsys.readouterr().out == "".join(f"{name}: map written\n" for name in names)
    assert make_map.main(check=True) == 0
    assert before == {path: path.read_bytes() for path in before}  # and nothing else was changed


def test_every_link_leads_to_its_chapter(way):
    """One station a chapter, in their order; the pictures are there, of one size, and say what they show."""
    chapters = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert [station.notebook for station in way] == [path.name for path in chapters]
    for station, path in zip(way, chapters):
        heading = re.search(r'"# (\d\d [^:"\\]*)', path.read_text(encoding="utf-8"))[1]
        assert heading.startswith(station.title[:2]) and set(station.title[3:].lower().split()) <= set(heading[3:].lower().split())
        picture = Image.open(ROOT / "notebooks" / "map" / f"{path.name[:2]}.png")
        assert picture.size == (278, 91) and picture.info["Description"] == station.figure.get_label()


def test_shapes_are_those_of_the_network(way):
    """The words beside the pictures, as COURSE.md has them."""
    said = " ".join(station.is_now for station in way)
    for shape in ("1 x 28 x 28", "16 x 28 x 28", "1 x 32 x 32", "16 x 14 x 14", "32 x 7 x 7", "1,568 numbers", "the largest says 7"):
        assert shape in said
