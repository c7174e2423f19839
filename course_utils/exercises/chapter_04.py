"""The exercises of chapter 04: the order of the 1568 features, there and back, a batch in rows, and the evidence by place."""

import torch
from torch import Tensor

from course_utils.exercises.checking import Cases, Exercise, Mistake


def _right_place(index: int) -> tuple[int, ...]:
    return tuple(int(place) for place in torch.unravel_index(torch.tensor(index), (32, 7, 7)))


def _indices(generator: torch.Generator) -> Cases:
    """The ends, places where a row or a map begins or ends, and drawn ones."""
    drawn = torch.randint(0, 1568, (25,), generator=generator).tolist()
    return [(index,) for index in (0, 1567, 6, 7, 48, 49, 100, *drawn)]


def _right_rows(x: Tensor) -> Tensor:
    return torch.stack([image.reshape(-1) for image in x])


def _batches(generator: torch.Generator) -> Cases:
    """All lengths differ, so that a swapped axis shows; the last lies in another order in memory, as the CNN's maps do."""
    sizes = [(3, 2, 4, 5), (2, 3, 5, 4), (4, 5, 2, 3), (5, 4, 3, 2)]
    batches = [torch.randn(size, generator=generator) for size in sizes]
    return [(batch,) for batch in batches[:3]] + [(batches[3].contiguous(memory_format=torch.channels_last),)]


def _right_evidence(weight_row: Tensor, features: Tensor) -> Tensor:
    return torch.einsum("crk,crk->rk", weight_row.reshape(32, 7, 7), features.reshape(32, 7, 7))


def _weights_and_features(generator: torch.Generator) -> Cases:
    """Features are at least 0, as after ReLU."""
    return [(torch.randn(1568, generator=generator), torch.randn(1568, generator=generator).relu()) for _ in range(3)]


EXERCISES = (
    Exercise(
        name="index-on-paper",
        right=166,
        todo="Write a number in their place: how many numbers stand in the vector before the one that is asked for?",
        shows="3·49 + 2·7 + 5 = 166: three whole maps, two whole rows, and five numbers stand before it.",
        mistakes=(
            Mistake(
                184,
                "Which of the two is multiplied by 7: the row, or the column?",
                "184 takes row 5 and column 2. Each whole row has 7 numbers, so the row is multiplied by 7.",
            ),
            Mistake(
                611,
                "Which axis comes first in (32, 7, 7)?",
                "611 is the place if the channel changed fastest. Here the column does: map by map, row by row.",
            ),
            Mistake(
                167,
                "What is the place of the very first number?",
                "167 counts from 1. The first number of the vector has the place 0.",
            ),
            Mistake(
                109,
                "How many whole maps stand before map 3?",
                "109 counts maps, rows and columns from 1. Counted from 0, three whole maps stand before map 3: 0, 1 and 2.",
            ),
            Mistake(
                19,
                "Which map is it in?",
                "19 is the place inside of the map. Three whole maps of 49 numbers stand before it.",
            ),
            Mistake(
                115,
                "How many numbers has one map?",
                "115 takes 32 numbers for a map. 32 is how many maps there are; each has 7 · 7 = 49 numbers.",
            ),
        ),
    ),
    Exercise(
        name="place-of-index",
        right=_right_place,
        cases=_indices,
        todo="How many whole maps fit into the index? How many whole rows into what is left?",
        shows="divide by 49, then what is left by 7: the three numbers come back. The order of the vector holds the place of each feature.",
        mistakes=(
            Mistake(
                lambda index: (index // 49, index % 7, index % 49 // 7),
                "Try index 1. Is it in row 1, or in column 1?",
                "Row and column are swapped. The column changes fastest, so it is what is left after dividing by 7.",
            ),
            Mistake(
                lambda index: (index % 32, index // 32 // 7, index // 32 % 7),
                "Try index 1. Is it in map 1?",
                "You let the channel change fastest. The vector holds map 0 as a whole, then map 1.",
            ),
            Mistake(
                lambda index: (index // 49, index // 7, index % 7),
                "Try index 49. Is there a row 7?",
                "Your row counts through all maps. First take the whole maps away: index % 49 is what is left.",
            ),
            Mistake(
                lambda index: (index // 49, index % 49 // 7, index % 49),
                "Try index 7. Is there a column 7?",
                "Your column counts through the whole map. Take the whole rows away, too: index % 7.",
            ),
            Mistake(
                lambda index: (index / 49, index % 49 / 7, index % 7),
                "Can there be half a map?",
                "You divide without rounding down. Use // in the place of /: only whole maps and whole rows count.",
            ),
            Mistake(
                lambda index: (index // 49 + 1, index % 49 // 7 + 1, index % 7 + 1),
                "What is the very first place?",
                "You count from 1. Index 0 is map 0, row 0, column 0.",
            ),
            Mistake(
                lambda index: (index // 32, index % 32 // 7, index % 32 % 7),
                "How many numbers has one map?",
                "You divide by 32. That is how many maps there are; each has 49 numbers.",
            ),
        ),
    ),
    Exercise(
        name="flatten-batch",
        right=_right_rows,
        cases=_batches,
        todo="Keep the first axis, and make one of the other three.",
        shows="each image keeps a row of its own, and its numbers stay in their order. x.flatten(start_dim=1) does that for any batch.",
        mistakes=(
            Mistake(
                lambda x: x.flatten(),
                "How many rows has your result? How many images came in?",
                "You flatten the batch axis, too: all images end up in one row. Start at axis 1.",
            ),
            Mistake(
                lambda x: x.permute(0, 2, 3, 1).flatten(1),
                "Which number should come second: the next channel's, or the next column's?",
                "Your channels come last. Map 0 comes as a whole, then map 1: do not move the axes.",
            ),
            Mistake(
                lambda x: x.reshape(-1, len(x)).T,
                "Flatten the first image alone. Is that your first row?",
                "Your rows mix the images. The shape is right, but .T cannot bring together what reshape tore apart. Keep the first axis first.",
            ),
            Mistake(
                lambda x: x.transpose(0, 1).reshape(len(x), -1),
                "Flatten the first image alone. Is that your first row?",
                "Your rows mix the images: the channel axis stands first when you reshape. Leave the batch axis where it is.",
            ),
            Mistake(
                lambda x: x.flatten(2),
                "How many axes has your result? How many should it have?",
                "Your result keeps the channel axis. Flatten from axis 1 on: (B, C, H, W) becomes (B, C·H·W).",
            ),
            Mistake(
                lambda x: x.transpose(2, 3).flatten(1),
                "Which number should come second: the one to the right, or the one below?",
                "You go down the columns first. Go along the rows: do not swap the last two axes.",
            ),
            Mistake(
                lambda x: x.squeeze(),
                "Compare the shape before and after.",
                "squeeze removes axes of length 1 and joins none. To make one axis of three, flatten.",
            ),
        ),
    ),
    Exercise(
        name="evidence-map",
        right=_right_evidence,
        cases=_weights_and_features,
        todo="Multiply, fold back to maps, and add over the maps.",
        shows="the 49 numbers add up to the logit without its bias. They say where on the image it comes from.",
        mistakes=(
            Mistake(
                lambda w, f: (w * f).reshape(32, 7, 7),
                "How many axes should a map by row and column have?",
                "Your result still has the axis of the 32 maps. Add over it: .sum(dim=0).",
            ),
            Mistake(
                lambda w, f: (w * f).reshape(7, 7, 32).sum(dim=2),
                "In which order do the 1568 numbers stand?",
                "You fold to (7, 7, 32). The vector holds map after map: fold to (32, 7, 7), then add over the first axis.",
            ),
            Mistake(
                lambda w, f: f.reshape(32, 7, 7).sum(dim=0),
                "Does your answer change when the weights change?",
                "You add the features alone. Evidence is weight times feature.",
            ),
            Mistake(
                lambda w, f: w.reshape(32, 7, 7).sum(dim=0),
                "Does your answer change when the image changes?",
                "You add the weights alone. Evidence is weight times feature.",
            ),
            Mistake(
                lambda w, f: (w * f).reshape(32, 7, 7).mean(dim=0),
                "Do your 49 numbers add up to the logit without its bias?",
                "You take the mean over the maps. Add them up: .sum(dim=0).",
            ),
            Mistake(
                lambda w, f: (w * f).reshape(32, 7, 7).sum(dim=0).T,
                "Which axis of your result runs along the rows?",
                "Rows and columns are swapped. Leave them in the order that (32, 7, 7) gives them.",
            ),
            Mistake(
                lambda w, f: (w * f).sum(),
                "How many places are there?",
                "You add everything up to one number. Add over the maps only, so that one number is left for each of the 49 places.",
            ),
            Mistake(
                lambda w, f: w.reshape(32, 7, 7).sum(dim=0) * f.reshape(32, 7, 7).sum(dim=0),
                "First multiply, or first add?",
                "You add over the maps before you multiply. Each feature meets its own weight: multiply first.",
            ),
        ),
    ),
)
