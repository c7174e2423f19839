"""Make the weights that come with the course: `python -m course_utils.make_weights` (about 10 seconds).

They are trained on the offline sample's 4,000 training digits and on nothing else. The file's
bytes depend on the processor and on torch's version, so a new file needs a new checksum in
`course_utils/model.py`; the command prints it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch

from course_utils.data import load_mnist, make_loader
from course_utils.model import CNN, WEIGHTS
from course_utils.training import Step, evaluate, train_steps


def sample_recipe(model: CNN, seed: int = 0, epochs: int = 12) -> Iterator[Step]:
    """Train on the sample's 4,000 training digits, augmented, with one warm-up/decay cycle of the learning rate.

    Args:
        model: is trained in place.
        seed: fixes order and augmentation.
        epochs: 80 steps of 50 digits each.

    Yields:
        Step
    """
    digits = load_mnist(source="sample")
    loader = make_loader(digits.train, batch_size=50, augment=True, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=epochs * len(loader))
    yield from train_steps(model, loader, optimizer, epochs=epochs, scheduler=scheduler, device="cpu")


def main() -> None:
    torch.manual_seed(0)
    model = CNN()
    for step in sample_recipe(model):
        if step.index % 80 == 79:
            print(f"epoch {step.epoch + 1:2d}   loss of the last batch {step.loss:.3f}")
    validation = load_mnist(source="sample").validation
    print(f"validation accuracy on {len(validation)} digits: {evaluate(model, make_loader(validation, 500)).accuracy:.3f}")
    torch.save({name: weight.contiguous() for name, weight in model.state_dict().items()}, WEIGHTS)
    print(f'{WEIGHTS}\nWEIGHTS_SHA256 = "{hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()}"')


if __name__ == "__main__":
    main()
