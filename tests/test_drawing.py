"""course_utils.drawing: a drawing of any kind becomes the 28 x 28 pixels that the network reads; upload files are opened with care."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import decode_image, drawing, load_mnist, load_pretrained, prepare_drawing
from course_utils.drawing import STEPS, centre_by_box, centre_by_mass, crop, grey_of, scale_to_box, to_ink
from tests.environment import FULL_MNIST
from tests.handwriting import drawings


@pytest.fixture(scope="module")
def handwriting(tmp_path_factory):
    """1,500 simulated drawings and their labels: of the full test set where it is there, else of the sample's 500 three times over."""
    if FULL_MNIST.is_dir():
        import shutil

        folder = tmp_path_factory.mktemp("mnist")
        shutil.copytree(FULL_MNIST, folder, dirs_exist_ok=True)
        test = load_mnist(folder, source="full").test
    else:
        test = load_mnist(source="sample").test
    rows = torch.arange(1500) % len(test)
    return drawings(test.images[rows], seed=0), test.labels[rows]


@torch.no_grad()
def accuracy(handwriting, without=()) -> float:
    images, labels = handwriting
    x = torch.cat([prepare_drawing(image, without) for image in images])  # (N, 1, 28, 28)
    return (load_pretrained()(x)[0].argmax(dim=1) == labels).float().mean().item()


def seven(height: int = 280, width: int = 280, ink: int = 0, paper: int = 255) -> np.ndarray:
    array = np.full((height, width), paper, np.uint8)
    array[height // 7 : height // 5, width // 4 : width * 3 // 4] = ink
    array[height // 7 : height * 6 // 7, width * 2 // 3 : width * 3 // 4] = ink
    return array


SEVEN = prepare_drawing(seven())


def rgba(ink: int, opacity: np.ndarray) -> np.ndarray:
    return np.dstack([np.full((280, 280, 3), ink, np.uint8), opacity])


@pytest.mark.parametrize(
    "array",
    [
        seven(ink=255, paper=0),
        seven(ink=90, paper=200),
        seven(ink=200, paper=90),
        seven() / 255,
        (seven() / 255).astype(np.float16),
        torch.from_numpy(seven()),
        seven() > 128,
        seven().astype(np.int64),
        seven().tolist(),
        seven().T.copy().T,
        seven()[:, ::-1][:, ::-1],
        np.dstack([seven()] * 3),
        np.dstack([seven()] * 3 + [np.full((280, 280), 255, np.uint8)]),
        rgba(0, 255 - seven()),
        rgba(255, 255 - seven()),
        Image.fromarray(seven()),
    ],
    ids=lambda array: type(array).__name__,
)
def test_one_image_of_many_kinds(array):
    """Whatever the colours, numbers and axes: the same 28 x 28 pixels."""
    image = prepare_drawing(array)
    assert image.shape == (1, 1, 28, 28) and image.dtype == torch.float32 and 0 <= image.min() and image.max() <= 1
    torch.testing.assert_close(image, SEVEN, rtol=0, atol=2e-3)


@pytest.mark.parametrize("side", [14, 28, 100, 1000, 4096])
def test_sizes(side):
    """Large and small ones come out alike (of 28 or 14 pixels, the 7 itself is coarser), 20 pixels high."""
    image = prepare_drawing(seven(side, side))
    assert (image - SEVEN).abs().mean() < (0.03 if side >= 100 else 0.15)
    rows, columns = image[0, 0].any(1).nonzero(), image[0, 0].any(0).nonzero()
    assert max(len(rows), len(columns)) == 20


def test_input_is_not_changed():
    array = seven() / 255
    before = array.copy()
    prepare_drawing(array)
    prepare_drawing(array.astype(np.float32))
    prepare_drawing(image := SEVEN[0, 0].clone())
    assert (array == before).all() and image.equal(SEVEN[0, 0])


def test_the_digits_themselves_go_through():
    """MNIST's own digits come out nearly as they were, and the network reads them as well as before."""
    test = load_mnist(source="sample").test
    x = torch.cat([prepare_drawing(image[0]) for image in test.images])
    assert (x - test.images / 255).abs().mean() < 0.03
    with torch.no_grad():
        assert (load_pretrained()(x)[0].argmax(1) == test.labels).float().mean() > 0.97
    assert (x.flatten(1) @ torch.arange(28.0).repeat(28) / x.sum((1, 2, 3)) - 14).abs().max() < 1  # columns balance on pixel 14
    originals = test.images / 255
    assert (originals.flatten(1) @ torch.arange(28.0).repeat(28) / originals.sum((1, 2, 3))).mean() == pytest.approx(14, abs=0.05)


def test_thin_pens_are_as_dark():
    """However many pixels a new one averages, the darkest is 1 again."""
    for side, pen in ((280, 1), (280, 8), (1000, 1), (4096, 20)):
        line = np.full((side, side), 255, np.uint8)
        line[side // 4 : -side // 4, side // 2 : side // 2 + pen] = 0
        for without in ([], ["crop"], ["box"]):
            assert prepare_drawing(line, without).max() == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="nothing drawn"):
        prepare_drawing(np.zeros((280, 280), np.uint8), STEPS)


@pytest.mark.parametrize("ink", [0, 255])
def test_see_through_corners(ink):
    """They are paper, around opaque paper as well as around ink alone."""
    array = np.dstack([np.where(seven() == 0, ink, 255 - ink)] * 3 + [np.full((280, 280), 255)]).astype(np.uint8)
    array[:9, :9, 3] = array[-9:, -9:, 3] = 0
    torch.testing.assert_close(prepare_drawing(array), SEVEN, rtol=0, atol=1e-5)
    assert prepare_drawing(rgba(ink, 255 - seven())).equal(SEVEN)


def test_to_ink():
    """By hand: paper 200, ink 100, a shadow of 190 is paper; the strongest difference is 1."""
    array = np.full((4, 5), 200, np.uint8)
    array[1, 1:4] = 100, 150, 190
    expected = torch.zeros(4, 5)
    expected[1, 1:3] = torch.tensor([1, 0.5])
    torch.testing.assert_close(to_ink(array), expected)
    torch.testing.assert_close(to_ink(255 - array), expected)


def test_grey_of():
    """The luma of BT.601: red 0.299, green 0.587, blue 0.114."""
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    torch.testing.assert_close(grey_of(colours), torch.tensor([[0.299, 0.587, 0.114]]))


def test_crop():
    ink = torch.zeros(6, 7)
    ink[2, 3] = ink[4, 1] = 0.5
    assert crop(ink).equal(ink[2:5, 1:4])
    with pytest.raises(ValueError, match="nothing drawn"):
        crop(torch.zeros(6, 7))


@pytest.mark.parametrize(("shape", "expected"), [((40, 20), (20, 10)), ((20, 40), (10, 20)), ((5, 5), (20, 20)), ((300, 1), (20, 1)), ((1, 1), (20, 20))])
def test_scale_to_box(shape, expected):
    """The proportions stay; a uniform ink stays uniform."""
    small = scale_to_box(torch.full(shape, 0.5))
    assert small.shape == expected
    torch.testing.assert_close(small, torch.full(expected, 0.5))
    assert max(scale_to_box(torch.ones(shape), 28).shape) == 28


def test_scaling_loses_no_line():
    """Antialiasing: of lines one pixel wide, each leaves its share of grey, nearly (a new pixel's weights fall off to its sides)."""
    block = torch.zeros(200, 200)
    block[:, -30:] = 1  # stays the darkest, so that all else keeps its grey
    for column in range(15, 150, 6):
        ink = block.clone()
        ink[:, column] = 1
        assert (scale_to_box(ink) - scale_to_box(block)).sum().item() == pytest.approx(200 / 100, rel=0.1)


def test_centre():
    """By mass: the heavy pixel on row 14, column 14. By box: equal margins. Nothing is cut off at the edge."""
    image = torch.full((20, 10), 1e-6)
    image[8, 2] = 1
    assert centre_by_mass(image)[14, 14] == 1
    assert centre_by_box(image)[4 + 8, 9 + 2] == 1
    image[8, 2], image[2, 2] = 1e-6, 1
    placed = centre_by_mass(image)
    assert placed[8 + 2, 14] == 1 and placed.sum().item() == pytest.approx(image.sum().item())
    assert centre_by_mass(torch.ones(28, 28)).equal(torch.ones(28, 28))
    for centre in (centre_by_mass, centre_by_box):
        with pytest.raises(ValueError, match="scale_to_box"):
            centre(torch.ones(29, 3))


def test_steps_left_out():
    """Each does what its name says."""
    ink = to_ink(seven())
    assert prepare_drawing(seven(), STEPS)[0, 0].equal(scale_to_box(grey_of(seven()), 28))
    assert prepare_drawing(seven())[0, 0].equal(centre_by_mass(scale_to_box(crop(ink))))
    assert prepare_drawing(seven(), ["crop"])[0, 0].equal(centre_by_mass(scale_to_box(ink)))
    assert prepare_drawing(seven(), ["box"])[0, 0].equal(centre_by_mass(scale_to_box(crop(ink), 28)))
    assert prepare_drawing(seven(), ["centre"])[0, 0].equal(centre_by_box(scale_to_box(crop(ink))))
    assert prepare_drawing(seven(), ["invert"])[0, 0].equal(centre_by_mass(scale_to_box(crop(grey_of(seven())))))
    with pytest.raises(ValueError, match='"center"'):
        prepare_drawing(seven(), ["center"])


NAN = np.full((9, 9), np.nan)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.full((280, 280), 255, np.uint8), "nothing drawn"),
        (np.zeros((280, 280)), "nothing drawn"),
        (np.full((280, 280), 0.5), "nothing drawn"),
        (np.full((1, 1), 7, np.uint8), "nothing drawn"),
        (rgba(0, np.zeros((280, 280), np.uint8)), "nothing drawn"),
        (NAN, "nan"),
        (np.where(np.eye(9), np.inf, 0), "inf"),
        (seven() * 1.0, r"0\.\.1"),
        (-np.eye(9), r"0\.\.1"),
        (np.eye(9, dtype=int) * 256, r"0\.\.255"),
        (np.pad(seven()[1:-1, 1:-1], 1), "frame"),
        (np.zeros((1, 28, 28)), "shape"),
        (np.zeros((9, 9, 2)), "shape"),
        (np.zeros((1, 1, 28, 28)), "shape"),
        (np.zeros(784), "shape"),
        (5, "shape"),
        (np.zeros((0, 9)), "0 x 9"),
        (np.zeros((9, 0, 3)), "9 x 0"),
        (np.zeros((4097, 2), np.uint8), "4,097 x 2"),
        (np.array([["a", "b"], ["c", "d"]]), "numbers"),
        (np.eye(9) * 1j, "numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(array, says):
    """Two lines: what happened, what to do."""
    with pytest.raises(ValueError, match=says) as caught:
        prepare_drawing(array)
    assert str(caught.value).count("\n") == 1


# ---------------------------------------------------------------- uploads


def file_of(image: Image.Image, kind: str = "png", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_decode(kind, mode):
    """Each kind of file gives an array that prepares to the same image."""
    image = Image.fromarray(seven()).convert(mode)
    array = decode_image(file_of(image.convert("RGB") if kind in ("jpeg", "webp") else image, kind))
    assert array.dtype == np.uint8 and array.shape[:2] == (280, 280)
    torch.testing.assert_close(prepare_drawing(array), SEVEN, rtol=0, atol=0.05)


def test_decode_see_through_and_16_bit_and_turned():
    """Opacity is kept; 16-bit grey is scaled; a photo that says "turn me" is turned."""
    for file in (file_of(Image.fromarray(rgba(0, 255 - seven()))), file_of(Image.fromarray(rgba(0, 255 - seven())).convert("LA"))):
        assert decode_image(file).shape == (280, 280, 4)
        torch.testing.assert_close(prepare_drawing(decode_image(file)), SEVEN, rtol=0, atol=2e-3)
    deep = decode_image(file_of(Image.fromarray(seven().astype(np.uint16) * 257)))
    assert deep.dtype == np.uint8 and (deep == seven()).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn a quarter clockwise to see it upright"
    lying = Image.fromarray(seven()).rotate(90)
    torch.testing.assert_close(prepare_drawing(decode_image(file_of(lying, "jpeg", exif=exif))), SEVEN, rtol=0, atol=0.05)


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG file whose header promises so many pixels, and holds none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no image"),
        (b"hello", "no image"),
        (b"\x89PNG\r\n\x1a\n", "no image"),
        (file_of(Image.new("L", (9, 9)), "tiff"), "no image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image"),
        (file_of(Image.fromarray(seven()))[:200], "damaged"),
        (file_of(Image.fromarray(seven()), "jpeg")[:-500], "damaged"),
        (png_that_claims(20, 20), "damaged"),
        (png_that_claims(4097, 1), "4,097 x 1"),
        (png_that_claims(10_000, 10_000), "10,000 x 10,000"),
        (png_that_claims(60_000, 60_000), "unpack"),
        (file_of(Image.new("L", (9, 9))) + bytes(5_000_000), "bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("error")
def test_decode_refuses(content, says, monkeypatch):
    """In two lines; what is too large, before a pixel is unpacked."""
    if says in ("bytes", "unpack") or "x" in says:
        monkeypatch.setattr(drawing, "_plain", lambda image: pytest.fail("it was unpacked"))
        monkeypatch.setattr(Image.Image, "load", lambda image: pytest.fail("it was unpacked"))
    with pytest.raises(ValueError, match=says) as caught:
        decode_image(content)
    assert str(caught.value).count("\n") == 1


def test_drawings_are_read(handwriting, capsys):
    """95 % or better; plain resizing is clearly worse, and so is the pipeline without any one of its steps but the last."""
    complete, plain = accuracy(handwriting), accuracy(handwriting, ["crop", "box", "centre"])
    less = {step: accuracy(handwriting, [step]) for step in STEPS}
    with capsys.disabled():
        print(f"\n1,500 simulated drawings: {complete:.1%} read right; plain resizing {plain:.1%}; without", end=" ")
        print(", ".join(f"{step} {share:.1%}" for step, share in less.items()))
    assert complete >= 0.95 and plain < complete - 0.2
    assert less["invert"] < 0.2 and less["crop"] < complete - 0.05 and less["box"] < complete - 0.05 and less["centre"] < complete
