"""The exercises of chapter 03: pooling on paper and in code, where the gradient goes, and what a unit sees."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.exercises.checking import Cases, Exercise, Mistake


def _right_pool(x: Tensor, k: int) -> Tensor:
    return F.max_pool2d(x[None], k)[0]


def _maps(generator: torch.Generator) -> Cases:
    """Neither square nor a multiple of the window, and below zero as often as above."""
    sizes = [(3, 4, 6, 2), (2, 7, 5, 2), (4, 9, 8, 3), (2, 5, 11, 4)]
    return [(torch.randn(c, h, w, generator=generator), k) for c, h, w, k in sizes] + [(torch.randn(2, 6, 8, generator=generator) - 2, 2)]


def _right_field(layers: list[tuple[int, int]]) -> int:
    """By autograd: how many pixels of a long row reach the middle unit of the last layer."""
    row = torch.zeros(1, 1, 2000, dtype=torch.float64, requires_grad=True)
    out = row
    for kernel, stride in layers:
        out = F.conv1d(out, torch.full((1, 1, kernel), 1 / kernel, dtype=torch.float64), stride=stride)
    out[0, 0, out.shape[2] // 2].backward()
    reached = row.grad[0, 0].nonzero().flatten()
    return int(reached[-1] - reached[0]) + 1


def _field(layers: list[tuple[int, int]], start: int = 1, own_stride: bool = False, strides: bool = True, cells_less: int = 1) -> int:
    """The rule, or the rule with one thing wrong."""
    field, step = start, 1
    for kernel, stride in layers:
        if own_stride:
            step *= stride
        field += (kernel - cells_less) * step
        if strides and not own_stride:
            step *= stride
    return field


def _added_steps(layers: list[tuple[int, int]]) -> int:
    field, step = 1, 1
    for kernel, stride in layers:
        field, step = field + (kernel - 1) * step, step + stride - 1
    return field


def _networks(generator: torch.Generator) -> Cases:
    special = [[(5, 1)], [(5, 1), (2, 2)], [(5, 1), (2, 2), (5, 1), (2, 2)], [(3, 2), (3, 2), (3, 2)], [(3, 1), (3, 1), (3, 1)], [(7, 2), (2, 2), (3, 1)]]
    drawn = torch.stack([torch.randint(2, 6, (8, 3), generator=generator), torch.randint(1, 4, (8, 3), generator=generator)], dim=2)
    return [(layers,) for layers in special] + [([tuple(pair) for pair in layers],) for layers in drawn.tolist()]


def _right_gradient(x: Tensor, upstream: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    F.max_pool2d(x[None], 2)[0].backward(upstream)
    return x.grad


def _spread(numbers: Tensor) -> Tensor:
    """Each number copied to all four places of its window."""
    return numbers.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1)


def _maps_and_gradients(generator: torch.Generator) -> Cases:
    """No number twice in a map, so that no window has a tie."""
    sizes = [(2, 2), (4, 6), (6, 4), (8, 8)]
    return [(torch.randn(h, w, generator=generator), torch.randn(h // 2, w // 2, generator=generator)) for h, w in sizes]


EXERCISES = (
    Exercise(
        name="max-on-paper",
        right=(4, 2, -1, 5),
        todo="Write four numbers in their place, in brackets: the largest of each window.",
        shows="4 2 in the first row, -1 5 in the second. Where all four are negative, the largest is the one nearest to zero.",
        mistakes=(
            Mistake(
                (1.75, 0.75, -2.5, 0.5),
                "Which one number of the window do you keep?",
                "You take the mean of each window. That is average pooling; max pooling keeps the largest.",
            ),
            Mistake(
                (4, 2, 0, 5),
                "Look at the window with four negative numbers. Is 0 among them?",
                "You write 0 where all four are negative. That is ReLU. Max pooling keeps one of the four: the largest is -1.",
            ),
            Mistake(
                (4, 2, -4, -6),
                "Is -4 larger than -1, or smaller?",
                "You take the number furthest from zero. The largest of -2, -3, -4 and -1 is -1.",
            ),
            Mistake(
                (4, -1, 2, 5),
                "In which order do you read the output: by rows or by columns?",
                "You go down the columns. First the upper row from left to right, then the lower one.",
            ),
            Mistake(
                (3, 4, 5, 2),
                "How many rows and how many columns has one window?",
                "You take the largest of each whole row or column. A window is 2 rows by 2 columns: cut the map into four windows.",
            ),
            Mistake(
                (-1, 0, -4, -6),
                "Largest, or smallest?",
                "You keep the smallest of each window. Max pooling keeps the largest.",
            ),
        ),
    ),
    Exercise(
        name="max-pool",
        right=_right_pool,
        cases=_maps,
        todo="For each channel and each window, take the largest number.",
        shows="your pooling agrees with F.max_pool2d: no parameters, each channel alone, and what is left over at the edge is not read.",
        mistakes=(
            Mistake(
                lambda x, k: F.max_pool2d(x[None], k, ceil_mode=True)[0],
                "A map of 7 rows and windows of 2: how many whole windows fit?",
                "You pool the leftover rows and columns, too. A window that does not fit is left out: H // k and W // k, as chapter 02's floor says.",
            ),
            Mistake(
                lambda x, k: F.max_pool2d(x[None], k, stride=1)[0],
                "How far does the window move at a time?",
                "Your windows overlap. The next one begins k places further, not 1.",
            ),
            Mistake(
                lambda x, k: F.avg_pool2d(x[None], k)[0],
                "Largest, or mean?",
                "You take the mean of the window. That is average pooling; here the largest is asked for.",
            ),
            Mistake(
                lambda x, k: _right_pool(x, k).clamp(min=0),
                "What does your function say to a window of negative numbers?",
                "You begin with 0, so no result can be smaller. Begin with a number of the window, or with minus infinity.",
            ),
            Mistake(
                lambda x, k: _right_pool(x.amax(0, keepdim=True).expand_as(x), k),
                "Change channel 1 of x alone. Does your channel 0 change?",
                "You take the largest over all channels. Pooling treats each channel on its own.",
            ),
            Mistake(
                lambda x, k: _right_pool(x.amax(0, keepdim=True), k)[0],
                "How many maps go in, and how many come out?",
                "Your channels are gone. Pooling treats each channel on its own: C maps in, C maps out.",
            ),
            Mistake(
                lambda x, k: _right_pool(x.amax(0, keepdim=True), k),
                "How many maps go in, and how many come out?",
                "Your channels have become one. Pooling treats each channel on its own: C maps in, C maps out.",
            ),
            Mistake(
                lambda x, k: _right_pool(x, k).transpose(1, 2),
                "Which axis of your result runs down the rows?",
                "Rows and columns are swapped. The result has the shape (C, H // k, W // k).",
            ),
            Mistake(
                lambda x, k: x[:, : x.shape[1] // k * k : k, : x.shape[2] // k * k : k],
                "Does your result change when the last number of a window grows?",
                "You keep the first number of each window, whatever it is. Look at all k · k of them, and keep the largest.",
            ),
            Mistake(
                lambda x, k: F.max_pool2d(x[None], (k, 1))[0],
                "Has your result W // k columns?",
                "You pool down the rows only. A window has k rows and k columns: take the largest over both.",
            ),
        ),
    ),
    Exercise(
        name="winner-takes-it",
        right=_right_gradient,
        cases=_maps_and_gradients,
        todo="Begin with zeros. In each window, find the place of the largest number, and put the window's gradient there.",
        shows="the winner of each window gets all of its gradient, and the other three get 0. This is max pooling's backward.",
        mistakes=(
            Mistake(
                lambda x, upstream: _spread(upstream) / 4,
                "Would the output change if a loser grew a little?",
                "You give a quarter to each of the four. That is average pooling; in max pooling the winner gets all of it.",
            ),
            Mistake(
                lambda x, upstream: _spread(upstream),
                "Would the output change if a loser grew a little?",
                "You copy the gradient to all four. Only the winner made the output, so the other three get 0.",
            ),
            Mistake(
                lambda x, upstream: _right_gradient(x, torch.ones_like(upstream)),
                "Does your result change with upstream?",
                "You write 1 at the winner. Write the window's number of upstream there.",
            ),
            Mistake(
                lambda x, upstream: x * _right_gradient(x, torch.ones_like(upstream)),
                "Does your result change with upstream?",
                "You write the largest number itself. The gradient is asked for: the window's number of upstream, at the winner's place.",
            ),
            Mistake(
                lambda x, upstream: x * _right_gradient(x, upstream),
                "If the winner grows by 1, by how much does the output of its window grow?",
                "You multiply by the winner. The output grows exactly as the winner does, so the gradient is upstream's number alone.",
            ),
            Mistake(
                lambda x, upstream: _right_gradient(x.abs(), upstream),
                "Is -4 larger than -1, or smaller?",
                "You look for the number furthest from zero. The winner is the largest one.",
            ),
            Mistake(
                lambda x, upstream: _right_gradient(-x, upstream),
                "Largest, or smallest?",
                "You give the gradient to the smallest number. The winner is the largest one.",
            ),
            Mistake(
                lambda x, upstream: _right_gradient(torch.zeros_like(x), upstream),
                "Does your result change when the winner stands elsewhere?",
                "You put the gradient at the top left of each window. Put it where the largest number stands.",
            ),
        ),
    ),
    Exercise(
        name="receptive-field",
        right=_right_field,
        cases=_networks,
        todo="Begin with 1 pixel. Each layer adds (kernel - 1) steps: how long is one of them in pixels?",
        shows="each layer adds (kernel - 1) steps, and each stride makes all later steps longer. So a 2 x 2 pooling widens every layer behind it.",
        mistakes=(
            Mistake(
                lambda layers: sum(kernel for kernel, _ in layers),
                "Two layers with kernel 3 and stride 1: do they see 6 pixels, or 5?",
                "You add up the kernels. Neighbouring windows overlap, so a layer adds kernel - 1 steps, and the start is 1 pixel.",
            ),
            Mistake(
                lambda layers: _field(layers, strides=False),
                "Does your answer change with the strides?",
                "The strides are missing. Behind a layer with stride 2, one step is two pixels long.",
            ),
            Mistake(
                lambda layers: _field(layers, own_stride=True),
                "A single layer with kernel 5 and stride 2: how many pixels does one unit see?",
                "You let a layer's stride lengthen its own window. The stride counts for the layers behind it: add first, then multiply the step.",
            ),
            Mistake(
                lambda layers: _field(layers, start=0),
                "With no layer at all: how many pixels does one pixel see?",
                "You begin with 0. One pixel sees itself: begin with 1.",
            ),
            Mistake(
                lambda layers: _field(layers, start=0, cells_less=0),
                "How many steps lie between the cells of a kernel of 5?",
                "You add kernel steps. From its first cell to its last, a kernel takes kernel - 1 steps, and the start is 1 pixel.",
            ),
            Mistake(
                _added_steps,
                "Three strides of 2 in a row: how many pixels is one step then?",
                "You add the strides up. Each one makes the steps so many times as long: multiply.",
            ),
            Mistake(
                lambda layers: layers[-1][0],
                "Does your answer change when a layer is put in front?",
                "You look at the last layer only. Its inputs are units themselves, and each of them sees several pixels.",
            ),
            Mistake(
                lambda layers: _field(layers[::-1]),
                "In which order do you go through the layers?",
                "You go from the last layer to the first. A stride lengthens the steps of the layers that come after it.",
            ),
        ),
    ),
)
