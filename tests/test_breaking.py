"""Does the suite notice? Each test breaks course_utils in one place, in a copy of the project, and wants the suite to fail.

One copy stays whole, and must pass. The suite in the copies is the whole one, chapters included, less this file, the
chapters' second run on the full MNIST (test_full_set.py: the same cells, and minutes) and the real browser
(tests/browser: minutes). It stops at its first failure.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.environment import FULL_MNIST, ROOT

PARTS = ["course_utils", "tests", "notebooks", "binder", ".ci", "pyproject.toml", "README.md", "requirements.txt", "LICENSE", ".gitignore"]
# name: (file, old text, which stands there exactly once, new text)
BREAKAGES = {
    "image axes swapped": (
        "data.py", "from_numpy(pixels).reshape(-1, 1, 28, 28)", "from_numpy(pixels).reshape(-1, 1, 28, 28).transpose(2, 3)",
    ),
    "labels moved on by one place": ("data.py", "Digits(images[rows], labels[rows])", "Digits(images[rows], labels[rows].roll(1))"),
    "labels too large by one": ("data.py", "/ 255, self.labels[index]", "/ 255, (self.labels[index] + 1) % 10"),
    "augmented out of range": ("data.py", ".clamp_(0, 1)  # (B, 1, 28, 28)", ".mul_(1.5)"),
    "features in the place of logits": ("model.py", "return logits, features", "return features, logits"),
    "average in the place of max pooling": (
        "model.py", "nn.MaxPool2d(kernel_size=2),  # (B, 32, 7, 7)", "nn.AvgPool2d(kernel_size=2),",
    ),
    "no zero_grad": ("training.py", "optimizer.zero_grad()", "pass"),
    "softmax before the loss": ("training.py", "F.cross_entropy(logits_of(model, x), y)", "F.cross_entropy(logits_of(model, x).softmax(1), y)"),
    "learning rate schedule stands still": ("training.py", "scheduler.step()", "pass"),
    "evaluated in training mode": ("training.py", "model.eval()", "model.train()"),
    "confusion matrix transposed": ("training.py", "labels * 10 + predictions", "predictions * 10 + labels"),
    "map stays at its first frame": ("embedding.py", "self.embedding_ = y.numpy()", "self.embedding_ = y.numpy() if first else last.numpy()"),
    "exaggeration never falls": ("embedding.py", "[1.0] * settling", "[12.0] * settling"),
    "map is not turned onto the last": ("embedding.py", "y = _turn_onto(y, last)", "y = y.flip(1)"),
    "alt text from transposed counts": ("figures.py", "row, column = np.unravel_index(wrong", "column, row = np.unravel_index(wrong"),
    "right predictions ringed": ("figures.py", "np.asarray(predictions) != labels", "np.asarray(predictions) == labels"),
    "alt text not escaped": ("figures.py", "html.escape(figure.get_label(), quote=True)", "figure.get_label()"),
    "Stop is not heard": ("widgets/live.py", "self.stopped = True", "pass"),
    "interrupt is not caught": ("widgets/live.py", "return interrupted", "return False"),
    "every frame of the live map is sent again": ("widgets/live_scatter.py", "self._send_frames(self.frames - 1)", "self._send_frames(0)"),
    "live map believes the browser": ("widgets/live_scatter.py", "NEWEST <= value < self.frames", "value is not None"),
    "live map keeps its first frame": ("widgets/live_scatter.py", "self.frames - 1 if self._shown == NEWEST else", "0 if self._shown == NEWEST else"),
    "drawing is not centred by its mass": ("drawing.py", "centre_by_box(small) if \"centre\" in without else centre_by_mass(small)", "centre_by_box(small)"),
    "window counts its padding once": ("sliding.py", "range(0, n + 2 * p - d * (k - 1), s)", "range(0, n + p - d * (k - 1), s)"),
    "columns before rows in the vector": ("widgets/flatten_map.py", "np.ravel_multi_index(place, sizes)", "np.ravel_multi_index((place[0], place[2], place[1]), sizes)"),
    "one matching element is enough": ("exercises/checking.py", "gaps.max() <= tolerance", "gaps.min() <= tolerance"),
    "every answer is right": ("exercises/checking.py", "if not any(said):", "if True:"),
}  # fmt: skip


def in_copy(copy: Path, *command: str) -> subprocess.CompletedProcess:
    """Run Python in a copy of the project, with the copy's course_utils and a data folder of its own."""
    env = {name: value for name, value in os.environ.items() if name not in ("COURSE_DATA_DIR", "PYTEST_ADDOPTS")}
    env |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "COURSE_TEST_FULL_MNIST": str(FULL_MNIST.resolve())}
    env["OMP_NUM_THREADS"] = "1"  # small tests are quicker so
    return subprocess.run([sys.executable, *command], cwd=copy, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run_suite(copy: Path, *parts: str) -> subprocess.CompletedProcess:
    """The suite without this file, test_full_set.py and tests/browser, or the named parts of it, up to the first failure."""
    parts = parts or ("tests", "notebooks")
    left_out = [f"--ignore=tests/{part}" for part in ("browser", "test_breaking.py", "test_full_set.py")]
    return in_copy(copy, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *left_out, *parts)


def make_copy(copy: Path) -> Path:
    copy.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
        else:
            shutil.copy(ROOT / part, copy)
    return copy


@pytest.fixture(scope="module", autouse=True)
def unbroken(tmp_path_factory) -> Iterator[Future]:
    """The suite in a copy that is whole, and tests its own course_utils, not the installed one. It runs beside the broken ones."""
    copy = make_copy(tmp_path_factory.mktemp("unbroken") / "course")
    said = in_copy(copy, "-P", "-c", "import course_utils; print(course_utils.__file__)").stdout
    assert Path(said.strip()) == copy / "course_utils" / "__init__.py"
    with ThreadPoolExecutor(max_workers=1) as beside:
        yield beside.submit(run_suite, copy)


@pytest.mark.parametrize("name", BREAKAGES)
def test_breakage_is_noticed(tmp_path, name):
    """A test fails; that nothing can be collected, or that pytest itself stumbles, would not do."""
    file, old, new = BREAKAGES[name]
    copy = make_copy(tmp_path / "course")
    path = copy / "course_utils" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"the code has changed: adapt this breakage, which wants to find once in {file}: {old}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    nearest = next(test for test in (f"test_{path.stem}.py", f"test_{path.parent.stem}.py") if (copy / "tests" / test).exists())
    done = run_suite(copy, f"tests/{nearest}")  # most likely to notice, and quick
    if done.returncode == 0:
        done = run_suite(copy)
    assert done.returncode == 1 and re.search(r"^1 failed", done.stdout, re.MULTILINE), done.stdout[-6000:]


# name: (chapter, file, old text, which stands there exactly once, new text): wrong data in a picture, and nothing else wrong
WRONG_PICTURES = {
    "transposed kernels": ("01", "course_utils/figures.py", "kernels = np.asarray(kernels, dtype=float)", "kernels = np.asarray(kernels, dtype=float).swapaxes(1, 2)"),
    "wrong kernel": ("01", "notebooks/01_convolution.ipynb", "figures.sliding_window(x, top_edge, place,", "figures.sliding_window(x, top_edge.T, place,"),
    "transposed digit": ("00", "notebooks/00_start_here.ipynb", "figures.digit_grid(image, [f", "figures.digit_grid(image.transpose(1, 2), [f"),
    "wrong digits": ("00", "notebooks/00_start_here.ipynb", "figures.digit_grid(x, [f", "figures.digit_grid(x.roll(1, 0), [f"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_PICTURES)
def test_wrong_picture_is_noticed(tmp_path, name):
    """nbval compares no pixels: it is the alt text, computed from the data, that differs."""
    chapter, file, old, new = WRONG_PICTURES[name]
    copy = make_copy(tmp_path / "course")
    text = (copy / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"the text has changed: adapt this breakage, which wants to find once in {file}: {old}"
    (copy / file).write_text(text.replace(old, new), encoding="utf-8")
    [notebook] = (copy / "notebooks").glob(f"{chapter}_*.ipynb")
    done = run_suite(copy, f"notebooks/{notebook.name}")
    assert done.returncode == 1 and re.search(r"^1 failed", done.stdout, re.MULTILINE), done.stdout[-6000:]
    assert "Cell outputs differ" in done.stdout and "<img alt=" in done.stdout, done.stdout[-6000:]


def test_unbroken_passes(unbroken):
    """Else the tests above would show nothing: the copies would fail unbroken, too."""
    done = unbroken.result()
    assert done.returncode == 0 and re.search(r"^\d+ passed", done.stdout, re.MULTILINE), done.stdout[-6000:]
