"""Drawings as a hand would make them on the pad: MNIST digits thinned to a line, drawn again with a pen, anywhere."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from skimage.morphology import skeletonize
from torch import Tensor
from torch.nn.functional import interpolate

SIDE = 280  # of the pad
FINER = 4  # times as many pixels, before thinning: smoother lines


def skeleton(image: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The line in the middle of a digit's stroke.

    Args: image uint8 (1, 28, 28).
    Returns: (points float (P, 2), (row, column) around the middle of the line's box, whose longer side is 1;
        pairs int (S, 2), the points that neighbour each other).
    """
    fine = interpolate(image[None] / 255, scale_factor=FINER, mode="bicubic")[0, 0]  # (112, 112)
    cells = np.argwhere(skeletonize((fine > 0.5).numpy()))  # (P, 2)
    pairs = np.argwhere(np.triu(np.abs(cells[:, None] - cells).max(axis=2) == 1))  # (S, 2)
    points = cells - (cells.max(axis=0) + cells.min(axis=0)) / 2
    return points / max(np.ptp(points, axis=0).max(), 1), pairs


def strokes(pairs: np.ndarray) -> list[list[int]]:
    """The pairs of neighbouring points as strokes of a pen: each a walk along pairs that no stroke took before."""
    beside: dict[int, set[int]] = {}
    for a, b in pairs.tolist():
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    walks = []
    while any(beside.values()):
        ends = [point for point, others in beside.items() if len(others) == 1]
        walk = [ends[0] if ends else next(point for point, others in beside.items() if others)]
        while beside[walk[-1]]:
            point = beside[walk[-1]].pop()
            beside[point].remove(walk[-1])
            walk.append(point)
        walks.append(walk)
    return walks


def drawn(points: np.ndarray, pairs: np.ndarray, pen: float, size: float, turn: float, place: tuple[float, float]) -> np.ndarray:
    """A line drawn on the pad with a round pen, dark on white.

    Args:
        points, pairs: from `skeleton`.
        pen: pixels across.
        size: of the drawing, its longer side with the pen's width, 0 to 1, of the pad's 280 pixels.
        turn: degrees.
        place: 0 (top, left) to 1 (bottom, right): where in the room that the drawing leaves.

    Returns: uint8 (280, 280), 255 is paper.
    """
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    points = points @ np.array([[cos, -sin], [sin, cos]])
    points = (points - points.min(axis=0)) / max(np.ptp(points, axis=0).max(), 1e-9) * (size * SIDE - pen)
    points = points + pen / 2 + np.array(place) * (SIDE - pen - points.max(axis=0))
    line = np.zeros((SIDE, SIDE), bool)
    for along in np.linspace(0, 1, 12):  # the pairs lie a few pixels apart
        between = points[pairs[:, 0]] * (1 - along) + points[pairs[:, 1]] * along if len(pairs) else points
        row, column = between.astype(int).clip(0, SIDE - 1).T
        line[row, column] = True
    ink = np.clip(pen / 2 + 0.5 - distance_transform_edt(~line), 0, 1)
    return (255 - 255 * ink).round().astype(np.uint8)


def drawings(images: Tensor, seed: int) -> list[np.ndarray]:
    """Each digit drawn once: pens of 8 to 28 pixels, 40 to 100 % of the pad, up to 10 degrees turned, anywhere on it.

    Args: images uint8 (N, 1, 28, 28). Returns: N arrays uint8 (280, 280).
    """
    dice = np.random.RandomState(seed)  # frozen for good
    made = []
    for image in images:
        pen, size, turn = dice.uniform(8, 28), dice.uniform(0.4, 1), dice.uniform(-10, 10)
        made.append(drawn(*skeleton(image), pen, size, turn, tuple(dice.uniform(size=2))))
    return made
