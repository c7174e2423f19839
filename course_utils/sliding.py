"""A window that slides over an image: where it can begin, what it reads, what comes out, and all of it in words.

Plain functions, shared by the figures and by the SlidingWindow explorer. Places are counted from 0;
rows and columns of padding that lie before the image are counted below 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

MODES = ("convolution", "max", "average")


def starts(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> range:
    """Where a window can begin on n pixels with p cells of padding on both sides, counted from the first of all cells.

    Args:
        n: pixels, from 1. k: cells of the window, from 1. s: stride, from 1. p: padding on each side, from 0. d: dilation, from 1.

    Raises:
        ValueError: where a number is below its least value.
    """
    if min(n, k, s, d) < 1 or p < 0:
        raise ValueError(
            f"Sizes, stride and dilation start at 1, padding at 0; here are n={n}, k={k}, s={s}, p={p}, d={d}.\n"
            "Raise the numbers that are too small."
        )
    return range(0, n + 2 * p - d * (k - 1), s)


def reads(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> list[range]:
    """The cells that each position of a window reads; below 0 and from n on: padding. Arguments and errors as for `starts`."""
    return [range(start - p, start - p + d * (k - 1) + 1, d) for start in starts(n, k, s, p, d)]


def unread(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> list[int]:
    """The pixels, from 0 to n - 1, that no window reads. Arguments and errors as for `starts`."""
    return sorted(set(range(n)).difference(*reads(n, k, s, p, d)))


def refusal(
    shape: Sequence[int], window: Sequence[int], mode: str = "convolution", stride: int = 1, padding: int = 0, dilation: int = 1,
    place: Sequence[int] = (0, 0),
) -> str:  # fmt: skip
    """Why PyTorch would not slide a window so, in two lines: what is wrong, and what to do. "" where it would.

    Args:
        shape, window: rows and columns of the image and of the window, from 1.
        mode: one of `MODES`.
        stride, padding, dilation: as in `F.conv2d` and `F.max_pool2d`, the same both ways.
        place: row and column in the output.

    Raises:
        ValueError: where a number is below its least value.
    """
    rows, columns = (starts(n, k, stride, padding, dilation) for n, k in zip(shape, window))
    half = min(window) // 2
    if mode == "average" and dilation > 1:
        return f"Average pooling has no dilation: F.avg_pool2d takes none; here is dilation {dilation}.\nSet dilation to 1."
    if mode != "convolution" and padding > half:
        return (
            f"Pooling takes a padding of at most half its window: {half} for a window of {min(window)}; here is padding {padding}.\n"
            "Take less padding or a larger window."
        )
    if not (rows and columns):
        reach, room = (
            f"{height} by {width}"
            for height, width in ([dilation * (k - 1) + 1 for k in window], [n + 2 * padding for n in shape])
        )  # fmt: skip
        return (
            f"The window fits nowhere: it spans {reach} cells, the padded input has {room}.\n"
            "Take more padding, a smaller kernel or less dilation."
        )
    row, column = place
    if row not in range(len(rows)) or column not in range(len(columns)):
        return (
            f"The output has no row {row}, column {column}: it has {len(rows)} rows and {len(columns)} columns, counted from 0.\n"
            f"Take a row up to {len(rows) - 1} and a column up to {len(columns) - 1}."
        )
    return ""


def slide(
    image: torch.Tensor, kernel: torch.Tensor, mode: str = "convolution", stride: int = 1, padding: int = 0, dilation: int = 1
) -> torch.Tensor:  # fmt: skip
    """The output of a convolution or a pooling of one channel.

    Args:
        image: (H, W) floating-point numbers.
        kernel: (h, w) numbers; pooling uses its shape alone.
        mode: one of `MODES`.
        stride, padding, dilation: as in `F.conv2d` and `F.max_pool2d`, the same both ways.

    Returns:
        (rows, columns) of the image's dtype, added up in float64.

    Raises:
        RuntimeError: torch's own, where `refusal` gives a reason.
    """
    x, size = image[None, None].double(), tuple(kernel.shape)  # (1, 1, H, W)
    if mode == "convolution":
        output = F.conv2d(x, kernel[None, None].double(), stride=stride, padding=padding, dilation=dilation)
    elif mode == "max":
        output = F.max_pool2d(x, size, stride=stride, padding=padding, dilation=dilation)
    else:
        output = F.avg_pool2d(x, size, stride=stride, padding=padding)
    return output[0, 0].to(image.dtype)


def summary(
    image: torch.Tensor, kernel: torch.Tensor, mode: str = "convolution", stride: int = 1, padding: int = 0, dilation: int = 1,
    place: tuple[int, int] = (0, 0),
) -> str:  # fmt: skip
    """One place of the output in words: what its window reads, the numbers worked out, and the pixels that no window reads.

    Arguments as for `slide`; place: row and column in the output.

    Raises:
        ValueError: with `refusal`'s reason, where there is one.
    """
    if why := refusal(image.shape, kernel.shape, mode, stride, padding, dilation, place):
        raise ValueError(why)
    output = slide(image, kernel, mode, stride, padding, dilation)
    settings = (stride, padding, dilation)
    rows, columns = (reads(n, k, *settings)[at] for n, k, at in zip(image.shape, kernel.shape, place))
    outside = float("-inf") if mode == "max" else 0.0  # what padding counts as
    padded = F.pad(image, [padding] * 4, value=outside)
    cells = padded[[row + padding for row in rows]][:, [column + padding for column in columns]]  # (h, w)
    worked_out = arithmetic(cells.numpy(), kernel.numpy(), output[place].reshape(1).numpy(), mode).replace("\n", " ")
    missed = [_lines(axis, unread(n, k, *settings)) for axis, n, k in zip(("row", "column"), image.shape, kernel.shape)]
    return (
        f"The output is {output.shape[0]} x {output.shape[1]}. "
        f"Row {place[0]}, column {place[1]} reads {_lines('row', rows)} and {_lines('column', columns)}: {worked_out}. "
        f"Never read: {' and '.join(filter(None, missed)) or 'nothing'}."
    )


def arithmetic(cells: np.ndarray, kernel: np.ndarray, result: np.ndarray, mode: str = "convolution") -> str:
    """A window (h, w) and its result (1,), worked out: a row of the window a line; of more than 9 cells the result alone."""
    used = [cells, kernel, result] if mode == "convolution" else [cells, result]
    exact = all(_is_rounded(values, 2) for values in used)
    numbers, weights, (answer,) = ([number(value, decimals(values)) for value in values.flat] for values in (cells, kernel, result))
    equals = f"{'=' if exact else '≈'} {answer}"
    if kernel.size > 9:
        what = {"convolution": "sum of {} products", "max": "largest of {} numbers", "average": "mean of {} numbers"}[mode]
        return f"{what.format(kernel.size)} {equals}"
    if mode == "convolution":
        terms = [f"{cell}·{f'({weight})' if weight.startswith('-') else weight}" for cell, weight in zip(numbers, weights)]
    else:
        terms = [f"({cell})" if mode == "average" and cell.startswith("-") else cell for cell in numbers]
    width, glue = kernel.shape[1], "," if mode == "max" else " +"
    lines = f"{glue}\n".join(f"{glue} ".join(terms[i : i + width]) for i in range(0, len(terms), width))
    return {"convolution": lines, "max": f"max({lines})", "average": f"({lines}) / {kernel.size}"}[mode] + f" {equals}"


def decimals(values: np.ndarray) -> int:
    """Digits that numbers need after the point, 2 at most."""
    return next((digits for digits in (0, 1) if _is_rounded(values, digits)), 2)


def number(value: float, decimals: int) -> str:
    """A number with so many digits after the point, never "-0"; "-∞" for what max pooling's padding counts as."""
    return "-∞" if value == float("-inf") else f"{value:z.{decimals}f}"


def listed(numbers: Sequence[int]) -> str:
    """Numbers with commas between."""
    return ", ".join(map(str, numbers))


def _lines(axis: str, numbers: Sequence[int]) -> str:
    return f"{axis}{'s' if len(numbers) > 1 else ''} {listed(numbers)}" if len(numbers) else ""


def _is_rounded(values: np.ndarray, digits: int) -> bool:
    return np.allclose(values, values.round(digits), rtol=0, atol=1e-6)
