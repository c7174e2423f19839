"""The exercises of the chapters: `check` says whether an answer is right, `progress` which exercises are done."""

from course_utils.exercises import chapter_00, chapter_01, chapter_02, chapter_03, chapter_04, chapter_05, chapter_06, chapter_07
from course_utils.exercises.checking import Exercise, Mistake, Verdict, judge

CHAPTERS: dict[str, tuple[Exercise, ...]] = {
    "00": chapter_00.EXERCISES,
    "01": chapter_01.EXERCISES,
    "02": chapter_02.EXERCISES,
    "03": chapter_03.EXERCISES,
    "04": chapter_04.EXERCISES,
    "05": chapter_05.EXERCISES,
    "06": chapter_06.EXERCISES,
    "07": chapter_07.EXERCISES,
}
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for group in CHAPTERS.values() for exercise in group}

_checks: dict[str, int] = {}  # name -> how often it was checked: new random inputs each time
_seen: set[Mistake] = set()  # the mistakes that were met before: they get the fuller hint
_done: set[str] = set()


def check(name: str, answer: object) -> Verdict:
    """Check your answer to an exercise, print what it is worth, and return that. Never raises.

    Args:
        name: the exercise, as "padding-output-size".
        answer: the function or the value that the exercise asks for.

    Returns:
        Verdict, whose `passed` is True only if every result was right. A mistake that is met for
        the second time gets a fuller hint.
    """
    exercise = EXERCISES.get(name) if isinstance(name, str) else None
    if exercise is None:
        verdict = Verdict(False, f"There is no exercise {name!r}.\nThe exercises are: {', '.join(EXERCISES)}.")
    else:
        _checks[name] = _checks.get(name, 0) + 1
        verdict, mistake = judge(exercise, answer, seed=_checks[name], seen=_seen)
        if mistake:
            _seen.add(mistake)
        (_done.add if verdict.passed else _done.discard)(name)
    print(verdict)
    return verdict


def progress(chapter: str) -> None:
    """Print which exercises of a chapter are done.

    Args:
        chapter: its number, as "02".
    """
    if chapter not in CHAPTERS:
        print(f"There are no exercises in a chapter {chapter!r}.\nTry one of: {', '.join(CHAPTERS)}.")
        return
    names = [exercise.name for exercise in CHAPTERS[chapter]]
    print(f"Chapter {chapter}: {sum(name in _done for name in names)} of {len(names)} exercises done.")
    for name in names:
        print(f"  {'done    ' if name in _done else 'not yet '} {name}")
