"""course_utils.widgets.LiveView: without a browser, and in a real kernel with clicks and interrupts."""

import asyncio
import base64
import html
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
from jupyter_client import KernelManager

from course_utils import figures
from course_utils.widgets import LiveView, live as live_module
from tests.environment import ROOT


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(live_module, "time", clock)
    return clock


def words(live: LiveView) -> str:
    """The status line as a reader sees it."""
    return " ".join(html.unescape(re.sub("<[^>]*>", "", live.status.value)).split())


def step(live: LiveView, done: int, text: str = "") -> None:
    asyncio.run(live.step(done, text))


# ---------------------------------------------------------------- without a browser


def test_progress_and_time_left(clock):
    """4 of 10 steps in 2 seconds leave 3 seconds; at the end stands how long it took."""
    live = LiveView(total=10)
    assert words(live) == "Training 0 of 10"
    clock.now += 50  # what passes before the loop starts does not count
    with live:
        clock.now += 2
        step(live, 4, "loss 0.3")
        assert words(live) == "Training 4 of 10, about 3 s left, loss 0.3" and live.done == 4
        assert '<progress value="4" max="10">' in live.status.value
        clock.now += 2.5
        step(live, 10)
    assert words(live) == "Training 10 of 10, 4.5 s" and not live.stopped and live.done == 10


def test_news_are_told_five_times_a_second(clock):
    """In between the browser is left in peace, and steps are counted all the same."""
    live = LiveView(total=100)
    with live:
        clock.now += 0.3
        step(live, 1)
        clock.now += 0.1
        step(live, 2)
        assert words(live).startswith("Training 1 of 100") and live.done == 2
        clock.now += 0.15
        step(live, 3)
        assert words(live).startswith("Training 3 of 100")


def test_the_kernel_listens_twenty_times_a_second(clock, monkeypatch):
    """Only steps that come more than 0.05 seconds after the last pause make a pause."""
    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(live_module, "asyncio", SimpleNamespace(sleep=sleep, CancelledError=asyncio.CancelledError))
    with LiveView(total=1000) as live:
        for done in range(1, 101):
            clock.now += 0.02
            step(live, done)
    assert len(pauses) == 33 and max(pauses) < 0.01  # every third step


def test_stop_button():
    """A click sets `stopped`, and no more: the loop ends where it wants to. Afterwards there is nothing to stop."""
    live = LiveView(total=10)
    with live:
        step(live, 3)
        assert not live.stopped and not live.stop_button.disabled
        live.stop_button.click()
        assert live.stopped and not live.stop_button.disabled
        step(live, 4)
    assert live.stopped and live.stop_button.disabled and live.done == 4
    assert words(live).endswith("stopped; what was learned is kept") and "4 of 10" in words(live)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, asyncio.CancelledError])
def test_interrupt_ends_the_block(interrupt):
    """The kernel's interrupt ends the `with` block alone; what was done is kept."""
    live = LiveView(total=10)
    try:
        with live:
            step(live, 6)
            raise interrupt
    except interrupt:
        pytest.fail("the interrupt came out of the block")
    assert live.stopped and live.done == 6 and live.stop_button.disabled and "kept" in words(live)


def test_an_error_is_not_hidden():
    """Any other error comes out, and is not called a stop."""
    live = LiveView(total=10)
    with pytest.raises(ZeroDivisionError), live:
        step(live, 6)
        1 / 0
    assert not live.stopped and live.done == 6 and live.stop_button.disabled and "kept" not in words(live)


def test_a_second_run_starts_anew(clock):
    """The same view again, after a stop: nothing is left of it, and Stop can be pressed again."""
    live = LiveView(total=10)
    with live:
        step(live, 5)
        live.stop_button.click()
    clock.now += 1000
    with live:
        assert not live.stopped and not live.stop_button.disabled and live.done == 0 and words(live) == "Training 0 of 10"
        clock.now += 1
        step(live, 5)
        assert words(live) == "Training 5 of 10, about 1 s left"
        live.stop_button.click()
        assert live.stopped


def test_picture():
    """A figure becomes an image with the figure's label as alt text; the next one takes its place."""
    live = LiveView(total=10)
    for number in (1, 2):
        figure = figures.pixel_grid(np.full((2, 2), number), 'A "corner"')
        live.show(figure)
        found = re.findall('<img alt="([^"]*)"[^>]* src="data:image/png;base64,([^"]*)">', live.picture.value)
        assert [html.unescape(alt) for alt, _ in found] == [figure.get_label()] and f"from {number} to {number}" in found[0][0]
        assert base64.b64decode(found[0][1]).startswith(b"\x89PNG")


def test_names():
    """Button and progress bar have names for screen readers; words are no html; the repr is the same everywhere."""
    live = LiveView(total=10, label="Fit <b> & go")
    assert live.stop_button.description == "Stop" and live.stop_button.tooltip == "Stop: Fit <b> & go"
    step(live, 10, "loss<0.3")
    found = re.fullmatch("<label[^>]*>([^<]*)<progress[^>]*></progress>([^<]*)</label>", live.status.value)
    assert html.unescape(found[1]) == "Fit <b> & go " and html.unescape(found[2]).endswith(", loss<0.3")
    assert repr(live) == "LiveView(Fit <b> & go: 10 of 10 steps)"
    (controls, picture) = live.children
    assert controls.children == (live.stop_button, live.status) and picture is live.picture


# ---------------------------------------------------------------- in a kernel

SETUP = """
import torch
from course_utils import CNN, load_mnist, make_loader, train_steps
from course_utils.widgets import LiveView
loader, model, epochs = make_loader(load_mnist(source="sample").train, 50, seed=0), CNN(), 10_000
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
torch.set_num_threads(1)  # threads wait for each other on a busy machine
"""
AWAITING = """
before, live = model.out.weight.detach().clone(), LiveView(total=epochs * len(loader))
print("button", live.stop_button.model_id)
with live:
    for step in train_steps(model, loader, optimizer, epochs=epochs, device="cpu"):
        await live.step(step.index + 1, f"loss {step.loss:.2f}")
        if step.index == 20:
            print("under way")
        if live.stopped:
            break
print("after the block")
"""
NOT_AWAITING = AWAITING.replace('await live.step(step.index + 1, f"loss {step.loss:.2f}")', "live.done = step.index + 1")
LOOK = "print(live.stopped, live.done > 20, live.done < live.total, not torch.equal(before, model.out.weight))"


class Kernel:
    """A Python kernel, as a notebook has one."""

    def __init__(self) -> None:
        self.manager = KernelManager()
        self.manager.start_kernel(cwd=str(ROOT), env=os.environ | {"PYTHONPATH": str(ROOT)})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, source: str, under_way=lambda: None) -> str:
        """Run a cell, call `under_way` as soon as it prints these words, and return what it printed."""
        printed = []

        def hear(message: dict) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])
                if "under way" in printed[-1]:
                    self.button = re.search("button (.*)", "".join(printed))[1]
                    under_way()

        reply = self.client.execute_interactive(source, output_hook=hear, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed)

    def click(self) -> None:
        """What a browser sends when the Stop button is clicked."""
        content = {"comm_id": self.button, "data": {"method": "custom", "content": {"event": "click"}}}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.close()


@pytest.mark.parametrize("how", ["click", "interrupt", "interrupt without await"])
def test_training_is_stopped_in_a_kernel(kernel, how):
    """The cell ends well, what was learned is kept, and the same cell can be run again, to its end."""
    cell = NOT_AWAITING if "without" in how else AWAITING
    kernel.run(SETUP)
    stop = kernel.click if how == "click" else kernel.manager.interrupt_kernel
    assert kernel.run(cell, under_way=stop).endswith("after the block\n")
    assert kernel.run(LOOK) == "True True True True\n"
    kernel.run("epochs = 1")
    assert kernel.run(cell).endswith("after the block\n")
    assert kernel.run(LOOK) == "False True False True\n"  # not stopped; all 80 steps


def test_an_error_in_a_kernel_is_shown(kernel):
    """An error within the block reaches the cell, and the kernel goes on."""
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        kernel.run(SETUP + "with LiveView(total=1) as live:\n    await live.step(1)\n    1 / 0")
    assert kernel.run("print(live.stopped, live.done)") == "False 1\n"
