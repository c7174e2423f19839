"""The benchmark's rows that are measured in a real browser: an explorer under the mouse, its way to Python and back, the live map.

Each returns the seconds (or frames a second) that were measured, one number an event. `tests/benchmark.py` makes rows of them.
"""

from tests.browser.lab import Lab
from tests.browser.test_live_scatter import TRAINING
from tests.browser.test_sliding_window import CODE

EVENTS = 40

# From the time of the mouse's event to the end of the frame in which the answer is painted.
HOVER = """
    window.waits = [];
    const canvas = document.querySelector(".sw-output"), words = document.querySelector(".sw-sum");
    canvas.addEventListener("pointermove", event => {
        new MutationObserver((_, observer) => {
            observer.disconnect();
            requestAnimationFrame(() => setTimeout(() => waits.push(performance.now() - event.timeStamp)));
        }).observe(words, { childList: true, characterData: true, subtree: true });
    }, { capture: true });
"""
# From the message with the new row or column to the kernel's word that it is done with it: Python has taken it over.
ROUND_TRIP = """
    window.waits = [];
    const sent = new Map();
    kernel.anyMessage.connect((_, { msg, direction }) => {
        const id = msg.parent_header?.msg_id;
        if (direction === "send" && msg.content.data?.method === "update") sent.set(msg.header.msg_id, performance.now());
        if (msg.content.execution_state === "idle" && sent.has(id)) { waits.push(performance.now() - sent.get(id)); sent.delete(id); }
    });
"""
FRAMES = """
    window.waits = [];
    new MutationObserver(() => waits.push(performance.now())).observe(
        document.querySelector(".live-scatter-picture canvas, canvas[role=img]"), { attributeFilter: ["aria-label"] });
"""


def hover_to_paint(lab: Lab) -> list[float]:
    """Seconds from a mouse movement over SlidingWindow's output to the painted answer, on the chapter's digit."""
    page = _explorer(lab)
    lab.script(HOVER)
    box = page.locator(".sw-output").bounding_box()
    for i in range(EVENTS):
        page.mouse.move(box["x"] + 60 + 11 * (i % 20), box["y"] + 60 + 11 * (i // 20))
        page.wait_for_timeout(60)
    return _seconds(lab)


def round_trip(lab: Lab) -> list[float]:
    """Seconds from a key on SlidingWindow's output to the kernel's word that Python has the new place."""
    page = _explorer(lab)
    lab.script(ROUND_TRIP)
    page.locator(".sw-output").focus()
    for i in range(EVENTS):
        page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
        page.wait_for_timeout(300)
    return _seconds(lab)


def frames_per_second(lab: Lab) -> list[float]:
    """New map frames of 500 digits that reach the page in each second of 20, while the network trains."""
    page = lab.scratch("0")
    lab.script(f"panel.content.widgets[0].model.sharedModel.setSource({TRAINING!r});")
    lab.script("jupyterapp.commands.execute('notebook:run-all-cells');")
    page.get_by_role("button", name="Stop").wait_for(timeout=60_000)
    page.wait_for_selector("canvas[role=img]")
    page.wait_for_timeout(3_000)  # the first map starts from nothing
    lab.script(FRAMES)
    page.wait_for_timeout(20_000)
    seen = _seconds(lab)
    times = [seconds - seen[0] for seconds in seen]
    page.get_by_role("button", name="Stop").click()
    return [float(sum(second <= time < second + 1 for time in times)) for second in range(int(max(times)))]


def _explorer(lab: Lab):
    page = lab.scratch(CODE)
    page.wait_for_selector(".sw canvas")
    page.locator(".sw-output").scroll_into_view_if_needed()
    page.wait_for_timeout(1_000)
    return page


def _seconds(lab: Lab) -> list[float]:
    waits = lab.script("return waits;")
    if not waits:
        raise RuntimeError("The page has answered nothing.")
    return [wait / 1000 for wait in waits]
