"""The browser that all tests in this folder share. It is closed before any other test runs: Playwright keeps an asyncio loop going."""

import os
from collections.abc import Iterator

import pytest

from tests.browser.lab import CHROMIUM, Lab


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    """JupyterLab in Chromium, with the notebook that the last test left open.

    Without Chromium its tests are skipped; where COURSE_BROWSER=required, as .ci/run sets it, they fail.
    """
    if CHROMIUM is None:
        say = pytest.fail if os.environ.get("COURSE_BROWSER") == "required" else pytest.skip
        say("the browser tests need Chromium; on Debian and Ubuntu: apt-get install chromium")
    with Lab() as lab:
        yield lab
