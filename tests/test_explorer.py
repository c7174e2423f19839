"""course_utils.widgets.Explorer, without a browser: what it draws, when, and what it says where it cannot."""

import base64
import html
import re

import ipywidgets
import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils import figures
from course_utils.widgets import Explorer


class Draw:
    """Draws a number pattern, remembers every call, and refuses n = 13."""

    def __init__(self) -> None:
        self.calls = []

    def __call__(self, **values) -> Figure:
        self.calls.append(values)
        if values["n"] == 13:
            raise ValueError("No <13> today.\nTake 12 & be happy.")
        return figures.pixel_grid(np.arange(6).reshape(2, 3) * values["n"], f'"{values["kind"]}"')


@pytest.fixture
def draw() -> Draw:
    return Draw()


@pytest.fixture
def explorer(draw) -> Explorer:
    return Explorer(
        draw,
        n=ipywidgets.BoundedIntText(8, min=1, max=20),
        kind=ipywidgets.Dropdown(options=["plain", "odd"], description="Kind of picture"),
        dots=ipywidgets.Checkbox(True, description="With dots"),
    )


def shown(explorer: Explorer) -> str:
    """The alt text of the one image in the page."""
    ((alt, png),) = re.findall('<img alt="([^"]*)"[^>]* src="data:image/png;base64,([^"]*)">', explorer.picture.value)
    assert base64.b64decode(png).startswith(b"\x89PNG")
    return html.unescape(alt)


def test_it_draws_at_once(explorer, draw):
    """Before anybody touches it, once, with the values of the controls; its alt text is the figure's label."""
    assert draw.calls == [{"n": 8, "kind": "plain", "dots": True}] == [explorer.values]
    assert shown(explorer) == explorer.alt == '"plain": 2 rows and 3 columns of numbers from 0 to 40, the largest at row 1, column 2.'
    assert explorer.message.value == explorer.error == ""


def test_it_draws_on_change(explorer, draw):
    """Each control, once a change, with the new values; the same value again draws nothing."""
    explorer.controls["n"].value = 9
    assert draw.calls[1:] == [{"n": 9, "kind": "plain", "dots": True}] and "from 0 to 45" in shown(explorer) == explorer.alt
    explorer.controls["kind"].value = "odd"
    explorer.controls["dots"].value = False
    assert draw.calls[2:] == [{"n": 9, "kind": "odd", "dots": True}, {"n": 9, "kind": "odd", "dots": False}]
    assert shown(explorer).startswith('"odd"')
    explorer.controls["n"].value = 9
    assert len(draw.calls) == 4
    explorer.draw_now()
    assert len(draw.calls) == 5


def test_a_value_error_is_told(explorer):
    """The old picture stays, the message stands above it as text; the next good value takes the message away."""
    before = explorer.picture.value
    explorer.controls["n"].value = 13
    assert explorer.picture.value == before and "from 0 to 40" in explorer.alt
    assert explorer.error == "No <13> today.\nTake 12 & be happy." and explorer.values["n"] == 13
    found = re.fullmatch('<div role="alert" style="([^"]*)">([^<]*)</div>', explorer.message.value)
    assert html.unescape(found[2]) == explorer.error and "white-space:pre-line" in found[1] and "background:white" in found[1]
    explorer.controls["n"].value = 12
    assert explorer.message.value == explorer.error == "" and "from 0 to 60" in shown(explorer)


def test_a_value_error_at_once(draw):
    """There is no picture yet, and the message is there."""
    explorer = Explorer(draw, n=ipywidgets.BoundedIntText(13))
    assert explorer.picture.value == explorer.alt == "" and "No &lt;13&gt; today." in explorer.message.value


def test_other_errors_come_out(draw):
    """A mistake in `draw` is no message for the learner: it must be seen."""
    with pytest.raises(KeyError):
        Explorer(draw, m=ipywidgets.BoundedIntText(1))


def test_every_control_has_a_name(explorer):
    """A description, which ipywidgets makes the <label> of these controls; its own name where none is given; never cut off."""
    assert {name: control.description for name, control in explorer.controls.items()} == {
        "n": "n", "kind": "Kind of picture", "dots": "With dots"
    }  # fmt: skip
    assert all(control.style.description_width == "initial" for control in explorer.controls.values())


def test_what_the_page_shows(explorer):
    """The controls in a row that wraps, the message, the picture. The repr is the same everywhere."""
    row, message, picture = explorer.children
    assert row.children == tuple(explorer.controls.values()) and row.layout.flex_flow == "row wrap"
    assert message is explorer.message and picture is explorer.picture
    assert repr(explorer) == "Explorer(n=8, kind='plain', dots=True)"
    explorer.controls["n"].value = 9
    assert repr(explorer) == "Explorer(n=9, kind='plain', dots=True)"


def test_a_control_may_be_called_draw():
    """The name of the first argument is free for a control."""
    said = []
    explorer = Explorer(lambda **values: said.append(values) or Figure(), draw=ipywidgets.BoundedIntText(3))
    assert said == [{"draw": 3}] and explorer.values == {"draw": 3}
