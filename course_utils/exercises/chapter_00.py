"""The exercises of chapter 00: how many numbers a batch holds, and raw digits made ready for a network."""

import torch
from torch import Tensor

from course_utils.exercises.checking import Cases, Exercise, Mistake


def _right_batch(raw: Tensor) -> Tensor:
    return raw.unsqueeze(1).float() / 255


def _raw_digits(generator: torch.Generator) -> Cases:
    sizes = [1, 2, 7]
    batches = [torch.randint(256, (n, 28, 28), generator=generator, dtype=torch.uint8) for n in sizes]
    return [(raw,) for raw in batches]


EXERCISES = (
    Exercise(
        name="numbers-in-a-batch",
        right=720,
        todo="Write a number in their place: how many numbers does the batch hold?",
        shows="8 x 3 x 6 x 5 = 720. The axes are (B, C, H, W), and their lengths multiply.",
        mistakes=(
            Mistake(
                240,
                "How many numbers has one pixel of a colour image?",
                "240 = 8 x 6 x 5 leaves the channels out. A colour image has three: red, green and blue.",
            ),
            Mistake(
                90,
                "Is that the whole batch, or one image of it?",
                "90 = 3 x 6 x 5 is one image. The batch holds 8 of them.",
            ),
            Mistake(
                22,
                "Think of a table with 6 rows and 5 columns. How many cells has it?",
                "22 = 8 + 3 + 6 + 5 adds the lengths of the axes. They multiply: 6 rows of 5 pixels are 30.",
            ),
        ),
    ),
    Exercise(
        name="to-batch",
        right=_right_batch,
        cases=_raw_digits,
        todo="It needs the channel axis, decimal numbers, and the range 0 to 1.",
        shows="(N, 1, 28, 28), float32, 0 to 1: this is what every network of this course reads.",
        mistakes=(
            Mistake(
                lambda raw: raw.float() / 255,
                "Look at the shape of your result. How many axes does a convolution read?",
                "The channel axis is missing: (N, 28, 28) should become (N, 1, 28, 28). unsqueeze(1) adds it.",
            ),
            Mistake(
                lambda raw: raw.unsqueeze(0).float() / 255,
                "The axis is there. Is it in the right place?",
                "unsqueeze(0) puts the new axis in front, which makes one image of N channels. It belongs in second place: unsqueeze(1).",
            ),
            Mistake(
                lambda raw: raw.unsqueeze(-1).float() / 255,
                "The axis is there. Is it in the right place?",
                "unsqueeze(-1) puts the channels last, (N, 28, 28, 1). torch wants them in second place: unsqueeze(1).",
            ),
            Mistake(
                lambda raw: raw.unsqueeze(1).float(),
                "What is the largest number of your result?",
                "The numbers still reach from 0 to 255. Divide by 255.",
            ),
            Mistake(
                lambda raw: raw.unsqueeze(1).float() / 256,
                "White paper is 0. What does the darkest ink, 255, become?",
                "A byte has 256 values, but the largest is 255. Divided by 256, it does not reach 1. Divide by 255.",
            ),
            Mistake(
                lambda raw: raw.unsqueeze(1),
                "Look at the dtype and at the largest number of your result.",
                "These are still bytes. Make them decimal numbers with .float(), then divide by 255.",
            ),
            Mistake(
                lambda raw: raw.unsqueeze(1) // 255,
                "Which numbers occur in your result?",
                "// divides and drops the rest: all greys become 0. Use .float() / 255.",
            ),
        ),
    ),
)
