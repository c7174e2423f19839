"""The browser tests' own tools: do they see what is wrong?"""

import os
import subprocess
import sys

import pytest

from tests.browser.accessibility import findings, undescribed
from tests.environment import ROOT

WRONG = """
from IPython.display import HTML, Javascript, display

display(HTML('<img src="data:," alt="No description has been provided for this image"><canvas></canvas>'))
display(HTML('<img src="data:,"><p style="color:#bbbbbb;background:white">too pale</p><button></button>'))
display(HTML('<img src="https://example.org/picture.png" alt="a picture that is far away">'))
display(Javascript("console.error('a complaint')"))
raise ValueError("on purpose")
"""


def test_errors_are_seen(lab):
    """A cell that raises, a complaint in the console, a request that would leave this machine; and no others."""
    lab.scratch(WRONG)
    errors = "\n".join(sorted(set(lab.errors())))  # the browser may ask for a picture twice
    for wrong in ("cell 0: ValueError: on purpose", "console: a complaint", "asked the network for https://example.org/picture.png"):
        assert errors.count(wrong) == 1, errors
    lab.scratch("print('all is well')")
    assert lab.errors() == []


def test_bad_descriptions_and_contrast_are_seen(lab):
    """Pictures without a real description, one of them with nbconvert's words, and pale text."""
    page = lab.scratch(WRONG)
    assert [tag.split()[0] for tag in undescribed(page)] == ["<img", "<canvas></canvas>", "<img"]
    found = findings(page)
    assert any(line.startswith("color-contrast") and "too pale" in line for line in found), found
    assert any(line.startswith("button-name") for line in found), found


def test_python_and_theme(lab):
    """`python` gives back what the kernel prints, and raises what it raises; `theme` changes the colours."""
    page = lab.scratch("x = 41")
    assert lab.python("print(x + 1)") == "42\n"
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        lab.python("1 / 0")
    background = "getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor"
    light = page.evaluate(background)
    lab.theme("dark")
    assert page.evaluate(background) != light
    lab.theme("light")
    assert page.evaluate(background) == light


def test_without_chromium(tmp_path):
    """Where there is no Chromium, a browser test is skipped and says how to get one; where it is required, it fails."""
    test = "tests/browser/test_lab.py::test_python_and_theme"
    for required, code, outcome in (("", 0, "1 skipped"), ("required", 1, "1 error")):
        environment = dict(os.environ, PATH=str(tmp_path), COURSE_BROWSER=required)
        command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", test]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == code and outcome in done.stdout and "apt-get install chromium" in done.stdout, done.stdout


def test_ci_requires_the_browser():
    """.ci/run installs Chromium, and lets no browser test be skipped."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "apt-get install -y chromium" in text and "export COURSE_BROWSER=required" in text
