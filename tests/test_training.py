"""course_utils.training: the step-by-step loop against the plain five lines, and evaluation against a sum by hand."""

import itertools
import math
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, LBFGS, RMSprop
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR

from course_utils import CNN, Digits, Step, evaluate, load_mnist, make_loader, train_steps
from course_utils.training import default_device


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums are added up in the same order on every machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits() -> Digits:
    """130 digits: two batches of 50 and one of 30."""
    train = load_mnist(source="sample").train
    return Digits(train.images[:130], train.labels[:130])


OPTIMIZERS = {  # without its line search, LBFGS runs away on some processors
    "SGD": lambda weights: SGD(weights, lr=0.1, momentum=0.5),
    "Adam": lambda weights: Adam(weights, lr=3e-3, fused=True),
    "RMSprop": lambda weights: RMSprop(weights, lr=1e-3),
    "LBFGS": lambda weights: LBFGS(weights, max_iter=4, line_search_fn="strong_wolfe"),
}


def start(digits: Digits, optimizer: str = "SGD", **options):
    """A fresh model, loader and optimizer, the same ones at every call."""
    torch.manual_seed(0)
    model = CNN()
    return model, make_loader(digits, 50, seed=0, **options), OPTIMIZERS[optimizer](model.parameters())


def steps_of(model, loader, optimizer, **options) -> list[Step]:
    return list(train_steps(model, loader, optimizer, device="cpu", **options))


def plain_loop(model, loader, optimizer, epochs: int = 1, stop: int | None = None) -> list[float]:
    """The five lines of every PyTorch tutorial."""
    losses = []
    for _ in range(epochs):
        for x, y in itertools.islice(loader, stop):
            logits, _ = model(x)
            loss = F.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def same_weights(model: nn.Module, other: nn.Module) -> bool:
    return all(map(torch.equal, model.state_dict().values(), other.state_dict().values()))


# ---------------------------------------------------------------- train_steps


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop"])
def test_same_as_the_plain_loop(digits, optimizer):
    """Losses and weights are those of the plain loop, bit for bit."""
    plain, *rest = start(digits, optimizer, augment=True)
    expected = plain_loop(plain, *rest, epochs=2)
    model, *rest = start(digits, optimizer, augment=True)
    assert [step.loss for step in steps_of(model, *rest, epochs=2)] == expected
    assert same_weights(model, plain)


def test_counts(digits):
    """Steps count on through the epochs; the last batch of an epoch adds only what it holds."""
    steps = steps_of(*start(digits), epochs=2)
    assert [(step.index, step.epoch, step.seen) for step in steps] == [
        (0, 0, 50), (1, 0, 100), (2, 0, 130), (3, 1, 180), (4, 1, 230), (5, 1, 260),
    ]  # fmt: skip
    assert all(isinstance(step, Step) and type(step.loss) is float for step in steps)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(digits, optimizer):
    """The loss falls, also with LBFGS, which asks for it several times a step; and a second run repeats the first."""
    first, second = (steps_of(*start(digits, optimizer), epochs=6) for _ in range(2))
    assert first == second
    assert sum(step.loss for step in first[-3:]) < 0.8 * sum(step.loss for step in first[:3])


@pytest.mark.parametrize(
    "make",
    [
        lambda optimizer: OneCycleLR(optimizer, max_lr=0.1, total_steps=6),
        lambda optimizer: StepLR(optimizer, step_size=2, gamma=0.5),
        lambda optimizer: ReduceLROnPlateau(optimizer, patience=1, factor=0.5),
    ],
    ids=["OneCycleLR", "StepLR", "ReduceLROnPlateau"],
)
def test_scheduler_moves_on_every_step(digits, make):
    """The learning rate after each step is that of a second scheduler moved by hand."""
    model, loader, optimizer = start(digits)
    optimizer.param_groups[0]["lr"] = 1.5  # too much: the loss rises and falls, so that a plateau is found
    by_hand = SGD([nn.Parameter(torch.zeros(1))], lr=1.5)
    scheduler, twin = make(optimizer), make(by_hand)
    rates = set()
    for step in train_steps(model, loader, optimizer, epochs=2, scheduler=scheduler, device="cpu"):
        by_hand.step()
        twin.step(step.loss) if isinstance(twin, ReduceLROnPlateau) else twin.step()
        assert optimizer.param_groups[0]["lr"] == by_hand.param_groups[0]["lr"]
        rates.add(optimizer.param_groups[0]["lr"])
    assert len(rates) > 1


def test_leaving_early_and_going_on(digits):
    """After `break` the model keeps what it learned, and a new call learns on from there."""
    plain, *rest = start(digits, "Adam")
    expected = plain_loop(plain, *rest, stop=2)
    model, loader, optimizer = start(digits, "Adam")
    losses = []
    for step in train_steps(model, loader, optimizer, epochs=5, device="cpu"):
        losses.append(step.loss)
        if step.index == 1:
            break
    assert losses == expected and same_weights(model, plain)
    expected = plain_loop(plain, *rest)
    again = steps_of(model, loader, optimizer)
    assert [step.loss for step in again] == expected and same_weights(model, plain)
    assert (again[0].index, again[0].seen) == (0, 50)


@pytest.mark.parametrize("where", ["between two steps", "forward", "backward", "optimizer"])
def test_interrupt(digits, where):
    """The notebook's stop button, pressed in the third step, leaves the weights of the second, ready for more."""
    plain, *rest = start(digits)
    plain_loop(plain, *rest, stop=2)
    model, loader, optimizer = start(digits)
    armed = False

    def press(*_) -> None:
        if armed:
            raise KeyboardInterrupt

    hooks = {
        "forward": lambda: model.conv2.register_forward_hook(press),
        "backward": lambda: model.conv2.register_full_backward_hook(press),
        "optimizer": lambda: optimizer.register_step_pre_hook(press),
    }
    handle = hooks[where]() if where in hooks else None
    with pytest.raises(KeyboardInterrupt):
        for step in train_steps(model, loader, optimizer, device="cpu"):
            armed = step.index == 1
            if where == "between two steps":
                press()
    if handle:
        handle.remove()
    assert same_weights(model, plain)
    before = evaluate(model, loader).loss
    steps_of(model, loader, optimizer, epochs=2)
    assert evaluate(model, loader).loss < before


def test_evaluate_in_between_changes_nothing(digits):
    """Training takes the same course with and without, even where dropout and an unseeded order draw random numbers."""

    def losses(look: bool) -> list[float]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(784, 10))
        loader, optimizer = make_loader(digits, 50, augment=True), SGD(model.parameters(), lr=0.1)
        found = []
        for step in train_steps(model, loader, optimizer, epochs=2, device="cpu"):
            assert model.training
            found.append(step.loss)
            if look:
                evaluate(model, make_loader(digits, 50))
                assert model.training
        return found

    assert losses(look=True) == losses(look=False)


def test_model_with_logits_alone(digits):
    """A learner's own model need not return features, and is set to training mode at every step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.BatchNorm1d(10))
    optimizer = SGD(model.parameters(), lr=0.1)
    before = evaluate(model, make_loader(digits))
    for _ in train_steps(model, make_loader(digits), optimizer, epochs=3, device="cpu"):
        assert model.training
        model.eval()
    assert model[2].num_batches_tracked == 9  # counted in training mode only
    assert evaluate(model, make_loader(digits)).loss < before.loss


@pytest.mark.parametrize("device", {"cpu", default_device().type})
def test_device(digits, device):
    """The model is moved to the device, learns there, and is evaluated there; results come back to the CPU."""
    model, loader, optimizer = start(digits)
    first, *_, last = train_steps(model, loader, optimizer, epochs=4, device=device)
    assert last.loss < first.loss
    assert {weight.device.type for weight in model.parameters()} == {device}
    result = evaluate(model, loader)
    assert result.predictions.device.type == result.confusion.device.type == "cpu"


@pytest.mark.parametrize("found, device, used", [(None, None, "cpu"), ("meta", None, "meta"), (None, "meta", "meta")])
def test_choice_of_device(digits, monkeypatch, found, device, used):
    """A device that is named wins; else it is the accelerator that torch finds, else the CPU."""
    accelerator = found and torch.device(found)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: accelerator)
    model, loader, optimizer = start(digits)
    with pytest.raises(RuntimeError, match="meta") if used == "meta" else nullcontext():
        next(train_steps(model, loader, optimizer, device=device))  # "meta" computes shapes, and has no loss to show
    assert {weight.device.type for weight in model.parameters()} == {used}


def test_loader_without_a_batch():
    """Nothing to learn from, nothing to measure: both say so, and where to look."""
    model = CNN()
    with pytest.raises(ValueError, match="no batch to learn from.\nCheck the data set"):
        next(train_steps(model, [], SGD(model.parameters(), lr=0.1)))
    with pytest.raises(ValueError, match="no batch to evaluate.\nCheck the data set"):
        evaluate(model, [])


# ---------------------------------------------------------------- evaluate


class Fixed(nn.Module):
    """Gives each of three digits a fixed verdict: log 9 for one class, 0 for the nine others.

    softmax makes 9 / 18 = 1/2 of the first and 1/18 of each other one.
    """

    def __init__(self, verdicts: list[int], in_a_tuple: bool) -> None:
        super().__init__()
        self.logits = nn.Parameter(F.one_hot(torch.tensor(verdicts), 10) * math.log(9))
        self.in_a_tuple = in_a_tuple
        self.states = set()

    def forward(self, x: Tensor):
        self.states.add((self.training, torch.is_grad_enabled()))
        logits = self.logits[x[:, 0, 0, 0].mul(255).round().long()]
        return (logits, x) if self.in_a_tuple else logits


def numbered(labels: list[int]) -> Digits:
    """Digits whose grey level is their place."""
    grey = torch.arange(len(labels), dtype=torch.uint8).view(-1, 1, 1, 1)
    return Digits(grey.repeat(1, 1, 28, 28), torch.tensor(labels))


@pytest.mark.parametrize("batch_size", [2, 3])
@pytest.mark.parametrize("in_a_tuple", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_evaluate(batch_size, in_a_tuple, training):
    """Two digits right and one wrong, by hand: loss (log 2 + log 2 + log 18) / 3, whatever the batches."""
    model = Fixed([3, 5, 8], in_a_tuple).train(training)
    result = evaluate(model, make_loader(numbered([3, 5, 5]), batch_size, shuffle=False))
    assert result.accuracy == pytest.approx(2 / 3, abs=1e-12)
    assert result.loss == pytest.approx((2 * math.log(2) + math.log(18)) / 3, rel=1e-6)
    assert result.predictions.tolist() == [3, 5, 8] and result.labels.tolist() == [3, 5, 5]
    confusion = torch.zeros(10, 10, dtype=torch.int64)
    confusion[3, 3] = confusion[5, 5] = confusion[5, 8] = 1  # row = label, column = prediction
    assert torch.equal(result.confusion, confusion)
    assert (result.predictions.dtype, result.confusion.dtype) == (torch.int64, torch.int64)
    assert model.states == {(False, False)}  # evaluation mode, no gradients
    assert model.training is training and model.logits.grad is None


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_that_fails(training):
    """An error in the middle leaves the model in the mode it had."""
    model = Fixed([3], in_a_tuple=False).train(training)  # knows one digit only
    with pytest.raises(IndexError):
        evaluate(model, make_loader(numbered([3, 5, 5]), 1, shuffle=False))
    assert model.training is training
