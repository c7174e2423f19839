"""The exercises of chapter 05: the loss of one guess, and the five lines of a training step."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from course_utils.exercises.checking import Cases, Exercise, Mistake


def _batches(generator: torch.Generator) -> Cases:
    """(weights of a small linear network (4, 6), x (5, 6), y (5,)), three times."""
    return [
        (
            torch.randn(4, 6, generator=generator),
            torch.randn(5, 6, generator=generator),
            torch.randint(4, (5,), generator=generator),
        )
        for _ in range(3)
    ]


def _two_steps(training_step: Callable, case: tuple) -> tuple | object:
    """Let the answer take two steps with a linear network whose gradients hold something old.

    Returns (loss of the first step, weights after one step, after two), or what it returned if that is nothing.
    """
    weights, x, y = case
    model = nn.Linear(6, 4, bias=False)
    model.weight.data = weights
    model.weight.grad = torch.ones_like(weights)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    loss = training_step(model, x, y, optimizer)
    once = model.weight.detach().clone()
    if loss is None or loss is ...:
        return loss
    training_step(model, x, y, optimizer)
    return (loss.detach() if isinstance(loss, Tensor) else loss), once, model.weight.detach()


def _step(
    softmax: bool = False, forget: bool = True, forget_after: bool = False, move: bool = True, summed: bool = False
) -> Callable[[nn.Module, Tensor, Tensor, Optimizer], float]:
    """The five lines, right or with one mistake."""

    def training_step(model: nn.Module, x: Tensor, y: Tensor, optimizer: Optimizer) -> float:
        logits = model(x)  # (B, 4)
        loss = F.cross_entropy(logits.softmax(dim=1) if softmax else logits, y, reduction="sum" if summed else "mean")
        if forget:
            optimizer.zero_grad()
        loss.backward()
        if move:
            optimizer.step()
        if forget_after:
            optimizer.zero_grad()
        return loss.item()

    return training_step


EXERCISES = (
    Exercise(
        name="loss-of-a-guess",
        right=math.log(4),
        tolerance=0.01,
        todo="Write a number in their place: minus the natural logarithm of 1/4.",
        shows="-log(1/4) = log 4 = 1.39. A reader that knows nothing about ten classes pays log 10, which is more.",
        mistakes=(
            Mistake(-math.log(4), "Can a loss be negative?", "-1.39 is log(1/4). The loss is minus that logarithm."),
            Mistake(
                math.log10(4),
                "Which logarithm does cross-entropy use?",
                "0.60 is the logarithm to base 10. Use the natural one: math.log, not math.log10.",
            ),
            Mistake(2, "Which logarithm does cross-entropy use?", "2 is the logarithm to base 2. Use the natural one: math.log, not math.log2."),
            Mistake(
                0.75,
                "Where is the logarithm?",
                "0.75 is what the right class lacks. The loss is minus the logarithm of its probability.",
            ),
        ),
    ),
    Exercise(
        name="training-step",
        right=_step(),
        cases=_batches,
        call=_two_steps,
        todo="Write the five lines, and return the loss as a number.",
        shows="the weights moved as they should, twice, though old gradients lay about. These five lines train every network here.",
        mistakes=(
            Mistake(
                _step(forget=False),
                "What do gradients do when backward is called again?",
                "zero_grad is missing: old gradients are added to the new ones. Forget them before loss.backward().",
            ),
            Mistake(
                _step(move=False),
                "Do the weights change?",
                "No weight moves. Either optimizer.step() is missing, or zero_grad stands between backward and step, which then finds no gradient.",
            ),
            Mistake(
                _step(forget=False, forget_after=True),
                "Which gradients does the very first step follow?",
                "zero_grad comes last, so your first step follows old gradients, too. Forget them before loss.backward().",
            ),
            Mistake(
                _step(softmax=True),
                "What does cross_entropy do with logits by itself?",
                "softmax stands before cross_entropy, which does it once more. Give it the logits as they are.",
            ),
            Mistake(
                _step(summed=True),
                "Is the loss of a batch a sum, or a mean?",
                "You add the losses of the batch up. Take their mean, as F.cross_entropy does by itself.",
            ),
        ),
    ),
)
