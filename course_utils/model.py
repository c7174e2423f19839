"""The network of the course: two convolutions, then one linear layer, 28,938 parameters in all."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import torch
from torch import Tensor, nn

WEIGHTS = Path(__file__).parent / "cnn_weights.pt"
WEIGHTS_SHA256 = "0adc28c64a2d39e767adfcd946889874e3bc05b93324bc5f1137897334782f74"


class CNN(nn.Module):
    """A small convolutional network for 28 x 28 grey images.

    conv1: (B, 1, 28, 28) -> (B, 16, 14, 14), conv2: -> (B, 32, 7, 7), flatten, out: -> (B, 10).

    The lesson draws each block as convolution, ReLU, pooling. Here pooling stands before ReLU:
    both only ever let larger values through, so the order changes no value and no gradient, and
    ReLU has a quarter of the values to look at. `tests/test_model.py` and chapter 05 compare the
    two orders, bit for bit.

    After LeNet (LeCun et al. 1998, "Gradient-based learning applied to document recognition",
    section II), with ReLU and max pooling.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(in_channels=1, out_channels=16, kernel_size=5, stride=1, padding=2),  # (B, 16, 28, 28)
            nn.MaxPool2d(kernel_size=2),  # (B, 16, 14, 14)
            nn.ReLU(inplace=True),
        )
        self.conv2 = nn.Sequential(
            nn.Conv2d(in_channels=16, out_channels=32, kernel_size=5, stride=1, padding=2),  # (B, 32, 14, 14)
            nn.MaxPool2d(kernel_size=2),  # (B, 32, 7, 7)
            nn.ReLU(inplace=True),
        )
        self.out = nn.Linear(32 * 7 * 7, 10)
        # The order in memory that convolutions are fastest in: conv2 takes it over from conv1's output. Its own weights
        # stay in the usual order, since LBFGS cannot read others.
        self.conv1.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features of a batch.

        Args:
            x: float32 (B, 1, 28, 28) in [0, 1].

        Returns:
            (logits float32 (B, 10), features float32 (B, 1568), all at least 0). The largest logit
            names the digit; softmax turns logits into probabilities.

        Raises:
            ValueError: wrong shape or dtype.
        """
        if x.shape[1:] != (1, 28, 28) or x.dtype != self.out.weight.dtype:
            raise ValueError(
                f"The CNN reads {self.out.weight.dtype} images of shape (B, 1, 28, 28), "
                f"but got {x.dtype} of shape {tuple(x.shape)}.\n"
                "x.unsqueeze(0) adds a missing axis in front, x.unsqueeze(1) a missing channel axis; "
                "x.float() changes the dtype, x.float() / 255 that of bytes."
            )
        x = self.conv1(x)  # (B, 16, 14, 14)
        x = self.conv2(x)  # (B, 32, 7, 7)
        features = x.flatten(start_dim=1)  # (B, 1568)
        logits = self.out(features)  # (B, 10)
        return logits, features


def load_pretrained(path: str | Path = WEIGHTS) -> CNN:
    """The CNN with the weights that come with the course, ready to read digits.

    They were trained on the offline sample's 4,000 training digits alone, by
    `python -m course_utils.make_weights`.

    Args:
        path: a weight file made by that command; its SHA-256 sum must be WEIGHTS_SHA256.

    Returns:
        A CNN in evaluation mode, on the CPU.

    Raises:
        RuntimeError: the file is missing or damaged.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise RuntimeError(f"The weight file {path} cannot be read ({error}).\n{_REPAIR}") from None
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise RuntimeError(f"The weight file {path} is damaged: its checksum is wrong.\n{_REPAIR}")
    model = CNN()
    model.load_state_dict(torch.load(io.BytesIO(content), weights_only=True))
    return model.eval()


_REPAIR = "Get it back, in the course's folder, with: git checkout course_utils/cnn_weights.pt"
