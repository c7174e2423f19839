"""Judge a learner's answer: against a trusted one, on random inputs, and against the mistakes that learners make."""

from __future__ import annotations

import copy
import linecache
import math
import numbers
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

Cases = list[tuple]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that learners give, and what to say to it.

    Attributes:
        wrong: the wrong function or value. Whoever gives the same results makes this mistake.
        nudge: a question or a pointer, for the first time.
        hint: what is wrong and how to mend it, for the next time.
    """

    wrong: object
    nudge: str
    hint: str


@dataclass(frozen=True)
class Exercise:
    """What an exercise asks for.

    Attributes:
        name: as "padding-output-size".
        right: the trusted function or value.
        mistakes: the misconceptions that its checker knows.
        shows: what the right answer shows, said when it is given.
        todo: what is missing as long as the stub is untouched.
        cases: makes the arguments of the calls, from a random generator. Without it, the answer is a value.
        call: runs an answer on one case and gives the result to compare. Without it, `answer(*case)`.
        tolerance: how far a number may lie from the right one.
    """

    name: str
    right: object
    mistakes: tuple[Mistake, ...]
    shows: str
    todo: str
    cases: Callable[[torch.Generator], Cases] | None = None
    call: Callable[[Callable, tuple], object] = lambda answer, case: answer(*case)
    tolerance: float = 1e-4


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth.

    Attributes:
        passed: True only if every result was right.
        hint: what to do next, or what the right answer shows.
        kind: "Right", "Wrong", "Not yet" or "Stopped".
    """

    passed: bool
    hint: str
    kind: str = "Wrong"

    def __str__(self) -> str:
        return f"{self.kind}: {self.hint}"

    def _ipython_display_(self) -> None:
        """`check` has printed it already: nothing is shown again below the cell."""


def judge(exercise: Exercise, answer: object, seed: int, seen: Collection[Mistake] = ()) -> tuple[Verdict, Mistake | None]:
    """Compare an answer with the right one, on inputs drawn from `seed`.

    Args:
        exercise: what was asked.
        answer: the learner's function or value.
        seed: of the random inputs.
        seen: mistakes that were met before.

    Returns:
        (Verdict, the mistake that was recognised, or None).
    """
    try:
        with torch.random.fork_rng(devices=[]):  # whatever an answer draws, the notebook's own numbers stay the same
            return _judge(exercise, answer, seed, seen)
    except KeyboardInterrupt:
        return Verdict(False, "you interrupted the check while your code was running.\nDoes it have a loop that never ends?", "Stopped"), None
    except (Exception, SystemExit) as error:
        if "ellipsis" in str(error).lower():  # as in `...` + 1
            return Verdict(False, f"some three dots are still there.\n{exercise.todo}", "Not yet"), None
        return Verdict(False, _told(error, answer)), None


def _judge(exercise: Exercise, answer: object, seed: int, seen: Collection[Mistake]) -> tuple[Verdict, Mistake | None]:
    """`judge`, for answers that raise no error."""
    cases = exercise.cases(torch.Generator().manual_seed(seed)) if exercise.cases else [()]
    if answer is not None and answer is not ... and callable(answer) != bool(exercise.cases):
        wanted = "the name of a function" if exercise.cases else "a value"
        return Verdict(False, f"{wanted} is asked for, but you give {_name_of(answer)}.\nCheck what you hand to check(...)."), None
    results = _results(exercise, answer, cases)
    if any(result is ... for result in results):
        return Verdict(False, f"the three dots are still there.\n{exercise.todo}", "Not yet"), None
    if any(result is None for result in results):
        return Verdict(False, f"there is no answer: does the last line of your function say return?\n{exercise.todo}", "Not yet"), None

    right = _results(exercise, exercise.right, cases)
    said = [difference(*pair, exercise.tolerance) for pair in zip(results, right)]
    if not any(said):
        return Verdict(True, exercise.shows, "Right"), None
    for mistake in exercise.mistakes:
        wrong = _results(exercise, mistake.wrong, cases)
        if not any(difference(*pair, exercise.tolerance) for pair in zip(results, wrong)):
            return Verdict(False, mistake.hint if mistake in seen else mistake.nudge), mistake
    text, case = next((text, case) for text, case in zip(said, cases) if text)
    return Verdict(False, text + _of(case)), None


def difference(result: object, expected: object, tolerance: float) -> str | None:
    """In words, how a result differs from the expected one; None if it does not.

    Numbers and every element of a tensor are compared. Tensors must agree in shape and dtype,
    numbers in value alone.
    """
    if isinstance(expected, tuple):
        if not isinstance(result, tuple | list) or len(result) != len(expected):
            return f"{len(expected)} values are asked for, in brackets, but you give {_name_of(result)}"
        said = [difference(a, b, tolerance) for a, b in zip(result, expected)]
        return next((f"value {i + 1}: {text}" for i, text in enumerate(said) if text), None)
    if isinstance(expected, Tensor):
        if not isinstance(result, Tensor):
            return f"a tensor is asked for, but you give {_name_of(result)}"
        if result.shape != expected.shape:
            return f"the shape should be {tuple(expected.shape)}, but yours is {tuple(result.shape)}"
        if result.dtype != expected.dtype:
            return f"the dtype should be {expected.dtype}, but yours is {result.dtype}"
        result, expected = result.detach().cpu().double(), expected.double()
        if not result.isfinite().all():
            return "your result holds values that are not finite (NaN or infinity)"
        gaps = (result - expected).abs()  # a tensor of the expected shape
        if gaps.numel() == 0 or gaps.max() <= tolerance:
            return None
        place = tuple(int(i) for i in np.unravel_index(int(gaps.argmax()), gaps.shape))
        return f"at {list(place)} your result holds {_short(result[place])}, where {_short(expected[place])} is right"
    number = _number(result)
    if number is None:
        return f"a number is asked for, but you give {_name_of(result)}"
    if not math.isfinite(number):
        return f"a finite number is asked for, but yours is {number}"
    return None if abs(number - expected) <= tolerance else f"your answer is {_short(number)}, but {_short(expected)} is right"


def _results(exercise: Exercise, answer: object, cases: Cases) -> list:
    """The answer's result for every case; each call gets copies of its own, so that nothing it does to them matters."""
    if not exercise.cases:
        return [answer]
    return [exercise.call(answer, copy.deepcopy(case)) for case in cases]


def _number(value: object) -> float | None:
    """A Python, numpy or one-element tensor number as float; None for anything else, truth values included."""
    if isinstance(value, Tensor | np.ndarray) and value.ndim == 0 and value.dtype not in (torch.bool, np.bool_):
        value = value.item()
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        return None
    return float(value)


def _name_of(value: object) -> str:
    """What a value is, for people: its type, and the shape of a tensor."""
    shape = f" of shape {tuple(value.shape)}" if isinstance(value, Tensor | np.ndarray) else ""
    return f"a value of type {type(value).__name__}{shape}"


def _short(number: object) -> str:
    return f"{float(number):.4f}".rstrip("0").rstrip(".")


def _of(case: tuple) -> str:
    """The inputs of a case, in brackets: numbers as they are, tensors by their shape."""
    said = [f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value) for value in case]
    return f"\nThe inputs were: {', '.join(said)}." if case and all(len(text) < 60 for text in said) else "."


def _told(error: BaseException, answer: object) -> str:
    """An error inside the learner's code: what it says, and the line of theirs where it happened."""
    file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    place, trace = "", error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == file:
            line = linecache.getline(file, trace.tb_lineno).strip()
            place = f"\nIt happened in line {trace.tb_lineno} of your cell" + (f": {line[:90]}" if line else ".")
        trace = trace.tb_next
    message = str(error).strip().splitlines()
    return f"your code stops with {type(error).__name__}" + (f": {message[0]}" if message else ".") + place
