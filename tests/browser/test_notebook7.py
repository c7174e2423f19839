"""JupyterLab is not the only place where the chapters run: one of them in Notebook 7."""


def test_in_notebook_7(lab):
    """Run All to the end without an error, and the widgets are drawn."""
    page = lab.open("notebooks/01_convolution.ipynb", app="notebook")
    assert page.evaluate("jupyterapp.name") == "Jupyter Notebook"
    lab.run_all()
    assert lab.errors() == []
    cells = [cell for cell in lab.cells() if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells)
    shown = [output for cell in cells for output in cell["outputs"] if "application/vnd.jupyter.widget-view+json" in output.get("data", {})]
    assert page.locator(".jp-OutputArea-output .jupyter-widgets:visible").count() >= len(shown) > 0
