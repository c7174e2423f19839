"""The self-quizzes: every option is chosen once and explains itself, and the text form holds the same."""

import html
import json
import re

import pytest

from course_utils import quiz as package
from course_utils.quiz import QUIZZES, Option, Question, Quiz, as_markdown, quiz
from tests.environment import ROOT

NOTEBOOKS = {path.stem[:2]: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
QUESTIONS = {f"{chapter}-{i}": question for chapter, questions in QUIZZES.items() for i, question in enumerate(questions, start=1)}
NASTY = "<b>& \"quotes\" 'too' </details>"


def said(shown: Quiz) -> list[str]:
    """What stands below each question, as text."""
    found = [re.fullmatch(r'<div role="status">(?:<p>(.*)</p>)?</div>', part.value, re.DOTALL) for part in shown.said]
    return [html.unescape(match[1] or "") for match in found]


def sources(chapter: str) -> list[str]:
    return ["".join(cell["source"]) for cell in NOTEBOOKS[chapter]["cells"]]


def test_every_chapter_has_one():
    """Chapters 00 to 07, and three questions or more in each."""
    assert list(QUIZZES) == [f"{i:02}" for i in range(8)]
    assert all(len(questions) >= 3 for questions in QUIZZES.values())


@pytest.mark.parametrize("name", QUESTIONS)
def test_exactly_one_option_is_right(name):
    """Of three or four, all of them different, and each with an explanation of its own."""
    options = QUESTIONS[name].options
    assert len(options) in (3, 4) and sum(option.right for option in options) == 1
    assert len({option.text for option in options}) == len({option.says for option in options}) == len(options)


@pytest.mark.parametrize("chapter", QUIZZES)
def test_every_option_explains_itself(chapter):
    """Choose each in turn: its own explanation stands below its question, and the other questions stay as they are."""
    shown = quiz(chapter)
    assert [choice.index for choice in shown.choices] == [None] * len(QUIZZES[chapter])
    assert said(shown) == [""] * len(QUIZZES[chapter])
    for at, question in enumerate(QUIZZES[chapter]):
        for index, option in enumerate(question.options):
            before = said(shown)
            shown.choices[at].index = index
            before[at] = ("Right: " if option.right else "Not quite: ") + option.says
            assert said(shown) == before


@pytest.mark.parametrize("chapter", QUIZZES)
def test_labels(chapter):
    """Each group is described by its question, each option by its letter and text; a style sheet names the question, too."""
    shown = quiz(chapter)
    assert shown.children[1::2] == tuple(shown.choices) and shown.children[2::2] == tuple(shown.said)
    for number, (choice, question) in enumerate(zip(shown.choices, QUIZZES[chapter], strict=True), start=1):
        assert choice.description == f"{number}. {question.text}" and not choice.description_allow_html
        assert choice.options == tuple(f"{letter}) {option.text}" for letter, option in zip("abcd", question.options))
        rule = f'.course-quiz .question-{number} .widget-radio-box label::before {{ content: "Question {number}: "; }}'
        assert f"question-{number}" in choice._dom_classes and rule in shown.children[0].value
        assert choice.tooltip == ""  # without one, ipywidgets writes "null"
    assert "course-quiz" in shown._dom_classes


def test_repr():
    """It counts what is answered and what is right, and holds no address."""
    shown = quiz("03")
    assert repr(shown) == "Quiz(03: 0 of 3 answered, 0 right)"
    right = [[option.right for option in question.options].index(True) for question in QUIZZES["03"]]
    shown.choices[0].index = right[0]
    assert repr(shown) == "Quiz(03: 1 of 3 answered, 1 right)"
    shown.choices[2].index = (right[2] + 1) % 3
    assert repr(shown) == "Quiz(03: 2 of 3 answered, 1 right)"
    shown.choices[0].index = (right[0] + 1) % 3  # another choice takes the place of the first
    assert repr(shown) == "Quiz(03: 2 of 3 answered, 0 right)"


@pytest.mark.parametrize("call", [quiz, as_markdown])
@pytest.mark.parametrize("chapter", ["99", "3", 3, ["03"], None])
def test_unknown_chapter(call, chapter):
    """Two lines: what is wrong, and what there is."""
    with pytest.raises(ValueError) as caught:
        call(chapter)
    assert str(caught.value) == f"There is no quiz for a chapter {chapter!r}.\nTry one of: 00, 01, 02, 03, 04, 05, 06, 07."


# ---------------------------------------------------------------- the text form


def form(questions: tuple[Question, ...]) -> list[tuple]:
    return [(question.text, [(option.text, option.says, option.right) for option in question.options]) for question in questions]


def read(text: str) -> list[tuple]:
    """The questions of a text form: nothing but what it says."""
    first, *blocks = re.split(r"\n\n\*\*(?=\d+\. )", text)
    assert first == "## Quiz"
    found = []
    for number, block in enumerate(blocks, start=1):
        pattern = r"(\d)\. (.*?)\*\*\n\n(.*)\n\n<details><summary>Answer</summary>\n\nIt is (\w)\)\.\n\n(.*)\n\n</details>"
        given = re.fullmatch(pattern, block, re.DOTALL)
        texts, explained = (dict(re.findall(r"^- (\w)\) (.*)$", given[i], re.MULTILINE)) for i in (3, 5))
        assert int(given[1]) == number and list(texts) == list(explained) == list("abcd")[: len(texts)]
        right = [letter for letter, words in explained.items() if words.startswith("Right: ")]
        assert right == [given[4]] and all(re.match("Right: |Not quite: ", words) for words in explained.values())
        options = [(texts[i], explained[i].split(": ", 1)[1], i in right) for i in texts]
        found.append((html.unescape(given[2]), [tuple(html.unescape(x) if isinstance(x, str) else x for x in o) for o in options]))
    return found


@pytest.mark.parametrize("chapter", QUIZZES)
def test_markdown_holds_the_same(chapter):
    """Read back, it is the source: each question, each option, and, folded, each explanation. Twice the same."""
    assert read(as_markdown(chapter)) == form(QUIZZES[chapter])
    assert as_markdown(chapter) == as_markdown(chapter)
    open_text = re.sub(r"<details>.*?</details>", "", as_markdown(chapter), flags=re.DOTALL)
    assert "Right:" not in open_text and "Not quite:" not in open_text and not re.search(r"^It is \w\)", open_text, re.MULTILINE)


@pytest.mark.parametrize("chapter", QUIZZES)
def test_notebook_holds_the_quiz(chapter):
    """A chapter's cell "## Quiz" is the text form, word for word, and a cell near it asks the same with radio buttons."""
    cells = [source for source in sources(chapter) if source.startswith("## Quiz")] if chapter in NOTEBOOKS else []
    if not cells:
        pytest.skip(f"chapter {chapter} has no quiz yet")
    assert cells == [as_markdown(chapter)]
    assert sum(f'quiz("{chapter}")' in source for source in sources(chapter)) == 1


# ---------------------------------------------------------------- what is written in them


def test_html_is_escaped(monkeypatch):
    """Signs of HTML in a question are shown as they are, by the widget and in the text."""
    nasty = Question(NASTY, (Option(NASTY, NASTY, right=True), Option("b", "no"), Option("c", "not")))
    monkeypatch.setitem(package.QUIZZES, "03", (nasty,))
    shown = quiz("03")
    shown.choices[0].index = 0
    assert said(shown) == [f"Right: {NASTY}"] and "<b>" not in shown.said[0].value and "</d" not in shown.said[0].value[:-6]
    text = as_markdown("03")
    assert "<b>" not in text and text.count("</details>") == 1 and read(text) == form((nasty,))


def words_of(question: Question) -> list[str]:
    return [question.text, *(words for option in question.options for words in (option.text, option.says))]


@pytest.mark.parametrize("name", QUESTIONS)
def test_texts_read_the_same_in_both_forms(name):
    """No signs that markdown would take for markup, one line each; whole sentences in the course's tone."""
    for words in words_of(QUESTIONS[name]):
        assert not re.search(r"[*`$\[\]|~\\\n]|\b_|_\b|://", words), words
        assert words == words.strip() and "  " not in words
        assert not re.search(r"\b(simply|just|obviously|easily|of course|clearly)\b", words, re.IGNORECASE), words
    assert QUESTIONS[name].text.endswith("?")
    assert all(option.says.endswith(".") and not option.says[0].isupper() for option in QUESTIONS[name].options)


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_option_stands_out_by_its_length(name):
    """The longest is at most a third longer than the shortest."""
    lengths = [len(option.text) for option in QUESTIONS[name].options]
    assert max(lengths) <= min(lengths) * 4 / 3, lengths


def test_the_right_place_varies():
    """In no quiz do the right ones stand in one place; over all quizzes no place, and neither extreme of length, is a good guess."""
    places = {chapter: [[o.right for o in question.options].index(True) for question in asked] for chapter, asked in QUIZZES.items()}
    assert all(len(set(of_one)) > 1 for of_one in places.values())
    every = [place for of_one in places.values() for place in of_one]
    assert set(every) == {0, 1, 2, 3} and max(map(every.count, set(every))) <= len(every) * 0.4
    for extreme in (max, min):
        hits = [extreme(question.options, key=lambda option: len(option.text)).right for question in QUESTIONS.values()]
        assert sum(hits) <= len(hits) * 0.5, extreme


@pytest.mark.parametrize("chapter", QUIZZES)
def test_numbers_are_the_chapters(chapter):
    """Every number that a quiz names occurs in the chapter itself, in its text, its code or its outputs."""
    if chapter not in NOTEBOOKS:
        pytest.skip(f"chapter {chapter} is not there yet")
    cells = [cell for cell in NOTEBOOKS[chapter]["cells"] if not "".join(cell["source"]).startswith("## Quiz")]
    text = json.dumps([[cell["source"], [o.get("text") or o["data"].get("text/plain") for o in cell.get("outputs", [])]] for cell in cells])
    numbers = re.compile(r"(?<![\d.])\d+(?:\.\d+)?")
    asked = {number for question in QUIZZES[chapter] for words in words_of(question) for number in numbers.findall(words)}
    assert asked - set(numbers.findall(text.replace(",", ""))) - {"05"} == set()
