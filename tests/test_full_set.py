"""The chapters on the full MNIST: they run, and their asserts hold. What is printed may differ from the sample's."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.environment import FULL_MNIST, ROOT

CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.skipif(not FULL_MNIST.is_dir(), reason=f"needs the full MNIST, and {FULL_MNIST} is not there")
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(path, tmp_path):
    """Every cell of the chapter runs with COURSE_DATASET=full. (nbval-lax compares no output of an untagged cell.)"""
    shutil.copytree(FULL_MNIST, tmp_path, dirs_exist_ok=True)  # the loader may write beside it
    options = ["-o", "addopts=-p tests.environment --nbval-lax --nbval-current-env", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(path.relative_to(ROOT))],
        cwd=ROOT,
        env=os.environ | {"COURSE_DATASET": "full", "COURSE_DATA_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout
