"""A picture that is drawn anew whenever a control changes."""

from __future__ import annotations

import html
from collections.abc import Callable

import ipywidgets
from matplotlib.figure import Figure

from course_utils import figures


class Explorer(ipywidgets.VBox):
    """Controls above a picture: change one, and the picture is drawn with the new values.

        explorer = Explorer(draw, n=BoundedIntText(8, min=1, max=20), k=BoundedIntText(3, min=1, max=9))
        display(explorer)
        explorer.controls["n"].value = 9              # does what the learner's hand does

    A `ValueError` that `draw` raises is told above the picture, and the last picture stays.

    Args:
        draw: called with the value of each control by its name, at once and after every change; returns a Figure.
        controls: name -> ipywidgets control. One without a description is given its name as one.

    Attributes:
        alt: the label of the figure that is shown. error: what `draw` said last time it could not draw, or "".
    """

    def __init__(self, draw: Callable[..., Figure], /, **controls: ipywidgets.ValueWidget) -> None:
        self.draw = draw
        self.controls = controls
        self.alt = self.error = ""
        self.message = ipywidgets.HTML()
        self.picture = ipywidgets.HTML()
        for name, control in controls.items():
            control.description = control.description or name
            control.style.description_width = "initial"  # as wide as its words
            control.observe(lambda _change: self.draw_now(), names="value")
        row = ipywidgets.HBox(list(controls.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([row, self.message, self.picture])
        self.draw_now()

    def __repr__(self) -> str:
        return f"Explorer({', '.join(f'{name}={value!r}' for name, value in self.values.items())})"

    @property
    def values(self) -> dict[str, object]:
        """The value of each control, by its name."""
        return {name: control.value for name, control in self.controls.items()}

    def draw_now(self) -> None:
        """Draw the picture with the values of now."""
        try:
            figure = self.draw(**self.values)
        except ValueError as error:
            self.error = str(error)
        else:
            self.error, self.alt = "", figure.get_label()
            self.picture.value = figures.image_tag(figure, figures.to_png(figure))
        style = f"white-space:pre-line;background:white;color:{figures.DARK_ORANGE};padding:4px 8px;line-height:1.4"
        self.message.value = f'<div role="alert" style="{style}">{html.escape(self.error)}</div>' if self.error else ""
