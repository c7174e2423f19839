"""The surroundings of every test, notebooks included: the offline sample, fixed threads, a data folder of its own.

pyproject.toml loads this file before any test module and before torch, so that notebook kernels inherit it.
An environment variable that is already set wins.
"""

import os
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FULL_MNIST = Path(os.environ.get("COURSE_TEST_FULL_MNIST", ROOT.parent / "shared" / "data" / "mnist"))

os.environ.setdefault("COURSE_DATASET", "sample")
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "2")
_made_here = None
if "COURSE_DATA_DIR" not in os.environ:
    _made_here = os.environ["COURSE_DATA_DIR"] = tempfile.mkdtemp(prefix="course-data-")


def pytest_unconfigure() -> None:
    if _made_here:
        shutil.rmtree(_made_here, ignore_errors=True)


def pytest_report_header() -> str:
    found = "found" if FULL_MNIST.is_dir() else "not found: the tests that need it are skipped"
    return f"full MNIST in {FULL_MNIST}: {found}"
