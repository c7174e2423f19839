"""The self-quizzes: `quiz` asks in a notebook, `as_markdown` gives the same questions as text. One source for both."""

from __future__ import annotations

import html
from string import ascii_lowercase as LETTERS

import ipywidgets

from course_utils.quiz import chapter_00, chapter_01, chapter_02, chapter_03, chapter_04, chapter_05, chapter_06, chapter_07
from course_utils.quiz.questions import Option, Question

_CHAPTERS = (chapter_00, chapter_01, chapter_02, chapter_03, chapter_04, chapter_05, chapter_06, chapter_07)
QUIZZES: dict[str, tuple[Question, ...]] = {f"{number:02}": chapter.QUESTIONS for number, chapter in enumerate(_CHAPTERS)}
# ipywidgets gives a radio button one line of fixed height, in the order "name, buttons": let long ones wrap, below the question.
# Its group has no role that screen readers know. So each option's name begins with the number of its question, out of sight.
STYLE = """
.course-quiz { max-width: 50em; }
.course-quiz .widget-html, .course-quiz .widget-radio, .course-quiz .widget-radio-box { width: auto; height: auto; }
.course-quiz .widget-radio { flex-direction: column; align-items: stretch; }
.course-quiz .widget-radio-box { margin: 0 !important; padding: 0; }
.course-quiz .widget-radio > .widget-label { width: auto; height: auto; text-align: left; font-weight: bold; line-height: 1.5 !important; }
.course-quiz label, .course-quiz .widget-html-content {
  line-height: 1.5 !important; white-space: normal !important; font-size: var(--jp-content-font-size1, 14px) !important; }
.course-quiz .widget-radio-box label { position: relative; height: auto; padding: 3px 0 3px 26px; cursor: pointer; }
.course-quiz .widget-radio-box label::before { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.course-quiz .widget-radio-box input { position: absolute; left: 2px; top: 7px; width: 14px; height: 14px; margin: 0; }
.course-quiz [role=status] p { border-left: 4px solid; padding: 2px 10px; margin: 0 0 12px 26px; }
"""


class Quiz(ipywidgets.VBox):
    """The questions of a chapter, with radio buttons. Whatever is chosen explains itself below.

    Attributes:
        chapter: its number, as "03". questions: what is asked.
        choices: the radio buttons of each question; `choices[0].index = 1` does what a click on b) does.
        said: for each question, the place of the chosen option's explanation.
    """

    def __init__(self, chapter: str) -> None:
        self.chapter, self.questions = chapter, _questions(chapter)
        self.choices, self.said = [], []
        numbered = range(1, len(self.questions) + 1)
        named = [f'.course-quiz .question-{n} .widget-radio-box label::before {{ content: "Question {n}: "; }}' for n in numbered]
        parts = [ipywidgets.HTML(f"<style>{STYLE}{' '.join(named)}</style>")]
        for number, question in enumerate(self.questions, start=1):
            choice = ipywidgets.RadioButtons(
                description=f"{number}. {question.text}",
                options=[f"{letter}) {option.text}" for letter, option in zip(LETTERS, question.options)],
                value=None,  # nothing is chosen yet
                tooltip="",  # else it says "null"
            )
            choice.add_class(f"question-{number}")
            choice.observe(lambda _change, at=number - 1: self._say(at), names="index")
            self.choices.append(choice)
            self.said.append(ipywidgets.HTML())
            self._say(number - 1)
            parts += [choice, self.said[-1]]
        super().__init__(parts)
        self.add_class("course-quiz")

    def __repr__(self) -> str:
        given = [q.options[c.index] for q, c in zip(self.questions, self.choices) if c.index is not None]
        right = sum(option.right for option in given)
        return f"Quiz({self.chapter}: {len(given)} of {len(self.questions)} answered, {right} right)"

    def _say(self, at: int) -> None:
        index = self.choices[at].index
        words = "" if index is None else f"<p>{_escape(self.questions[at].options[index].explanation)}</p>"
        self.said[at].value = f'<div role="status">{words}</div>'


def _questions(chapter: str) -> tuple[Question, ...]:
    if not isinstance(chapter, str) or chapter not in QUIZZES:
        raise ValueError(f"There is no quiz for a chapter {chapter!r}.\nTry one of: {', '.join(QUIZZES)}.")
    return QUIZZES[chapter]


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


def quiz(chapter: str) -> Quiz:
    """The self-quiz of a chapter, to be shown as the last line of a cell.

    Args:
        chapter: its number, as "03".

    Raises:
        ValueError: there is no such chapter.
    """
    return Quiz(chapter)


def as_markdown(chapter: str) -> str:
    """The same quiz as text, with the answers folded: for a markdown cell, to be read without a kernel.

    Args:
        chapter: its number, as "03".

    Raises:
        ValueError: there is no such chapter.
    """
    lines = ["## Quiz"]
    for number, question in enumerate(_questions(chapter), start=1):
        lettered = list(zip(LETTERS, question.options))
        answer = next(letter for letter, option in lettered if option.right)
        lines += ["", f"**{number}. {_escape(question.text)}**", ""]
        lines += [f"- {letter}) {_escape(option.text)}" for letter, option in lettered]
        lines += ["", "<details><summary>Answer</summary>", "", f"It is {answer}).", ""]
        lines += [f"- {letter}) {_escape(option.explanation)}" for letter, option in lettered]
        lines += ["", "</details>"]
    return "\n".join(lines)
