"""Write binder/requirements.txt from the running environment: `python binder/pin.py`, right after a green test run.

The list is flat: every package that requirements.txt needs, directly or not, at the version installed here.
"""

import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (3, 11)  # as in runtime.txt
GPU_ONLY = ("nvidia-", "cuda-", "triton")  # needed by PyPI's torch, not by the CPU build
# repo2docker brings a `notebook` that wants an older JupyterLab. This one fits: 7.N is built on JupyterLab 4.N.
NOTEBOOK = "7.6.5"

HEADER = """\
# Made by `python binder/pin.py`: every package at the version of a green test run (notebook apart: see there).
# PyPI has no CPU build of torch for Linux. Only this index has the label +cpu: pip cannot take the CUDA build instead.
--extra-index-url https://download.pytorch.org/whl/cpu
"""


def closure(roots: list[Requirement]) -> dict[str, str]:
    """Every package that the roots need on this machine, themselves included.

    Returns:
        {name: version}, without the packages that only a GPU build needs.

    Raises:
        PackageNotFoundError: a package is needed and not installed.
    """
    versions, waiting, seen = {}, list(roots), set()
    while waiting:
        needed = waiting.pop()
        name = canonicalize_name(needed.name)
        if name.startswith(GPU_ONLY) or (name, *sorted(needed.extras)) in seen:
            continue
        seen.add((name, *sorted(needed.extras)))
        package = distribution(name)
        versions[name] = package.version
        for requirement in map(Requirement, package.requires or []):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in ["", *needed.extras]):
                waiting.append(requirement)
    return versions


def main() -> None:
    if sys.platform != "linux" or sys.version_info[:2] != PYTHON:
        sys.exit("The image runs Linux with Python 3.11.\nRun this there: markers and versions depend on both.")
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    roots = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    versions = closure([*roots, Requirement("course-utils")])  # course-utils is the `-e .` of requirements.txt ...
    del versions["course-utils"]  # ... which postBuild installs
    versions["notebook"] = NOTEBOOK
    for name in ("torch", "torchvision"):
        versions[name] = versions[name].split("+")[0] + "+cpu"
    pins = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    (ROOT / "binder" / "requirements.txt").write_text(HEADER + "".join(pins))
    print(f"{len(pins)} packages pinned.")


if __name__ == "__main__":
    main()
