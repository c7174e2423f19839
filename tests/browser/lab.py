"""A real JupyterLab on 127.0.0.1, and a real Chromium that operates it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import ConsoleMessage, Page, Route, sync_playwright

from tests.environment import ROOT

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # else cells off screen are not in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"theme": "JupyterLab Light"},
    "docmanager-extension/plugin": {"autosave": False},
}
BADGE = '<svg xmlns="http://www.w3.org/2000/svg" width="109" height="20"><rect width="109" height="20"/></svg>'
# What the scripts below begin with: the open notebook, and its kernel.
PANEL = "const panel = jupyterapp.shell.currentWidget; const kernel = panel?.sessionContext?.session?.kernel;"


class Lab:
    """JupyterLab and Chromium with one notebook open at a time, on a fresh kernel each.

        with Lab() as lab:
            page = lab.open("notebooks/01_convolution.ipynb")
            lab.run_all()
            assert lab.errors() == []

    Nothing reaches the network: the Binder badge is replaced by a small picture, and any other request that leaves this
    machine is refused and counts as an error. While a Lab is open, `asyncio.run` is not possible in its thread.

    Attributes:
        page: the Playwright page of the open notebook.
        folder: where JupyterLab finds its notebooks: copies, deleted in the end.
    """

    page: Page

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="course-lab-"))
        self.folder = self.home / "notebooks"
        self.folder.mkdir()
        self._complaints: list[str] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._server = self._playwright = None

    def __enter__(self) -> Lab:
        try:
            self._start_server()
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            self.context = self._browser.new_context(viewport={"width": 1280, "height": 720})
            self.context.route(lambda url: urlsplit(url).hostname != "127.0.0.1" and url.startswith("http"), self._outside)
            self.page = self.context.new_page()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._playwright:
            self._playwright.stop()  # with the browser; and no asyncio loop stays behind in this thread
        self._stop_server()
        shutil.rmtree(self.home, ignore_errors=True)

    def _start_server(self) -> None:
        places = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]
        environment = dict(os.environ, PYTHONPATH=str(ROOT), IPYTHONDIR=str(self.home / "ipython"))
        environment |= {name: str(self.home / name.lower()) for name in places}
        options = [
            "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={urlsplit(self.url).port}", "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.folder}", "--IdentityProvider.token=", "--PasswordIdentityProvider.hashed_password=",
            "--ServerApp.open_browser=False", "--allow-root", "--expose-app-in-browser", "--JupyterNotebookApp.expose_app_in_browser=True",
        ]  # fmt: skip
        with (self.home / "server.log").open("w") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options], cwd=self.folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        until = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/api/status", timeout=5).close()
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if self._server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("JupyterLab does not start:\n" + (self.home / "server.log").read_text()[-3000:])
                time.sleep(0.2)

    def _stop_server(self) -> None:
        if self._server:
            self._server.terminate()
            try:
                self._server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._server.kill()

    # ------------------------------------------------------------ what tests call

    def restart(self) -> None:
        """Close the notebook, and start JupyterLab anew, as if it had served nothing yet."""
        self._close_notebook()
        self.page = self.context.new_page()
        self._stop_server()
        self._start_server()

    def open(self, path: str | Path, app: str = "lab") -> Page:
        """Open a copy of a notebook, in the light theme, and wait until its kernel answers. Nothing is run yet.

        Args:
            path: the notebook, seen from the repository's root.
            app: "lab", or "notebook" for Notebook 7.
        """
        name = (ROOT / path).name
        shutil.copy(ROOT / path, self.folder / name)
        shutil.copytree(ROOT / "notebooks" / "map", self.folder / "map", dirs_exist_ok=True)  # the pictures in chapter 00
        for key, value in SETTINGS.items():
            file = self.home / "jupyterlab_settings_dir" / "@jupyterlab" / f"{key}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(value))
        self._close_notebook()
        self._complaints.clear()
        self.page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self._complaints.append(f"page error: {error}"))
        address = {"lab": f"lab/tree/{name}?reset", "notebook": f"notebooks/{name}"}[app]
        self.page.goto(f"{self.url}/{address}")
        shown = f"window.jupyterapp?.shell?.currentWidget?.context?.path === {json.dumps(name)}"
        self.page.wait_for_function(shown, timeout=90_000)
        # The idle light is on before the kernel answers, and an early Run All would be dropped without a word.
        self.script("await panel.context.ready; await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info;")
        return self.page

    def scratch(self, code: str) -> Page:
        """Open a new notebook with `code` in its only cell, and run it."""
        cell = nbformat.v4.new_code_cell(code)
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scratch.ipynb"
            nbformat.write(notebook, path)
            self.open(path)
        self.run_all()
        return self.page

    def run_all(self, timeout: float = 300) -> None:
        """Clear all outputs, run all cells, and wait for the last; a cell that raises ends the run.

        Raises:
            playwright.sync_api.TimeoutError: it is not done after `timeout` seconds.
        """
        self.command("notebook:clear-all-cell-outputs")
        self.script("window.courseRan = false; jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { courseRan = true; });")
        self.page.wait_for_function("window.courseRan", timeout=1000 * timeout)
        self.page.wait_for_function("!document.body.innerText.includes('Loading widget...')", timeout=30_000)

    def run_cell(self, at: int, source: str | None = None) -> str:
        """Run the cell with this number alone, with another source if one is given. Returns what it printed."""
        if source is not None:
            self.script(f"panel.content.widgets[{at}].model.sharedModel.setSource({json.dumps(source)});")
        self.script(f"panel.content.deselectAll(); panel.content.activeCellIndex = {at};")
        self.command("notebook:run-cell")
        return "".join(output.get("text", "") for output in self.cells()[at]["outputs"])

    def command(self, name: str, **arguments: object) -> None:
        """Execute one of JupyterLab's commands, and wait for it."""
        self.script(f"await jupyterapp.commands.execute({json.dumps(name)}, {json.dumps(arguments)});")

    def script(self, body: str) -> object:
        """The value that a piece of JavaScript returns; it finds `panel` (the open notebook) and `kernel`, and may await."""
        return self.page.evaluate(f"async () => {{ {PANEL} {body} }}")

    def cells(self) -> list[dict]:
        """The cells of the open notebook as they are now, outputs included, as nbformat writes them."""
        return self.script("return panel.content.model.toJSON().cells;")

    def errors(self) -> list[str]:
        """What went wrong since the notebook was opened: cells that raised, then what the browser's console complains of."""
        raised = []
        for number, cell in enumerate(self.cells()):
            for output in cell.get("outputs", []):
                if output["output_type"] == "error":
                    raised.append(f"cell {number}: {output['ename']}: {output['evalue']}")
        return raised + self._complaints

    def python(self, code: str) -> str:
        """What `code` prints when the open notebook's kernel runs it.

        Raises:
            RuntimeError: the code raises; with the kernel's traceback.
        """
        printed, error = self.script(f"""
            const future = kernel.requestExecute({{ code: {json.dumps(code)}, store_history: false }});
            let printed = "", error = "";
            future.onIOPub = ({{ header, content }}) => {{
                if (header.msg_type === "stream" && content.name === "stdout") printed += content.text;
                if (header.msg_type === "error") error = content.traceback.join("\\n");
            }};
            await future.done;
            return [printed, error];""")
        if error:
            raise RuntimeError(error)
        return printed

    def theme(self, name: str) -> None:
        """Change to the "dark" or the "light" theme; the next notebook opens in the light one again."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name.capitalize()}")
        light = json.dumps(str(name == "light").lower())
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight === {light}")
        self.page.wait_for_timeout(300)  # its colours change a moment later

    # ----------------------------------------------------------------- listeners

    def _close_notebook(self) -> None:
        if "/api/" not in self.page.url and self.page.url.startswith(self.url):
            self.script("await jupyterapp.serviceManager.sessions.shutdownAll();")
        self.page.close()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._complaints.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _outside(self, route: Route) -> None:
        if route.request.url == "https://mybinder.org/badge_logo.svg":
            route.fulfill(body=BADGE, content_type="image/svg+xml")
        else:
            if route.request.frame.page is self.page:  # other pages, as nbconvert's HTML with its fonts, may ask in vain
                self._complaints.append(f"asked the network for {route.request.url}")
            route.abort()
