"""course_utils.widgets.LiveScatter without a browser: what it keeps, what it sends, and what it refuses. (The browser: tests/browser.)"""

import asyncio

import numpy as np
import pytest
import torch

from course_utils import figures
from course_utils.widgets import LiveScatter

LABELS = np.array([3, 3, 8, 5, 8])
IMAGES = np.arange(5 * 784, dtype=np.uint8).reshape(5, 1, 28, 28)  # each differs from the others
FRAMES = [np.array([[0, 0], [1, 0], [9, 9], [-9, 4], [9, 8]], dtype=float) + step for step in range(3)]
PREDICTIONS = [np.array(row) for row in ([3, 8, 8, 8, 3], [3, 3, 8, 8, 8], [3, 3, 8, 5, 8])]


@pytest.fixture
def sent(monkeypatch) -> list:
    """What goes to the browser: (content, buffers)."""
    messages = []
    monkeypatch.setattr("course_utils.widgets.live_scatter.ScatterMap.send", lambda _, *message: messages.append(message))
    return messages


@pytest.fixture
def live(sent) -> LiveScatter:
    """Three frames: 3, then 1, then 0 of the 5 digits are misread."""
    live = LiveScatter(IMAGES, LABELS, total=10)
    for step in range(3):
        live.add(FRAMES[step], PREDICTIONS[step], f"step {step}")
    return live


def browser_sets(live: LiveScatter, **state: object) -> None:
    """What arrives when the browser changes traits."""
    live.map._handle_msg({"content": {"data": {"method": "update", "state": state}}, "buffers": []})


def browser_says(live: LiveScatter, content: object) -> None:
    live.map._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


# ---------------------------------------------------------------- frames


def test_each_frame_is_sent_once_and_alone(live, sent):
    """Its number, title and words; places as float32 and predictions as uint8, both as bytes."""
    assert len(sent) == live.frames == 3
    for step, (content, buffers) in enumerate(sent):
        said = figures.map_summary(FRAMES[step], LABELS, PREDICTIONS[step], f"step {step}")
        assert content == {"first": step, "titles": [f"step {step}"], "said": [said]}
        points, predictions = buffers
        np.testing.assert_array_equal(np.frombuffer(points, np.float32).reshape(5, 2), FRAMES[step])
        np.testing.assert_array_equal(np.frombuffer(predictions, np.uint8), PREDICTIONS[step])


@pytest.mark.parametrize("have", [0, 1, 3])
def test_a_page_that_opens_later_gets_what_it_lacks(live, sent, have):
    before = list(sent)
    browser_says(live, {"have": have})
    ((content, buffers),) = sent[3:]
    assert content["first"] == have and content["titles"] == [f"step {step}" for step in range(have, 3)] and live.error == ""
    assert content["said"] == [said for news, _ in before[have:] for said in news["said"]]
    assert buffers == [part for _, parts in before[have:] for part in parts]


@pytest.mark.parametrize("wrong", [{"have": -1}, {"set": None}, {"set": [1]}, {"have": 4}, {"have": "1"}, {"have": True}, {"have": 1.0}, {}, [0], None, "have"])
def test_a_wrong_question_is_refused(live, sent, wrong):
    browser_says(live, wrong)
    assert len(sent) == 3 and live.error.startswith("The browser said") and live.error.count("\n") == 1
    browser_says(live, {"have": 3})
    assert live.error == ""


def test_the_digits_are_sent_with_the_widget():
    """Images as uint8, whether they come as uint8, floats or tensors, with or without a channel axis; labels; colours and their inks."""
    state = LiveScatter(IMAGES, LABELS, total=1, radius=7).map.get_state()
    assert state["_images"] == IMAGES.tobytes() and state["_labels"] == bytes([3, 3, 8, 5, 8]) and state["_radius"] == 7
    assert [colour for colour, _ in state["_colours"]] == list(figures.DIGIT_COLOURS)
    assert [ink for _, ink in state["_colours"]][:2] == ["white", "black"]
    for images in (torch.from_numpy(IMAGES), torch.from_numpy(IMAGES) / 255, IMAGES[:, 0], IMAGES / 255):
        assert LiveScatter(images, torch.from_numpy(LABELS), total=1).map._images == IMAGES.tobytes()


def test_scrubbing(live):
    """The newest frame is shown until another one is chosen; that one stays when new ones come; the newest again follows."""
    assert (live.frame, live.frames) == (2, 3)
    live.frame = 1
    live.add(FRAMES[0])
    assert (live.frame, live.frames, live.map._shown) == (1, 4, 1)
    live.frame = np.int64(3)
    live.add(FRAMES[0])
    assert (live.frame, live.frames, live.map._shown) == (4, 5, -1)


@pytest.mark.parametrize("number", [-1, 3, 1.0, "1", None, True])
def test_frames_that_are_not_there(live, number):
    live.frame = 1
    with pytest.raises(ValueError, match="There is no frame .*\nFrames 0 to 2 are there."):
        live.frame = number
    assert live.frame == 1


def test_before_the_first_frame(sent):
    live = LiveScatter(IMAGES, LABELS, total=1)
    assert (live.frame, live.frames, live.summary) == (None, 0, "There is no frame yet.")
    with pytest.raises(ValueError, match="no frame 0.\nAdd the first"):
        live.frame = 0
    browser_sets(live, _shown=0)
    assert live.frame is None and "_shown = 0" in live.error
    browser_says(live, {"have": 0})
    assert sent == [({"first": 0, "titles": [], "said": []}, [])]


def test_isolating(live):
    live.isolated = 8
    assert live.isolated == live.map._isolated == 8
    for digit in (0, 11, -1, "8", 8.0, True):
        with pytest.raises(ValueError, match=r"There is no class .* on this map.\nTry one of \[3, 5, 8\], or None"):
            live.isolated = digit
    assert live.isolated == 8
    live.isolated = None
    assert live.isolated is None


def test_summary(live):
    """What `figures.embedding_map` says of the frame, where it stands, and what is isolated."""
    assert live.summary == "Frame 2 of 2: " + figures.embedding_map(FRAMES[2], LABELS, PREDICTIONS[2], "step 2").get_label()
    live.frame = 0
    assert live.summary == (
        "Frame 0 of 2: step 0: map of 5 digits. Wrong predictions, ringed: 3. 80% of the points lie nearest to one of their own class."
    )
    live.isolated = 8
    assert live.summary.endswith("own class. Only class 8 is shown: 2 digits, 1 of them ringed.")
    live.isolated = 5
    assert live.summary.endswith("Only class 5 is shown: 1 digits, 1 of them ringed.")
    live.isolated = None
    live.add(FRAMES[0])
    live.frame = 3
    assert live.summary.startswith("Frame 3 of 3: map of 5 digits. 80%")
    live.isolated = 3
    assert live.summary.endswith("2 digits, 0 of them ringed.")


# ---------------------------------------------------------------- what the browser sends


def test_the_browser_scrubs_and_isolates(live, monkeypatch):
    """It is told nothing in return: a late echo would pull the slider back under the hand."""
    told = []
    monkeypatch.setattr(live.map, "_send", lambda message, buffers=None: told.append(message))
    browser_says(live, {"set": {"_shown": 1}})
    browser_says(live, {"set": {"_isolated": 3}})
    assert (live.frame, live.isolated, live.error) == (1, 3, "")
    browser_says(live, {"set": {"_shown": -1, "_isolated": None}})
    assert (live.frame, live.isolated, live.error, told) == (2, None, "", [])


@pytest.mark.parametrize("how", ["as state", "as a message"])
@pytest.mark.parametrize(
    "state",
    [{"_shown": value} for value in (3, -2, 1.5, "1", None, [1], True, float("nan"))]
    + [{"_isolated": value} for value in (0, 10, -1, "3", 3.0, [3], True)]
    + [{"_labels": b"\0" * 5}, {"_images": b""}, {"_radius": 1.0}, {"_esm": "alert()"}, {"_shown": 0, "_radius": 1.0}],
    ids=str,
)
def test_other_messages_are_refused(live, monkeypatch, state, how):
    """The state stays, the browser is told to go back, and `error` says what was wrong; the next good message clears it."""
    live.frame, live.isolated = 1, 3
    told = []
    monkeypatch.setattr(live.map, "_send", lambda message, buffers=None: told.append(message))
    before = live.map.get_state()
    browser_sets(live, **state) if how == "as state" else browser_says(live, {"set": state})
    assert live.map.get_state() == before and (live.frame, live.isolated) == (1, 3)
    assert [message["state"] for message in told] == [{"_shown": 1, "_isolated": 3}]  # and no echo of what is refused
    assert live.error.startswith("The browser sent _") and "refused" in live.error and live.error.count("\n") == 1
    browser_sets(live, _shown=0)
    assert live.error == "" and live.frame == 0


# ---------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize(
    "images, labels, said",
    [
        (IMAGES[:, :, :27], LABELS, r"shape \(N, 1, 28, 28\), but got \(5, 27, 28\)"),
        (IMAGES[0, 0], LABELS, r"but got \(28, 28\)"),
        (IMAGES[:0], LABELS[:0], r"1 to 2000 images .* but got \(0, 28, 28\)"),
        (np.zeros((2001, 28, 28), np.uint8), np.zeros(2001, int), r"1 to 2000 images .* but got \(2001, 28, 28\)"),
        (IMAGES.astype(int), LABELS, "uint8, 0..255, or floats, 0..1"),
        (IMAGES.astype(float), LABELS, "uint8, 0..255, or floats, 0..1"),
        (np.full(IMAGES.shape, np.nan), LABELS, "uint8, 0..255, or floats, 0..1"),
        (IMAGES - 0.1, LABELS, "uint8, 0..255, or floats, 0..1"),
        (IMAGES, LABELS[:4], r"labels must be 5 whole numbers 0..9, one a digit, but got int64 of shape \(4,\)"),
        (IMAGES, LABELS + 2, "labels must be 5 whole numbers 0..9"),
        (IMAGES, -LABELS, "labels must be 5 whole numbers 0..9"),
        (IMAGES, LABELS / 1, "whole numbers 0..9, one a digit, but got float64"),
    ],
)
def test_wrong_digits(images, labels, said):
    with pytest.raises(ValueError, match=said) as caught:
        LiveScatter(images, labels, total=1)
    assert str(caught.value).count("\n") == 1


@pytest.mark.parametrize("radius", [0, -1, np.nan, np.inf])
def test_wrong_radius(radius):
    with pytest.raises(ValueError, match="half the width of the picture, above 0, .*\n"):
        LiveScatter(IMAGES, LABELS, total=1, radius=radius)


@pytest.mark.parametrize(
    "points, predictions, said",
    [
        (FRAMES[0][:4], None, r"points of shape \(5, 2\), one a digit, but got \(4, 2\)"),
        (FRAMES[0].T, None, r"but got \(2, 5\)"),
        (FRAMES[0] * np.nan, None, "not finite"),
        (FRAMES[0], PREDICTIONS[0][:4], "predictions must be 5 whole numbers"),
        (FRAMES[0], PREDICTIONS[0] + 5, "predictions must be 5 whole numbers 0..9"),
        (FRAMES[0], np.zeros((5, 10)), "argmax"),
    ],
)
def test_wrong_frames(live, sent, points, predictions, said):
    """They are refused, and the frames so far are kept."""
    with pytest.raises(ValueError, match=said) as caught:
        live.add(points, predictions)
    assert str(caught.value).count("\n") == 1 and live.frames == len(sent) == 3 and live.frame == 2


# ---------------------------------------------------------------- beside the loop


def test_progress_and_stop(live):
    """What LiveView has, above the map; the frames stay when the loop runs again."""
    controls, below = live.children
    assert controls.children == (live.stop_button, live.status) and below is live.map
    with live:
        asyncio.run(live.step(4, "loss 0.3"))
        live.stop_button.click()
    assert live.stopped and live.done == 4 and "stopped; what was learned is kept" in live.status.value
    with live:
        raise KeyboardInterrupt
    assert live.stopped and live.frames == 3


def test_reprs(live):
    """The same everywhere: stored outputs hold them."""
    assert repr(live) == "LiveScatter(Training: 0 of 10 steps)" and repr(live.map) == "ScatterMap(5 digits, 3 frames)"


def test_two_thousand_digits(sent):
    """The most that it takes; every frame is 9 bytes a digit, two places and a prediction, beside its words."""
    live = LiveScatter(np.zeros((2000, 1, 28, 28), np.float32), np.arange(2000) % 10, total=1)
    live.add(np.random.default_rng(0).normal(size=(2000, 2)), np.arange(2000) % 10, "all right")
    assert sum(map(len, sent[0][1])) == 2000 * 9 and live.summary.startswith("Frame 0 of 0: all right: map of 2000 digits.")
