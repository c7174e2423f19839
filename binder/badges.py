"""Write the Binder launch badges: `python binder/badges.py`. With `--check`, only name the files whose badge differs.

The repository and the branch stand in pyproject.toml under [tool.course]. A badge stands between
<!--badge--> and <!--/badge-->: in README.md, and in the first markdown cell of each notebook.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BADGE = re.compile("(?<=<!--badge-->).*?(?=<!--/badge-->)")  # on one line


def badge(notebook: Path) -> str:
    """The markdown of a badge that opens this notebook in JupyterLab on mybinder.org."""
    course = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]
    place = f"{course['repository']}/{course['branch']}?urlpath=lab/tree/notebooks/{notebook.name}"
    return f"[![Launch in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/{place})"


def opening(path: Path, text: str) -> str:
    """The part of a file that holds its badge: all of README.md, the first markdown cell of a notebook."""
    if path.suffix == ".md":
        return text
    cells = json.loads(text)["cells"]
    return next(("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"), "")


def main(check: bool) -> int:
    """Write or check every badge. Returns 1 if a file is missing, lacks its markers or (when checking) differs."""
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if not notebooks:
        print("notebooks/: no notebook found")
        return 1
    problems = 0
    for path, notebook in [(ROOT / "README.md", notebooks[0]), *zip(notebooks, notebooks)]:
        text = path.read_bytes().decode() if path.exists() else ""
        if len(BADGE.findall(text)) != 1 or not (text and BADGE.search(opening(path, text))):
            print(f"{path.relative_to(ROOT)}: needs <!--badge--><!--/badge--> once, on one line, in its opening")
            problems += 1
            continue
        # In the file's own text, not through json: nothing but the badge can change.
        wanted = BADGE.sub(badge(notebook), text)
        if wanted != text:
            print(f"{path.relative_to(ROOT)}: badge {'differs' if check else 'written'}")
            if check:
                problems += 1
            else:
                path.write_bytes(wanted.encode())
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
