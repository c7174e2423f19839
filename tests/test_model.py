"""course_utils.model: the CNN against the textbook's order of layers, its errors, and the shipped weights."""

import hashlib

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import CNN, evaluate, load_mnist, load_pretrained, make_loader, model
from tests.environment import FULL_MNIST


def test_layers():
    """Three named layers, 28,938 parameters, and the shapes that the lesson draws."""
    cnn = CNN()
    assert [name for name, _ in cnn.named_children()] == ["conv1", "conv2", "out"]
    assert sum(weight.numel() for weight in cnn.parameters()) == 28_938
    x = torch.rand(3, 1, 28, 28)
    first = cnn.conv1(x)
    second = cnn.conv2(first)
    assert (first.shape, second.shape) == ((3, 16, 14, 14), (3, 32, 7, 7))
    logits, features = cnn(x)
    assert (logits.shape, features.shape) == ((3, 10), (3, 1568))
    assert torch.equal(features, second.flatten(1)) and features.min() >= 0
    assert torch.equal(logits, cnn.out(features))


def textbook(cnn: CNN, x: Tensor) -> tuple[Tensor, Tensor]:
    """The lesson's order, written plainly, with the same weights: convolution, ReLU, max pooling."""
    for block in (cnn.conv1, cnn.conv2):
        x = F.conv2d(x, block[0].weight, block[0].bias, stride=1, padding=2)
        x = F.relu(x)
        x = F.max_pool2d(x, kernel_size=2)
    features = x.flatten(1)
    return F.linear(features, cnn.out.weight, cnn.out.bias), features


def coarse(x: Tensor, levels: int) -> Tensor:
    return torch.round(x * levels) / levels


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["any numbers", "mostly paper", "ties", "zeros"])
def test_pooling_before_relu_changes_nothing(kind, seed):
    """Outputs and all gradients are those of the textbook's order, bit for bit, ties and exact zeros included."""
    torch.manual_seed(seed)
    cnn = CNN()
    x = torch.rand(6, 1, 28, 28)
    if kind == "mostly paper":
        x = (x - 0.9).clamp(min=0)
    elif kind == "ties":  # few levels, and no bias: many equal neighbours, many of them exactly 0
        x = coarse(x, 2)
        with torch.no_grad():
            for name, weight in cnn.named_parameters():
                weight.copy_(torch.zeros_like(weight) if "bias" in name else coarse(weight, 8))
        outputs = cnn.conv1[0](x)
        assert outputs.eq(0).any() and outputs[..., 1:].eq(outputs[..., :-1]).any()
    elif kind == "zeros":
        x = torch.zeros_like(x)
        nn.init.zeros_(cnn.conv1[0].bias)
    y, pull = torch.randint(10, (6,)), torch.randn(6, 1568)

    def run(forward) -> list[Tensor]:
        image = x.clone().requires_grad_()
        logits, features = forward(image)
        loss = F.cross_entropy(logits, y) + (features * pull).mean()
        return [logits, features, *torch.autograd.grad(loss, [image, *cnn.parameters()])]

    for ours, theirs in zip(run(cnn), run(lambda image: textbook(cnn, image)), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    "x, what, what_to_do",
    [
        (torch.zeros(28, 28), "(28, 28)", "x.unsqueeze(0)"),
        (torch.zeros(5, 28, 28), "(5, 28, 28)", "x.unsqueeze(1)"),
        (torch.zeros(5, 3, 28, 28), "(5, 3, 28, 28)", "x.unsqueeze"),
        (torch.zeros(5, 1, 28, 27), "(5, 1, 28, 27)", "x.unsqueeze"),
        (torch.zeros(5, 1, 28, 28).byte(), "torch.uint8", "x.float() / 255"),
        (torch.zeros(5, 1, 28, 28).double(), "torch.float64", "x.float()"),  # what numpy makes of pixels / 255
    ],
)
def test_forward_errors(x, what, what_to_do):
    """A wrong input is refused: the first line says what came and what is read, the second what to do."""
    with pytest.raises(ValueError) as error:
        CNN()(x)
    first, second = str(error.value).splitlines()
    assert "torch.float32 images of shape (B, 1, 28, 28)" in first and what in first.split("but got")[1]
    assert what_to_do in second


def test_other_precision():
    """A network turned to float64 reads float64."""
    logits, _ = CNN().double()(torch.zeros(2, 1, 28, 28).double())
    assert logits.dtype == torch.float64


# ---------------------------------------------------------------- the shipped weights


def test_load_pretrained(monkeypatch):
    """The file is the one whose checksum is written down; it is read as plain weights, never as code."""
    assert hashlib.sha256(model.WEIGHTS.read_bytes()).hexdigest() == model.WEIGHTS_SHA256
    asked, load = [], torch.load

    def watched(*args, **options):
        asked.append(options)
        return load(*args, **options)

    monkeypatch.setattr(torch, "load", watched)
    cnn = load_pretrained()
    assert asked == [{"weights_only": True}]
    assert isinstance(cnn, CNN) and not cnn.training
    stored = load(model.WEIGHTS, weights_only=True)
    assert stored.keys() == cnn.state_dict().keys()
    assert all(torch.equal(stored[name], weight) for name, weight in cnn.state_dict().items())


def test_accuracy_on_the_sample():
    """The shipped weights read the sample's test digits, which they have never seen."""
    test = load_mnist(source="sample").test
    assert evaluate(load_pretrained(), make_loader(test, 500, shuffle=False)).accuracy > 0.95


@pytest.mark.skipif(not FULL_MNIST.is_dir(), reason=f"needs the full MNIST, and {FULL_MNIST} is not there")
def test_accuracy_on_the_full_test_set():
    """They read at least 98 % of MNIST's 10,000 test digits."""
    test = load_mnist(FULL_MNIST, source="full").test
    assert evaluate(load_pretrained(), make_loader(test, 500, shuffle=False)).accuracy >= 0.98


@pytest.mark.parametrize(
    "spoil, what",
    [
        (lambda good: good[:60_000] + bytes([good[60_000] ^ 1]) + good[60_001:], "damaged"),
        (lambda good: good[:60_000], "damaged"),
        (lambda good: b"", "damaged"),
        (None, "cannot be read"),
    ],
    ids=["flipped", "truncated", "empty", "missing"],
)
def test_damaged_weights(tmp_path, spoil, what):
    """A damaged or missing file is named, with the way to get it back."""
    path = tmp_path / "weights.pt"
    if spoil:
        path.write_bytes(spoil(model.WEIGHTS.read_bytes()))
    with pytest.raises(RuntimeError) as error:
        load_pretrained(path)
    first, second = str(error.value).splitlines()
    assert str(path) in first and what in first and "git checkout course_utils/cnn_weights.pt" in second
