"""A picture that changes while a loop runs, with progress, time left, and a Stop button."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

import ipywidgets
from IPython import get_ipython
from matplotlib.figure import Figure

from course_utils import figures

HEARING = 0.05  # seconds between two moments in which the kernel listens to the Stop button


class LiveLoop(ipywidgets.VBox):
    """Progress, time left and a Stop button, above what changes while a loop runs: what LiveView and LiveScatter share.

    The Stop button sets `stopped`, so that your loop can end where it is safe. The kernel's interrupt
    button ends the `with` block instead. Both keep everything that the loop has done.

    Args:
        total: how many steps make the whole.
        label: what is going on, in a word or two.
        below: what changes.

    Attributes:
        done: steps so far. stopped: whether the learner has asked to stop.
    """

    def __init__(self, total: int, label: str, below: ipywidgets.Widget) -> None:
        self.total = total
        self.label = label
        self.done = 0
        self.stopped = False
        self._started = self._listened = self._told = time.monotonic()
        self.status = ipywidgets.HTML()
        self.stop_button = ipywidgets.Button(description="Stop", icon="stop", tooltip=f"Stop: {label}")
        self.stop_button.on_click(self._stop)
        super().__init__([ipywidgets.HBox([self.stop_button, self.status]), below])
        self._tell("")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.label}: {self.done} of {self.total} steps)"

    async def step(self, done: int, text: str = "") -> None:
        """Report progress and let the Stop button be heard.

        Args:
            done: steps so far, 0 to `total`.
            text: a short message beside the time left.
        """
        self.done = done
        now = time.monotonic()
        if now - self._told > 0.2 or done == self.total:
            self._told = now
            self._tell(text)
        if now - self._listened > HEARING:
            await asyncio.sleep(0.001)  # the kernel reads its messages now
            self._listened = time.monotonic()

    def _tell(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        if self.stopped or self.done >= self.total:
            remaining = f"{seconds:.1f} s"
        elif self.done > self.total / 50:  # the first picture takes long, and would promise minutes
            remaining = f"about {seconds * (self.total - self.done) / self.done:.0f} s left"
        else:
            remaining = ""
        words = ", ".join(part for part in (f"{self.done} of {self.total}", remaining, text) if part)
        self.status.value = (
            f'<label style="white-space:nowrap">{html.escape(self.label)} '
            f'<progress value="{self.done}" max="{self.total}"></progress> {html.escape(words)}</label>'
        )

    def _stop(self, _button: ipywidgets.Button) -> None:
        self.stopped = True

    def __enter__(self) -> Self:
        self.done, self.stopped, self.stop_button.disabled = 0, False, False  # a loop that runs again starts anew
        self._started = self._listened = self._told = time.monotonic()
        self._tell("")
        self._while_running = ExitStack()
        self._while_running.enter_context(_answered_messages())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self._while_running.close()
        # An interrupted cell that awaits is cancelled by the kernel, any other gets a KeyboardInterrupt.
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt | asyncio.CancelledError)
        self.stopped = self.stopped or interrupted
        self.stop_button.disabled = True
        if self.stopped:
            self._tell("stopped; what was learned is kept")
        return interrupted


@contextmanager
def _answered_messages() -> Iterator[None]:
    """Tell the browser that its widgets' messages have been dealt with while a cell awaits, which ipykernel 7.4 does not.

    A widget sends no second change before it hears that the kernel is idle after the first: it would be dead for good.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:  # not in a notebook
        yield
        return
    handle = kernel.shell_handlers["comm_msg"]

    def handle_and_answer(stream: object, identities: list, message: dict) -> None:
        handle(stream, identities, message)
        for state in ("idle", "busy"):  # the cell still runs
            kernel.session.send(kernel.iopub_socket, "status", {"execution_state": state}, parent=message)

    kernel.shell_handlers["comm_msg"] = handle_and_answer
    try:
        yield
    finally:
        kernel.shell_handlers["comm_msg"] = handle


class LiveView(LiveLoop):
    """Watch a loop from the cell that runs it.

        live = LiveView(total=100)
        display(live)
        with live:
            for done in range(1, 101):
                ...                                   # your work
                live.show(figure)                     # whenever there is something new to see
                await live.step(done, "loss 0.3")     # progress; and the moment in which Stop is heard
                if live.stopped:
                    break

    Args, attributes: as `LiveLoop` has them.
    """

    def __init__(self, total: int, label: str = "Training") -> None:
        self.picture = ipywidgets.HTML()
        super().__init__(total, label, self.picture)

    def show(self, figure: Figure) -> None:
        """Put a figure in the place of the one before. Its label is the alt text."""
        self.picture.value = figures.image_tag(figure, figures.to_png(figure))
