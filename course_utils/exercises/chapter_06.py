"""The exercises of chapter 06: how similar two points of a map are, and how well a map keeps classes together."""

import math

import torch
from torch import Tensor

from course_utils.exercises.checking import Cases, Exercise, Mistake


def _right_share(points: Tensor, labels: Tensor) -> float:
    distances = torch.cdist(points, points).fill_diagonal_(math.inf)  # (N, N)
    return (labels[distances.argmin(dim=1)] == labels).double().mean().item()


def _maps(generator: torch.Generator) -> Cases:
    """Points in loose groups, so that some neighbours share their class and some do not."""
    cases = []
    for n in (20, 37, 60):
        labels = torch.randint(3, (n,), generator=generator)
        cases.append((torch.randn(n, 2, generator=generator) + labels[:, None], labels))
    return cases


def _share_of(points: Tensor, labels: Tensor, itself: bool = False, farthest: bool = False) -> float:
    distances = torch.cdist(points, points)
    if farthest:
        nearest = distances.argmax(dim=1)
    else:
        nearest = (distances if itself else distances.fill_diagonal_(math.inf)).argmin(dim=1)
    return (labels[nearest] == labels).double().mean().item()


def _along_one_axis(points: Tensor, labels: Tensor) -> float:
    distances = (points[:, None, 0] - points[None, :, 0]).abs().fill_diagonal_(math.inf)
    return (labels[distances.argmin(dim=1)] == labels).double().mean().item()


EXERCISES = (
    Exercise(
        name="similarity-on-paper",
        right=1 / 6,
        tolerance=0.002,
        todo="Write a number in their place: w = 1 / (1 + squared distance).",
        shows="the points are 2 and 1 apart along the axes, so the squared distance is 4 + 1 = 5, and w = 1/6.",
        mistakes=(
            Mistake(
                1 / (1 + math.sqrt(5)),
                "Distance, or squared distance?",
                "0.31 takes the distance, the root of 5. The formula takes its square, 5.",
            ),
            Mistake(1 / 5, "What is w for two points in the same place?", "1/5 leaves the 1 out: w = 1 / (1 + 5)."),
            Mistake(
                1 / 10,
                "Square first, or add first?",
                "1/10 takes (2 + 1)² = 9. Square each difference, then add: 4 + 1 = 5.",
            ),
            Mistake(6, "Do near points have a large w, or a small one?", "6 is 1 + 5. w is 1 divided by that."),
        ),
    ),
    Exercise(
        name="same-class-share",
        right=_right_share,
        cases=_maps,
        todo="For each point, find the nearest other point, and compare their classes.",
        shows="this one number says how well a map keeps the classes together, whatever its axes and its distances.",
        mistakes=(
            Mistake(
                lambda points, labels: _share_of(points, labels, itself=True),
                "Who is nearest to a point, at distance 0?",
                "Each point is its own nearest neighbour here, so the share is 1. Leave the diagonal out, with fill_diagonal_(float(\"inf\")).",
            ),
            Mistake(
                lambda points, labels: 1 - _right_share(points, labels),
                "Do you count those that agree, or those that differ?",
                "You count the neighbours of another class. The share of the same class is asked for.",
            ),
            Mistake(
                lambda points, labels: _share_of(points, labels, farthest=True),
                "Nearest, or farthest?",
                "You take the farthest point: argmax. The nearest one is at argmin.",
            ),
            Mistake(
                lambda points, labels: round(_right_share(points, labels) * len(labels)),
                "A share lies between 0 and 1.",
                "You count the points. Divide by how many there are.",
            ),
            Mistake(
                _along_one_axis,
                "A map has two axes. Does your distance use both?",
                "You measure along the first axis alone. torch.cdist(points, points) measures along both.",
            ),
        ),
    ),
)
