"""JupyterLab is not the only place where the chapters run: one of them in Notebook 7."""

from playwright.sync_api import expect


def test_in_notebook_7(lab):
    """Run All to the end without an error, and the widgets are drawn."""
    # jupyter_server remembers static files by their name alone: a font that it gave to JupyterLab, it then refuses to
    # Notebook 7, which has one of the same name (status 403).
    lab.restart()
    page = lab.open("notebooks/01_convolution.ipynb", app="notebook")
    assert page.evaluate("jupyterapp.name") == "Jupyter Notebook"
    page.wait_for_timeout(2_000)
    own = lab.errors()  # Notebook 7.6 complains of its own plugins while it starts, whichever notebook is opened
    assert all("schema" in error or "registered" in error for error in own), own
    lab.run_all()
    assert lab.errors() == own
    cells = [cell for cell in lab.cells() if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells)
    expect(page.locator(".sw-output")).to_be_visible()  # the explorer
    expect(page.locator(".course-quiz")).to_be_visible()
