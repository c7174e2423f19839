"""binder/: what repo2docker makes of it, and what its scripts do. Nothing here needs Docker or a network."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.environment import FULL_MNIST, ROOT

BINDER = ROOT / "binder"
NOBODY = "http://127.0.0.1:9"  # a port where nobody listens, as proxy: there is no network
IMAGE = {"extra": "", "python_version": "3.11", "python_full_version": "3.11.0", "sys_platform": "linux"}  # markers


def run(*command, cwd=ROOT, **env):
    """The exit code of a command and what it printed on either stream. Programs in cwd/bin come first."""
    path = f"{cwd}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env |= {"PATH": path, "PYTHONPATH": str(ROOT)} | dict.fromkeys(["http_proxy", "https_proxy"], NOBODY)
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


@pytest.fixture
def copy(tmp_path):
    """A small copy of the repository: its binder/, a README and two chapters with old badges, a stand-in for pip."""
    copy = tmp_path / "course"
    shutil.copytree(BINDER, copy / "binder", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / "README.md").write_text("# A course\n<!--badge--><!--/badge--> é\n")
    (copy / "notebooks").mkdir()
    opening = nbformat.v4.new_markdown_cell("# Title é\n<!--badge-->old<!--/badge-->\nText")
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1e-5"), opening])
    for name in ("00_a", "01_b"):
        nbformat.write(chapter, copy / "notebooks" / f"{name}.ipynb")
    (copy / "bin").mkdir()
    (copy / "bin" / "pip").write_text('#!/bin/sh\necho "pip $@"\nexit $PIP_EXIT\n')
    (copy / "bin" / "pip").chmod(0o755)
    return copy


def test_repo2docker_installs_the_pins_before_it_copies_the_repository(copy):
    """The Dockerfile: Python 3.11; the pins in the cached layer; then all files, postBuild, and start at launch."""
    command = "python -m repo2docker --no-build --debug --user-id 1000 --user-name jovyan ."
    code, printed = run(*command.split(), cwd=copy)
    assert code == 0 and "Building conda environment for python=3.11" in printed
    steps = [
        'RUN ${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"\n',
        "COPY --chown=1000:1000 src/ ${REPO_DIR}/\n",
        "RUN ./binder/postBuild\n",
        'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"\n',
    ]
    places = [printed.find(step) for step in steps]
    assert places == sorted(places) and places[0] > 0 and printed.count("pip install") == 1


def test_pins_fit_the_course_and_each_other():
    """Only exact versions; what the course or a pinned package needs is there, in its range; torch for the CPU."""
    index, *lines = re.findall("^[^#].*", (BINDER / "requirements.txt").read_text(), re.MULTILINE)
    assert index == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==\d[\w.+]*", line)] == []
    pins = dict(line.split("==") for line in lines)
    needs = re.findall("^[^#-].*", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    needs += tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for package in distributions():
        pinned = pins.get(canonicalize_name(package.name), "")
        if pinned.split("+")[0] == package.version.split("+")[0]:  # else its needs cannot be read here
            needs += package.requires or []
    for need in map(Requirement, needs):
        name = canonicalize_name(need.name)
        if name.startswith(("nvidia-", "cuda-", "triton")) or (need.marker and not need.marker.evaluate(IMAGE)):
            continue
        assert name in pins and need.specifier.contains(pins[name]), need
    assert pins["torch"].endswith("+cpu") and pins["torchvision"].endswith("+cpu")
    assert pins["notebook"].split(".")[1] == pins["jupyterlab"].split(".")[1]  # notebook 7.N goes with JupyterLab 4.N


def test_scripts_are_executable_in_git():
    """Once they are tracked, postBuild and start have git's mode 100755. (That they are executable here, they show.)"""
    assert "100644" not in run("git", "ls-files", "-s", "binder/postBuild", "binder/start")[1]


def test_start_sets_the_surroundings_and_becomes_the_command(tmp_path):
    """One thread each, postBuild's data folder, arguments kept whole; the command takes over start's own process."""
    show = 'echo "$$ $1 $OMP_NUM_THREADS $MKL_NUM_THREADS $OPENBLAS_NUM_THREADS $COURSE_DATA_DIR"'
    printed = run("bash", "-c", f"{BINDER}/start bash -c '{show}' _ 'a  b' & wait; echo $!", HOME=str(tmp_path))[1]
    said, process = printed.splitlines()
    assert said == f"{process} a  b 1 1 1 {tmp_path}/.cache/course_utils"


@pytest.mark.parametrize("full", [False, True], ids=["no network", "full set"])
def test_post_build_installs_and_prefetches(copy, full):
    """postBuild installs without dependencies and leaves digits where start looks, with the full set or without."""
    if full and not FULL_MNIST.is_dir():
        pytest.skip(f"no full MNIST in {FULL_MNIST}")
    data = copy / ".cache" / "course_utils"
    if full:
        shutil.copytree(FULL_MNIST, data)
    code, printed = run("./binder/postBuild", cwd=copy, HOME=str(copy), PIP_EXIT="0")
    assert code == 0 and "pip install --no-deps --no-build-isolation --no-cache-dir -e .\n" in printed
    assert (data / "mnist_sample.npz").is_file()
    assert (f"the full set of 70,000 digits, found in {data}" if full else "holds the sample only") in printed


def test_post_build_stops_the_build(copy):
    """A failing pip stops the build at once; so does a home that keeps no data."""
    code, printed = run("./binder/postBuild", cwd=copy, HOME=str(copy), PIP_EXIT="3")
    assert code == 3 and printed.count("\n") == 1
    code, printed = run("./binder/postBuild", cwd=copy, HOME=f"{copy}/README.md", PIP_EXIT="0")
    assert code == 1 and "was not written" in printed


def test_every_badge_opens_its_chapter():
    """README.md and every notebook carry the badge of the repository that pyproject.toml names."""
    assert run("python", "binder/badges.py", "--check") == (0, "")


def test_badges_follow_the_slug_and_touch_nothing_else(copy):
    """After a change of slug the check names every file; writing mends them, and only between the markers."""
    names = ["README.md", "notebooks/00_a.ipynb", "notebooks/01_b.ipynb"]
    before = [(copy / name).read_text() for name in names]
    (copy / "pyproject.toml").write_text('[tool.course]\nrepository = "new/slug"\nbranch = "trunk"\n')
    code, printed = run("python", "binder/badges.py", "--check", cwd=copy)
    assert code == 1 and printed == "".join(f"{name}: badge differs\n" for name in names)
    assert [(copy / name).read_text() for name in names] == before
    assert run("python", "binder/badges.py", cwd=copy)[0] == 0
    assert run("python", "binder/badges.py", "--check", cwd=copy) == (0, "")
    for name, old, chapter in zip(names, before, ["00_a", "00_a", "01_b"]):
        link = f"https://mybinder.org/v2/gh/new/slug/trunk?urlpath=lab/tree/notebooks/{chapter}.ipynb"
        badge = f"<!--badge-->[![Launch in Binder](https://mybinder.org/badge_logo.svg)]({link})<!--/badge-->"
        assert (copy / name).read_text() == re.sub("<!--badge-->.*<!--/badge-->", badge, old)


def test_badges_name_a_file_without_markers(copy):
    """A README without markers and a notebook that has them in a later cell are named and left alone."""
    title = '"cells": [{"cell_type": "markdown", "source": "# Title"},'
    for name, old, new in [("README.md", "badge", "budge"), ("notebooks/01_b.ipynb", '"cells": [', title)]:
        changed = (copy / name).read_text().replace(old, new)
        (copy / name).write_text(changed)
        code, printed = run("python", "binder/badges.py", cwd=copy)
        assert code == 1 and f"{name}: needs <!--badge-->" in printed and (copy / name).read_text() == changed
