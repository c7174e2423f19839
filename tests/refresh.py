"""Run chapters from top to bottom and store their outputs: `python tests/refresh.py [notebooks/05_training.ipynb ...]`.

The stored outputs are what nbval compares, so look at the difference before you commit it. The
running time that a chapter's opening names, between <!--time--> and <!--/time-->, is measured here.
"""

import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tests.environment  # noqa: E402,F401  the offline sample and fixed threads, before any kernel starts

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402

NOTEBOOKS = tests.environment.ROOT / "notebooks"


def refresh(path: Path) -> float:
    """Execute one notebook in place, on a fresh kernel. Returns the seconds that its cells took."""
    notebook = nbformat.read(path, as_version=4)
    started = time.perf_counter()
    NotebookClient(notebook, timeout=600, kernel_name="python3", store_widget_state=False).execute(cwd=str(path.parent))
    seconds = time.perf_counter() - started
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "markdown":
            cell.source = re.sub("<!--time-->.*?<!--/time-->", f"<!--time-->{seconds:.0f} s<!--/time-->", cell.source)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)
    return seconds


if __name__ == "__main__":
    try:
        for path in [Path(argument) for argument in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
            print(f"{path.name}: {refresh(path):.1f} s on {os.cpu_count()} cores", flush=True)
    finally:
        tests.environment.pytest_unconfigure()
