"""The exercises of chapter 07: the size in the box, the centre of mass, the move to the middle, and the three best answers."""

import torch
from torch import Tensor

from course_utils.exercises.checking import Cases, Exercise, Mistake


def _sizes(generator: torch.Generator) -> Cases:
    """Heights and widths: tall, wide, either, and a thin stroke. The first shorter side is rounded up; none ends in a half."""
    cases = []
    ranges = [((120, 280), (30, 100)), ((30, 100), (120, 280)), ((30, 280), (30, 280)), ((90, 280), (1, 3)), ((1, 3), (90, 280))]
    for high, wide in ranges:
        rest = 0.5
        while rest == 0.5 or (not cases and rest < 0.5):
            height, width = (int(torch.randint(low, top, (), generator=generator)) for low, top in (high, wide))
            rest = 20 * min(height, width) / max(height, width) % 1
        cases.append((height, width))
    return cases


def _fitted(height: int, width: int) -> tuple[int, int]:
    longer = max(height, width)
    return max(1, round(20 * height / longer)), max(1, round(20 * width / longer))


def _drawings(generator: torch.Generator) -> Cases:
    """Blobs of ink off the middle: a bright stroke on one side, a long faint one on the other."""
    cases = []
    for top, left in ((2, 3), (3, 7), (7, 2)):
        image = torch.zeros(28, 28)
        image[top : top + 17, left] = 0.1 + 0.1 * torch.rand(17, generator=generator)
        image[top : top + 6, left : left + 15] += 0.5 + 0.5 * torch.rand(6, 15, generator=generator)
        cases.append((image.clamp(max=1),))
    return cases


def _middle_of(image: Tensor) -> tuple[float, float]:
    """The centre of mass, by row and column."""
    rows, columns = torch.arange(image.shape[0]), torch.arange(image.shape[1])
    return float((image.sum(1) * rows).sum() / image.sum()), float((image.sum(0) * columns).sum() / image.sum())


def _shift(image: Tensor) -> tuple[int, int]:
    row, column = _middle_of(image)
    return round(14 - row), round(14 - column)


def _unrounded(image: Tensor) -> tuple[float, float]:
    row, column = _middle_of(image)
    return 14 - row, 14 - column


def _box_shift(image: Tensor) -> tuple[int, int]:
    rows, columns = image.sum(1).nonzero(), image.sum(0).nonzero()
    return tuple(round(14 - float(places.min() + places.max()) / 2) for places in (rows, columns))


def _logits(generator: torch.Generator) -> Cases:
    return [(3 * torch.randn(10, generator=generator),) for _ in range(3)]


def _top_three(logits: Tensor) -> tuple[Tensor, Tensor]:
    probabilities, classes = logits.softmax(0).topk(3)
    return classes, probabilities


def _softmax_of_three(logits: Tensor) -> tuple[Tensor, Tensor]:
    values, classes = logits.topk(3)
    return classes, values.softmax(0)


def _by_class(logits: Tensor) -> tuple[Tensor, Tensor]:
    classes = _top_three(logits)[0].sort().values
    return classes, logits.softmax(0)[classes]


EXERCISES = (
    Exercise(
        name="fit-the-box",
        right=_fitted,
        cases=_sizes,
        todo="Find the factor that makes the longer side 20. Both sides are multiplied by it, and rounded.",
        shows="the longer side is 20, and the shape is kept. Even a stroke of a single pixel's width is there afterwards.",
        mistakes=(
            Mistake(
                lambda height, width: (20, 20),
                "Does a 1 still look like a 1?",
                "You stretch both sides to 20, so a thin 1 becomes a block. Multiply both by the same factor.",
            ),
            Mistake(
                lambda height, width: (20, max(1, round(20 * width / height))),
                "Does a wide drawing fit, too?",
                "You always make the height 20, so a wide drawing is cut off. The factor is 20 / max(height, width).",
            ),
            Mistake(
                lambda height, width: tuple(round(20 * side / min(height, width)) for side in (height, width)),
                "Which side is 20 in the end, the longer or the shorter?",
                "You make the shorter side 20, so the longer one does not fit. Divide by max(height, width), not by min.",
            ),
            Mistake(
                lambda height, width: tuple(round(20 * side / max(height, width)) for side in (height, width)),
                "What becomes of a very thin stroke?",
                "A thin stroke gets the width 0, and is gone. max(1, ...) leaves it one pixel.",
            ),
            Mistake(
                lambda height, width: tuple(max(1, 20 * side // max(height, width)) for side in (height, width)),
                "Rounded down, or to the nearest whole number?",
                "You round down: // or int() cuts the rest off. round(...) takes the nearest whole number.",
            ),
            Mistake(
                lambda height, width: tuple(max(1, 20 * side / max(height, width)) for side in (height, width)),
                "How many pixels wide is 6.4?",
                "Your sides are not whole numbers. Round both with round(...).",
            ),
            Mistake(
                lambda height, width: tuple(max(1, round(28 * side / max(height, width))) for side in (height, width)),
                "How large is the box, and how large is the image?",
                "You fill all 28 pixels. The box has 20, and the margin of 4 on each side stays empty.",
            ),
            Mistake(
                lambda height, width: _fitted(width, height),
                "Which one is asked for first, height or width?",
                "Height and width are swapped. The height is named first.",
            ),
        ),
    ),
    Exercise(
        name="centre-on-paper",
        right=(1.7, 2.3),
        tolerance=0.01,
        todo="Write two numbers in their place, in brackets: the row and the column.",
        shows="each ink pixel pulls the centre towards itself, as strongly as it is dark. So the 7 nearly has it for itself.",
        mistakes=(
            Mistake((2.3, 1.7), "Which comes first, the row or the column?", "Row and column are swapped: the row is named first."),
            Mistake(
                (4 / 3, 5 / 3),
                "Do all three pixels pull equally strongly?",
                "That is the mean of the three places. Weigh each with its ink: the 7 counts seven times.",
            ),
            Mistake(
                (1.5, 1.5),
                "The middle of the ink's frame, or its centre of mass?",
                "That is the middle of the frame around the ink. The centre of mass weighs each place with its ink.",
            ),
            Mistake((2.7, 3.3), "Which number has the first row?", "You count rows and columns from 1. They are counted from 0."),
            Mistake(
                (17 / 12, 23 / 12),
                "What are the weighted places divided by?",
                "You divide by the 12 pixels. Divide by the ink, 2 + 1 + 7 = 10.",
            ),
            Mistake((17, 23), "Can the centre lie outside of the image?", "17 and 23 are the weighted sums. Divide them by the ink, 10."),
        ),
    ),
    Exercise(
        name="move-to-the-middle",
        right=_shift,
        cases=_drawings,
        todo="Find the centre of mass, and return how far it lies from (14, 14): 14 minus it, rounded.",
        shows="moved by that, the ink balances where MNIST's digits balance.",
        mistakes=(
            Mistake(
                lambda image: tuple(-step for step in _shift(image)),
                "A drawing that is too high has to move down. Is your number positive then?",
                "The sign is turned round: you return centre - 14. It is 14 - centre, since down and right are positive.",
            ),
            Mistake(
                lambda image: _shift(image.mT),
                "Which comes first, down or right?",
                "Down and right are swapped. The row's number is named first: image.sum(1) holds the ink of each row.",
            ),
            Mistake(
                _box_shift,
                "The middle of the frame, or the centre of mass?",
                "You centre the frame around the ink. Weigh each row and each column with its ink.",
            ),
            Mistake(
                lambda image: _shift((image > 0).float()),
                "Does a faint pixel pull as strongly as a dark one?",
                "You count the pixels with ink, faint or dark. Weigh each with its value.",
            ),
            Mistake(
                _unrounded,
                "Can an image move by 2.4 pixels without new numbers between the old ones?",
                "Your steps are not whole numbers. Round both with round(...).",
            ),
            Mistake(
                lambda image: tuple(round(place) for place in _middle_of(image)),
                "Where the centre is, or how far it has to move?",
                "You return the centre itself. How far it lies from 14 is asked for: 14 minus it.",
            ),
        ),
    ),
    Exercise(
        name="top-three",
        right=_top_three,
        cases=_logits,
        todo="Softmax turns the ten logits into probabilities. Then take the three largest, with their places.",
        shows="three answers, each with its share of the whole. What the other seven classes got is what is missing to 1.",
        mistakes=(
            Mistake(
                _softmax_of_three,
                "Do your three probabilities add up to 1? Should they?",
                "You take the three largest logits first, and softmax gives them everything. Softmax all ten, then take three.",
            ),
            Mistake(
                lambda logits: tuple(reversed(logits.topk(3))),
                "Can a probability be larger than 1, or negative?",
                "You return logits. softmax(dim=0) turns them into probabilities.",
            ),
            Mistake(
                lambda logits: tuple(reversed(_top_three(logits))),
                "What comes first, the classes or their probabilities?",
                "topk gives the values first, then their places. Return them the other way round: classes, probabilities.",
            ),
            Mistake(
                lambda logits: tuple(reversed(logits.softmax(0).topk(3, largest=False))),
                "Are these the likeliest classes?",
                "You take the three smallest. topk(3) gives the largest.",
            ),
            Mistake(
                lambda logits: (_top_three(logits)[0], logits.topk(3).values.sigmoid()),
                "Do the probabilities of all ten classes add up to 1?",
                "sigmoid looks at each logit alone. softmax shares one whole among all ten.",
            ),
            Mistake(_by_class, "Which of the three comes first?", "You sort by class. The likeliest comes first."),
            Mistake(
                lambda logits: tuple(part.flip(0) for part in _top_three(logits)),
                "Which of the three comes first?",
                "Your likeliest class comes last. sort and argsort begin with the smallest: turn the order round.",
            ),
        ),
    ),
)
