"""What the README and the package promise: the commands, the version bounds, typed and described names, a light import."""

import ast
import inspect
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement

import course_utils
from tests.environment import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
START = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/jupyter lab notebooks/00_start_here.ipynb"
TEST = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt -r tests/requirements.txt && .venv/bin/python -m pytest"
MODULES = sorted((ROOT / "course_utils").rglob("*.py"))
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of(name: str) -> list[str]:
    """The lines of a requirements file, without comments."""
    return re.findall("^[^#\n].*", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)


def tree(path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_commands():
    """The README's commands stand on lines of their own; the one for the tests is, word for word, what .ci/run runs."""
    assert README.splitlines().count("    " + START) == 1
    assert README.splitlines().count("    " + TEST) == 1
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == TEST
    assert (ROOT / "notebooks" / "00_start_here.ipynb").is_file()


@pytest.mark.parametrize("line", sorted({*lines_of("requirements.txt"), *DEPENDENCIES} - {"-e ."}))
def test_versions_are_bounded(line):
    """Every package has a lower bound and, above it, a cap at a major version."""
    found = re.fullmatch(r"[a-z0-9-]+>=(\d+)[\d.]*,<(\d+)", line)
    assert found and int(found[1]) < int(found[2]), line


def test_dependencies_are_what_is_imported():
    """pyproject.toml names what course_utils imports, lazily imported modules included, and no more; requirements.txt agrees."""
    nodes = [node for path in MODULES for node in ast.walk(tree(path))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]  # none is relative
    outside = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"course_utils"}
    sources = packages_distributions()
    imported = {source.lower() for name in outside for source in sources[name]}
    assert imported == {Requirement(line).name for line in DEPENDENCIES}
    assert "-e ." in lines_of("requirements.txt")  # brings these dependencies
    shared = {Requirement(line).name for line in lines_of("requirements.txt") if line != "-e ."} & imported
    assert {line for line in lines_of("requirements.txt") if re.split(">=", line)[0] in shared} <= set(DEPENDENCIES)


def test_public_names():
    """`from course_utils import *` gives what __all__ lists, sorted, each with a docstring."""
    assert course_utils.__all__ == sorted(course_utils.__all__)
    for name in course_utils.__all__:
        assert inspect.getdoc(getattr(course_utils, name)), name


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_public_names_are_typed_and_described(path):
    """Every public class, function and method has a docstring, and types for its arguments and its result."""
    module = tree(path)
    assert ast.get_docstring(module)
    classes = [node for node in module.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    functions = [node for body in [module, *classes] for node in body.body if isinstance(node, FUNCTION)]
    public = [node for node in functions if not node.name.startswith("_")]
    for node in public + classes:
        # A command's `main` is described by its module.
        assert ast.get_docstring(node) or node.name == "main", node.name
    for node in public + [node for node in functions if node.name == "__init__"]:
        given = node.args.posonlyargs + node.args.args + node.args.kwonlyargs + [node.args.vararg, node.args.kwarg]
        untyped = [argument.arg for argument in given if argument and not argument.annotation and argument.arg != "self"]
        assert node.returns and not untyped, (node.name, untyped)


def lines_of_code(path) -> int:
    """Lines that hold code: blank lines, comments and docstrings do not count."""
    text = path.read_text(encoding="utf-8")
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code, described = set(), (ast.Module, ast.ClassDef, *FUNCTION.__args__)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, described) and ast.get_docstring(node):
            code.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(code)


def test_every_file_is_short(tmp_path):
    """Each file of course_utils can be read in one sitting. (Lines are counted right: two in an example of six.)"""
    example = tmp_path / "example.py"
    example.write_text('"""Says\nwhat."""\n\n# why\nx = 1  # one\ny = 2\n')
    assert lines_of_code(example) == 2
    assert max(map(lines_of_code, MODULES)) < 400
    rooms = [path for path in MODULES if path.parent.name not in ("exercises", "quiz")]  # those two grow with every chapter
    assert sum(map(lines_of_code, rooms)) < 2200  # the rest only on purpose


def test_import_is_light():
    """`import course_utils` waits for none of the slow packages."""
    code = "import sys, course_utils; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "course_utils" in loaded and "torch" in loaded
    assert not loaded & {"torchvision", "matplotlib", "ipywidgets", "sklearn", "pandas", "mlxtend", "IPython"}
