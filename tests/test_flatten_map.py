"""course_utils.widgets.FlattenMap, the Python side: the numbers, the way there and back, and what it refuses."""

import re
import tomllib

import numpy as np
import pytest
import torch
from traitlets import TraitError

from course_utils import course_digit, load_pretrained
from course_utils.widgets import FlattenMap
from tests.environment import ROOT


def numbered(*sizes: int) -> torch.Tensor:
    """0, 1, 2, ... in the order of the vector."""
    return torch.arange(np.prod(sizes)).reshape(sizes).float()


def from_browser(explorer: FlattenMap, state: object) -> None:
    """What arrives when the browser saves changes."""
    explorer._handle_msg({"content": {"data": {"method": "update", "state": state}}, "buffers": []})


@pytest.fixture
def explorer() -> FlattenMap:
    """3 maps of 4 x 5, all lengths different, and the weights of two classes."""
    generator = torch.Generator().manual_seed(0)
    return FlattenMap(torch.randn(3, 4, 5, generator=generator), torch.randn(2, 60, generator=generator), index=17)


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("sizes", [(32, 7, 7), (3, 4, 5), (2, 2, 2), (1, 64, 64), (5, 1, 3)])
def test_every_index_leads_to_its_place_and_back(sizes):
    maps = numbered(*sizes)
    explorer = FlattenMap(maps)
    for index in range(maps.numel()):
        explorer.index = index
        assert maps[explorer.place] == index and all(type(part) is int for part in explorer.place)
        place, explorer.index = explorer.place, 0
        explorer.place = place
        assert explorer.index == index


def test_bytes_are_in_the_order_of_the_vector():
    """Also those of the CNN, whose maps lie in another order in memory; and later changes of the tensor do not matter."""
    maps = numbered(3, 4, 5)
    strange = maps.unsqueeze(0).contiguous(memory_format=torch.channels_last)[0]
    assert not strange.is_contiguous()
    explorer = FlattenMap(strange, numbered(2, 60))
    strange += 1
    assert np.frombuffer(explorer.maps_bytes, "<f4").tolist() == list(range(60)) and explorer.sizes == [3, 4, 5]
    assert np.frombuffer(explorer.weights_bytes, "<f4").tolist() == list(range(120))
    assert explorer.maps[2, 3, 4] == 59 and FlattenMap(maps.numpy()).weights_bytes == b""


def test_the_course_model():
    """What chapter 04 gives: maps and a parameter, both with gradients."""
    model = load_pretrained()
    maps = model.conv2(model.conv1(course_digit()[0].unsqueeze(0) / 255))  # (1, 32, 7, 7)
    explorer = FlattenMap(maps[0], model.out.weight, index=276, shown_class=7)
    assert explorer.place == (5, 4, 3)
    assert np.frombuffer(explorer.maps_bytes, "<f4")[276] == maps[0, 5, 4, 3].item()


# ------------------------------------------------------------------- the summary


def test_summary_of_a_feature():
    maps = torch.zeros(32, 7, 7)
    maps[5, 4, 3] = 2.446
    explorer = FlattenMap(maps, index=276)
    assert explorer.summary == "map 5, row 4, column 3 ↔ index 5·49 + 4·7 + 3 = 276. Feature 2.45."
    explorer.index = 0
    assert explorer.summary == "map 0, row 0, column 0 ↔ index 0·49 + 0·7 + 0 = 0. Feature 0.00."


def test_summary_of_a_class(explorer):
    """The weight's row is the class's, its column the index; the total goes over the maps at one place."""
    features, weights = explorer.maps, explorer.weights
    explorer.shown_class = 1
    assert f"Feature {features[0, 3, 2]:z.2f}, weight for class 1 {weights[1, 17]:z.3f}." in explorer.summary
    explorer.evidence = True
    assert f"weight times feature {weights[1, 17] * features[0, 3, 2]:z.3f}." in explorer.summary
    total = sum(weights[1, c * 20 + 17] * features[c, 3, 2] for c in range(3))
    assert explorer.summary.endswith(f" All maps at row 3, column 2: {total:z.2f}.")
    explorer.shown_class = None
    assert "weight" not in explorer.summary


def test_no_minus_zero():
    explorer = FlattenMap(torch.full((1, 1, 1), -0.001), torch.full((1, 1), -0.0001), shown_class=0)
    explorer.evidence = True
    assert re.findall(r"-?0\.00+", explorer.summary) == ["0.00", "0.000", "0.000", "0.00"]


def test_repr(explorer):
    assert repr(explorer) == "FlattenMap(3 maps of 4 x 5, index=17, shown_class=None)"
    assert explorer._repr_mimebundle_()[0]["text/plain"] == repr(explorer)


# ------------------------------------------------------------- what the browser sends


def state_of(explorer: FlattenMap) -> tuple:
    return explorer.index, explorer.shown_class, explorer.evidence, explorer.sizes, explorer.maps_bytes, explorer.weights_bytes


def test_the_browser_sets_the_state(explorer):
    from_browser(explorer, {"index": 59, "shown_class": 1, "evidence": True})
    assert state_of(explorer)[:3] == (59, 1, True) and explorer.error == "" and explorer.place == (2, 3, 4)
    from_browser(explorer, {"shown_class": None})
    assert state_of(explorer)[:3] == (59, None, True)


@pytest.mark.parametrize(
    "state, words",
    [
        ({"index": 60}, "from 0 to 59"),
        ({"index": -1}, "from 0 to 59"),
        ({"index": 3.0}, "3.0 is not"),
        ({"index": True}, "True is not"),
        ({"index": None}, "None is not"),
        ({"index": "7" * 5000}, "..."),
        ({"index": float("nan")}, "nan is not"),
        ({"index": [1]}, "[1] is not"),
        ({"shown_class": 2}, "classes are 0 to 1"),
        ({"shown_class": -1}, "classes are 0 to 1"),
        ({"shown_class": False}, "classes are 0 to 1"),
        ({"evidence": 1}, "True or False"),
        ({"maps_bytes": b"1234"}, "not 'maps_bytes'"),
        ({"sizes": [1, 1, 1]}, "not 'sizes'"),
        ({"error": "x"}, "not 'error'"),
        ({"index": 3, "shown_class": 5}, "classes are 0 to 1"),  # one wrong value, and none is taken
        ([1, 2], "no names"),
    ],
)
def test_a_wrong_message_is_refused(explorer, state, words):
    """`error` says why in two lines, and everything else is as it was; the next right message takes the error away."""
    before = state_of(explorer)
    from_browser(explorer, state)
    assert state_of(explorer) == before
    assert words in explorer.error and explorer.error.count("\n") == 1 and len(explorer.error) < 250
    from_browser(explorer, {"index": 5})
    assert explorer.index == 5 and explorer.error == ""


def test_a_refused_browser_is_told_the_state(explorer, monkeypatch):
    """It has drawn what it sent, and must go back."""
    sent = []
    monkeypatch.setattr(explorer, "send_state", lambda key: sent.append(key))
    from_browser(explorer, {"index": 60})
    assert ["index", "shown_class", "evidence"] in sent


# ---------------------------------------------------------------- what Python sets


@pytest.mark.parametrize("name, value", [("index", 60), ("index", -1), ("index", 2.5), ("index", True), ("shown_class", 2), ("evidence", "yes")])
def test_python_cannot_set_what_is_not_there(explorer, name, value):
    before = state_of(explorer)
    with pytest.raises(TraitError):
        setattr(explorer, name, value)
    assert state_of(explorer) == before


@pytest.mark.parametrize("place", [(3, 0, 0), (0, 4, 0), (0, 0, 5), (-1, 0, 0), (0, 0), (0, 0, 1.0)])
def test_a_place_that_is_not_there(explorer, place):
    with pytest.raises(TraitError, match=r"to \(2, 3, 4\)"):
        explorer.place = place
    assert explorer.index == 17


def test_without_weights_there_is_no_class():
    with pytest.raises(TraitError, match="no weights"):
        FlattenMap(numbered(2, 2, 2), shown_class=0)
    with pytest.raises(TraitError, match="from 0 to 7"):
        FlattenMap(numbered(2, 2, 2), index=8)


@pytest.mark.parametrize(
    "maps, weights, words",
    [
        (torch.zeros(1, 32, 7, 7), None, r"maps\[0\]"),
        (torch.zeros(1568), None, r"\(1568,\)"),
        (torch.zeros(64, 8, 9), None, "4,096 numbers at most"),
        (torch.zeros(0, 7, 7), None, "4,096 numbers at most"),
        (torch.full((2, 2, 2), float("nan")), None, "maps hold values that are not finite"),
        (torch.zeros(2, 2, 2), torch.zeros(8, 10), r"\(classes, 8\)"),
        (torch.zeros(2, 2, 2), torch.zeros(8), r"\(classes, 8\)"),
        (torch.zeros(2, 2, 2), torch.zeros(11, 8), "10 classes at most"),
        (torch.zeros(2, 2, 2), torch.full((1, 8), float("inf")), "weights hold values that are not finite"),
    ],
)
def test_wrong_numbers(maps, weights, words):
    with pytest.raises(ValueError, match=words) as raised:
        FlattenMap(maps, weights)
    assert str(raised.value).count("\n") == 1


def test_the_script_needs_no_network_and_is_packaged():
    """One ES module that imports nothing, and goes with the package."""
    script = str(FlattenMap._esm)
    assert "export default" in script and not re.search(r"\bimport\b|https?:|\bfetch\(|eval\(", script)
    package_data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["course_utils"]
    assert "widgets/*.js" in package_data
