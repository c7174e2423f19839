"""course_utils.drawing_figures: what they draw, and what they say of it."""

import numpy as np

from course_utils import drawing_figures, figures

INK = np.zeros((40, 20))
INK[10, 5] = 1  # one pixel of ink


def test_stages():
    """Each picture under its name and size, with its own pixels; empty places of the grid are not drawn."""
    figure = drawing_figures.stages({"as drawn": INK, "cut out": INK[10:11, 5:6], "empty": np.zeros((3, 3))}, columns=2)
    shown = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title() for axis in shown] == ["as drawn\n40 x 20", "cut out\n1 x 1", "empty\n3 x 3"]
    assert np.array_equal(shown[0].images[0].get_array(), INK) and shown[0].images[0].get_cmap().name == "gray_r"
    assert len(figure.axes) == 4 and not figure.axes[3].axison
    assert figure.get_label() == (
        "3 pictures: as drawn, 40 rows and 20 columns, ink at 10.0, 5.0, spread 0.0 by 0.0; "
        "cut out, 1 rows and 1 columns, ink at 0.0, 0.0, spread 0.0 by 0.0; empty, 3 rows and 3 columns, ink nowhere."
    )
    assert drawing_figures.stages({"one": INK}).get_label().startswith("1 picture: one, 40 rows")


def test_place_on():
    """The star stands at its place, inside of the frame even where it is off the map; its five neighbours are named, nearest first."""
    points = np.array([[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [5, 0.0]])
    figure = drawing_figures.place_on(points, [7, 1, 2, 3, 4, 5], [9, 1], title="here")
    star = figure.axes[0].lines[-1]
    assert star.get_marker() == "*" and np.array_equal(star.get_xydata(), [[9, 1]])
    assert figure.axes[0].get_xlim()[1] > 9 and figure.axes[0].get_title() == "here"
    assert figure.get_label().endswith("The star, your drawing, lies beside the digits 5, 4, 3, 2, 1.")
    plain = figures.embedding_map(points, [7, 1, 2, 3, 4, 5], title="here").get_label()
    assert figure.get_label().startswith(plain)
