"""The exercises of chapter 02: the size of an output, the padding that keeps it, and which pixels are used how often."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.exercises.checking import Cases, Exercise, Mistake


def _right_size(n: int, k: int, s: int, p: int, d: int) -> int:
    return F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), stride=s, padding=p, dilation=d).shape[-1]


def _settings(generator: torch.Generator) -> Cases:
    """Forty settings that torch allows, and one for each part of the formula."""
    special = [(28, 5, 1, 2, 1), (8, 3, 2, 0, 1), (9, 3, 1, 1, 2), (12, 9, 2, 4, 1), (7, 2, 3, 0, 2)]
    drawn = []
    while len(drawn) < 40:
        n, k, s, p, d = (int(torch.randint(low, high, (), generator=generator)) for low, high in ((1, 30), (1, 8), (1, 5), (0, 5), (1, 4)))
        if n + 2 * p >= d * (k - 1) + 1:
            drawn.append((n, k, s, p, d))
    return special + drawn


def _right_padding(k: int, d: int) -> tuple[int, int]:
    total = d * (k - 1)
    return total // 2, total - total // 2


def _kernels(generator: torch.Generator) -> Cases:
    special = [(3, 1), (5, 1), (2, 1), (3, 2), (4, 1), (4, 3), (1, 1)]
    return special + [tuple(pair) for pair in torch.randint(1, 12, (20, 2), generator=generator).tolist()]


def _right_use(height: int, width: int, k: int, s: int, p: int) -> Tensor:
    """By autograd: the gradient of the sum of all windows counts how often each pixel was read."""
    image = torch.zeros(1, 1, height, width, requires_grad=True)
    F.conv2d(image, torch.ones(1, 1, k, k), stride=s, padding=p).sum().backward()
    return image.grad[0, 0].round().long()


def _padded_use(height: int, width: int, k: int, s: int, p: int) -> Tensor:
    return _right_use(height + 2 * p, width + 2 * p, k, s, 0)


def _images(generator: torch.Generator) -> Cases:
    special = [(8, 8, 3, 1, 1), (8, 6, 3, 2, 0), (5, 7, 2, 3, 0), (6, 4, 3, 1, 2)]
    drawn = torch.randint(0, 100, (8, 5), generator=generator).tolist()
    return special + [(5 + a % 5, 5 + b % 5, 2 + c % 4, 1 + d % 3, e % 3) for a, b, c, d, e in drawn]


EXERCISES = (
    Exercise(
        name="size-on-paper",
        right=6,
        todo="Write a number in their place: how many positions has the kernel?",
        shows="12 + 2·4 = 20 places, the kernel covers 9, so 11 are left to move; floor(11 / 2) = 5 moves, and the start makes 6.",
        mistakes=(
            Mistake(
                4,
                "On how many sides of the row do you put the four zeros?",
                "4 counts the padding once. It stands on both sides: 12 + 2·4 = 20.",
            ),
            Mistake(
                5,
                "You count moves. Where does the kernel stand before its first move?",
                "5 is the number of moves. The position at the start counts, too: + 1.",
            ),
            Mistake(
                7,
                "11 places are left, and each move takes 2. What about the last one?",
                "7 rounds 11 / 2 up. The last move would lead over the edge: round down.",
            ),
            Mistake(
                12,
                "How far does the kernel move at a time?",
                "12 is the answer for stride 1. Here each move takes 2 places.",
            ),
            Mistake(
                2,
                "What does p = 4 do?",
                "2 leaves the padding out. It adds 4 places on each side.",
            ),
        ),
    ),
    Exercise(
        name="padding-output-size",
        right=_right_size,
        cases=_settings,
        todo="Count: places with padding, minus what the kernel covers, divided by the stride.",
        shows="floor((n + 2p - d(k-1) - 1) / s) + 1 agrees with torch on all settings tried.",
        mistakes=(
            Mistake(
                lambda n, k, s, p, d: (n + p - d * (k - 1) - 1) // s + 1,
                "On how many sides is the padding added?",
                "You count the padding once. p zeros stand on each side, so 2p in all.",
            ),
            Mistake(
                lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) / s + 1,
                "Can there be half a position?",
                "You divide without rounding down. Use // in the place of /: the places that are left over are never read.",
            ),
            Mistake(
                lambda n, k, s, p, d: math.ceil((n + 2 * p - d * (k - 1) - 1) / s) + 1,
                "What happens when the last move would lead over the edge?",
                "You round up. A move that does not fit is not made: round down, with //.",
            ),
            Mistake(
                lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) // s,
                "Where does the kernel stand before its first move?",
                "You count moves. The position at the start counts, too: + 1.",
            ),
            Mistake(
                lambda n, k, s, p, d: (n + 2 * p - k) // s + 1,
                "Does your answer change with d?",
                "The dilation is missing. With dilation d a kernel of k numbers covers d(k-1) + 1 places.",
            ),
            Mistake(
                lambda n, k, s, p, d: (n + 2 * p - d * k) // s + 1,
                "How many gaps lie between k numbers?",
                "You count d·k places for the kernel. Between k numbers lie k - 1 steps of d, so it covers d(k-1) + 1.",
            ),
            Mistake(
                lambda n, k, s, p, d: n + 2 * p - d * (k - 1),
                "Does your answer change with s?",
                "The stride is missing. Divide what is left to move by s, and round down, before you add 1.",
            ),
        ),
    ),
    Exercise(
        name="same-padding",
        right=_right_padding,
        cases=_kernels,
        todo="How many places does a kernel take away at stride 1?",
        shows="d(k-1) zeros in all keep the size at stride 1. Half of them stand before, half after; an odd one stands after.",
        mistakes=(
            Mistake(
                lambda k, d: ((k - 1) // 2, k - 1 - (k - 1) // 2),
                "Does your answer change with d?",
                "The dilation is missing. The kernel takes d(k-1) places away, not k - 1.",
            ),
            Mistake(
                lambda k, d: (d * (k - 1), d * (k - 1)),
                "Add your two numbers. By how much does the size grow?",
                "You put all of d(k-1) on each side. Padding is on both sides, so each gets half.",
            ),
            Mistake(
                lambda k, d: (d * (k - 1) // 2, d * (k - 1) // 2),
                "Try k = 2, d = 1. Is the size kept?",
                "Where d(k-1) is odd, you lose one place to rounding. The side after gets the odd one.",
            ),
            Mistake(
                lambda k, d: (d * (k - 1) - d * (k - 1) // 2, d * (k - 1) // 2),
                "Which side gets the odd one?",
                "Your odd zero stands before. torch's padding=\"same\" puts it after, and so does this exercise.",
            ),
            Mistake(
                lambda k, d: (d * (k - 1) / 2, d * (k - 1) / 2),
                "Can there be half a zero?",
                "Padding is a whole number. Use // for the side before; the side after gets the rest.",
            ),
            Mistake(
                lambda k, d: (d * k // 2, d * k // 2),
                "How many steps lie between the k numbers of a kernel?",
                "You halve d·k. A kernel of k numbers takes d(k-1) places away.",
            ),
        ),
    ),
    Exercise(
        name="pixel-use",
        right=_right_use,
        cases=_images,
        todo="Go through all windows, and add 1 to each pixel that they cover.",
        shows="with padding, too, corners are read less often than the middle. Keeping the size is not treating all pixels equally.",
        mistakes=(
            Mistake(
                lambda height, width, k, s, p: _right_use(height, width, k, s, 0),
                "Does your answer change with p?",
                "The padding is missing: windows may begin up to p places outside of the image.",
            ),
            Mistake(
                lambda height, width, k, s, p: _right_use(height, width, k, 1, p),
                "Does your answer change with s?",
                "The stride is missing: the next window begins s places further.",
            ),
            Mistake(
                _padded_use,
                "Compare the shape of your result with that of the image.",
                "You count the zeros of the padding, too. Cut the frame of p off: only the image's own pixels are asked for.",
            ),
            Mistake(
                lambda height, width, k, s, p: _right_use(width, height, k, s, p),
                "Rows first: which of the two numbers is the height?",
                "Height and width are swapped. The result has `height` rows and `width` columns.",
            ),
            Mistake(
                lambda height, width, k, s, p: (_right_use(height, width, k, s, p) > 0).long(),
                "Is a pixel read once, or by several windows?",
                "You mark which pixels are read. Count how often: add 1 for each window.",
            ),
        ),
    ),
)
