"""Train a network step by step, and measure how well it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.utils.data import DataLoader


@dataclass(frozen=True)
class Step:
    """One training step, after the weights have moved.

    Attributes:
        index: counts the steps from 0, on through all epochs.
        epoch: counts the epochs from 0.
        loss: mean cross-entropy of the batch before this step, in nats, at least 0.
        seen: how many images have been learned from so far, this batch included.
    """

    index: int
    epoch: int
    loss: float
    seen: int


@dataclass(frozen=True)
class Evaluation:
    """How a network does on N digits.

    Attributes:
        accuracy: share of right predictions, 0 to 1.
        loss: mean cross-entropy, in nats, at least 0.
        predictions: int64 (N,), the class with the largest logit, in the loader's order.
        labels: int64 (N,), the right classes.
        confusion: int64 (10, 10), row = label, column = prediction; its sum is N.
    """

    accuracy: float
    loss: float
    predictions: Tensor
    labels: Tensor
    confusion: Tensor


def train_steps(
    model: nn.Module,
    loader: DataLoader,
    optimizer: Optimizer,
    epochs: int = 1,
    scheduler: LRScheduler | None = None,
    device: str | torch.device | None = None,
) -> Iterator[Step]:
    """Train, one batch per turn of your own `for` loop.

    Between two steps you may evaluate, draw, or leave the loop: the model keeps what it learned.

    Args:
        model: returns logits (B, 10), alone or first in a tuple.
        loader: batches of (x float32 (B, 1, 28, 28), y int64 (B,)).
        optimizer: any of torch.optim, over the model's parameters.
        epochs: how often to go through the loader.
        scheduler: any of torch.optim.lr_scheduler, moved on after every step.
        device: where to compute. None: the accelerator that torch finds, else the CPU.

    Yields:
        Step

    Raises:
        ValueError: the loader has no batch.

    On the CPU the same seeds give the same losses bit for bit, at a fixed number of threads.
    """
    if len(loader) == 0:
        raise ValueError("The loader has no batch to learn from.\nCheck the data set that you gave to make_loader.")
    device = torch.device(device) if device else default_device()
    model.to(device)
    seen = 0
    for epoch in range(epochs):
        for batch, (x, y) in enumerate(loader):
            x, y = x.to(device), y.to(device)  # (B, 1, 28, 28), (B,)
            if not model.training:
                model.train()

            def closure() -> Tensor:  # a function, since some optimizers (LBFGS) ask for the loss several times
                optimizer.zero_grad()
                loss = F.cross_entropy(logits_of(model, x), y)
                loss.backward()
                return loss

            loss = optimizer.step(closure).item()
            if isinstance(scheduler, ReduceLROnPlateau):
                scheduler.step(loss)
            elif scheduler is not None:
                scheduler.step()
            seen += len(y)
            yield Step(index=epoch * len(loader) + batch, epoch=epoch, loss=loss, seen=seen)


@torch.no_grad()
@torch.random.fork_rng(devices=[])  # a loader draws random numbers: the training around must not feel it
def evaluate(model: nn.Module, loader: DataLoader) -> Evaluation:
    """Read every digit of the loader once, without learning from it.

    Args:
        model: returns logits (B, 10), alone or first in a tuple; stays on its device and in its mode.
        loader: batches of (x float32 (B, 1, 28, 28), y int64 (B,)).

    Returns:
        Evaluation, its tensors on the CPU.

    Raises:
        ValueError: the loader has no batch.
    """
    if len(loader) == 0:
        raise ValueError("The loader has no batch to evaluate.\nCheck the data set that you gave to make_loader.")
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        logits, labels = zip(*((logits_of(model, x.to(device)).cpu(), y) for x, y in loader))
    finally:
        model.train(was_training)
    logits, labels = torch.cat(logits), torch.cat(labels)  # (N, 10), (N,)
    predictions = logits.argmax(dim=1)  # (N,)
    return Evaluation(
        accuracy=(predictions == labels).double().mean().item(),
        loss=F.cross_entropy(logits, labels).item(),
        predictions=predictions,
        labels=labels,
        confusion=torch.bincount(labels * 10 + predictions, minlength=100).view(10, 10),
    )


def logits_of(model: nn.Module, x: Tensor) -> Tensor:
    """The model's logits (B, 10) for x (B, 1, 28, 28), whether it returns them alone or first in a tuple."""
    output = model(x)
    return output[0] if isinstance(output, tuple) else output


def default_device() -> torch.device:
    """The accelerator that torch finds (CUDA, MPS, XPU ...), else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
