"""From a drawing of any size to the 28 x 28 pixels that the network reads, step by step as MNIST was made.

Source: Y. LeCun et al. 1998, "Gradient-based learning applied to document recognition", section III.A: each digit was
scaled to fit a box of 20 x 20 pixels with its proportions kept, which made greys by antialiasing, and was then placed
in the field of 28 x 28 pixels with its centre of mass in the middle.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from PIL import Image, ImageOps
from torch import Tensor

STEPS = ("invert", "crop", "box", "centre")
FIELD = 28  # pixels a side of what the network reads
MAX_SIDE = 4096  # pixels a side of a drawing
MAX_PIXELS = MAX_SIDE * MAX_SIDE  # 16 megapixels
MAX_BYTES = 5_000_000  # of an image file
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
FAINT = 0.2  # less ink than this is paper: shadows, noise, the haze of a JPEG file

EMPTY = "There is nothing drawn here: all pixels are about equally bright.\nDraw a digit first, with a dark pen on light paper or the other way round."


def prepare_drawing(array: ArrayLike, without: Collection[str] = ()) -> Tensor:
    """A drawing as the network wants to see it: `to_ink`, `crop`, `scale_to_box`, `centre_by_mass`, one after the other.

    Args:
        array: one digit, as `to_ink` takes it.
        without: the steps to leave out, to see what they are good for. "invert": bright counts as ink, even if it is the
            paper. "crop": the whole drawing is scaled to the box, its margin included. "box": the digit is scaled to fill
            the field of 28 x 28. "centre": the middle of the digit's box, not its centre of mass, lies in the middle.

    Returns:
        float32 (1, 1, 28, 28) in [0, 1], 0 (paper) to 1 (ink).

    Raises:
        ValueError: an empty drawing, what `to_ink` refuses, or an unknown step.
    """
    unknown = sorted(set(without) - set(STEPS))
    if unknown:
        raise ValueError(f'No step is called "{unknown[0]}".\nLeave out any of: {", ".join(STEPS)}.')
    ink = grey_of(array) if "invert" in without else to_ink(array)  # (H, W)
    digit = ink if "crop" in without else crop(ink)  # (h, w)
    small = scale_to_box(digit, FIELD if "box" in without else 20)  # (h, w), the longer side 20
    image = centre_by_box(small) if "centre" in without else centre_by_mass(small)  # (28, 28)
    return image[None, None]  # (1, 1, 28, 28)


def to_ink(array: ArrayLike) -> Tensor:
    """How much ink lies on each pixel, of a dark digit on light paper or a light one on dark paper.

    The paper is what the border is made of (its median), so it may be any grey; the ink is what differs from it most.

    Args:
        array: (H, W) grey, (H, W, 3) colour, or (H, W, 4) colour and opacity; integers 0 to 255 or floats 0 to 1;
            1 to 4,096 pixels a side.

    Returns:
        float32 (H, W) in [0, 1], the largest value 1; what is fainter than 0.2 is set to 0.

    Raises:
        ValueError: an empty drawing; one that is mostly ink; a wrong shape, dtype or range; too large; NaN.
    """
    grey = grey_of(array)  # (H, W)
    border = torch.cat([grey[0], grey[-1], grey[:, 0], grey[:, -1]])  # (2 W + 2 H,)
    paper = border.median()
    darker, lighter = paper - grey.min(), grey.max() - paper
    contrast = torch.maximum(darker, lighter)
    if contrast < 0.1:
        raise ValueError(EMPTY)
    ink = (paper - grey if darker >= lighter else grey - paper) / contrast  # (H, W)
    if (ink > 0.5).float().mean() > 0.5:
        raise ValueError("More than half of this picture would be ink.\nCut off the frame or the dark edge around the paper, and leave a margin around the digit.")
    return ink.where(ink >= FAINT, 0)  # (H, W)


def grey_of(array: ArrayLike) -> Tensor:
    """The brightness of each pixel: the luma of ITU-R BT.601; what is see-through counts as the paper around the ink.

    Args: as for `to_ink`. Returns: float32 (H, W), 0 (black) to 1 (white). Raises: ValueError, as `to_ink`.
    """
    values = np.asarray(array)
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)):
        raise ValueError(
            f"A drawing has the shape (H, W), (H, W, 3) or (H, W, 4), but this one has {values.shape}.\n"
            "Pass one image at a time, with its colours, if any, on the last axis."
        )
    height, width = values.shape[:2]
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise ValueError(
            f"This drawing has {height:,} x {width:,} pixels, but 1 to {MAX_SIDE:,} a side can be read.\n"
            "Draw or cut out one digit; 280 x 280 pixels are plenty."
        )
    if values.dtype.kind not in "buif":
        raise ValueError(f"A drawing is made of numbers, but this one of {values.dtype}.\nUse uint8 in 0..255 or float32 in 0..1.")
    white = 255 if values.dtype.kind in "ui" else 1
    low, high = values.min(), values.max()
    if not (0 <= low and high <= white):  # false for NaN, too
        raise ValueError(
            f"The pixels of a drawing of {values.dtype} lie in 0..{white}, but these reach from {low} to {high}.\n"
            "Divide floats in 0..255 by 255; NaN or infinity means that a computation before went wrong."
        )
    channels = torch.from_numpy(values.reshape(height, width, -1).astype(np.float32)).div_(white)  # (H, W, C)
    if channels.shape[2] == 1:
        return channels[:, :, 0]  # (H, W)
    grey = channels[:, :, :3] @ torch.tensor([0.299, 0.587, 0.114])  # (H, W)
    if channels.shape[2] == 3:
        return grey
    opacity = channels[:, :, 3]  # (H, W)
    is_light = (grey * opacity).sum() > opacity.sum() / 2  # the opaque part: the ink alone, or the paper with the ink on it
    is_paper = opacity.mean() > 0.5
    return grey * opacity + (1 if is_light == is_paper else 0) * (1 - opacity)  # (H, W)


def crop(ink: Tensor) -> Tensor:
    """Cut off the margins: the rows above and below all ink, and the columns left and right of it.

    Args:
        ink: float32 (H, W), 0 is paper.

    Returns:
        float32 (h, w), the smallest box around all ink.

    Raises:
        ValueError: no ink at all.
    """
    if not ink.any():
        raise ValueError(EMPTY)
    rows, columns = ink.any(dim=1).nonzero(), ink.any(dim=0).nonzero()
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # (h, w)


def scale_to_box(ink: Tensor, size: int = 20) -> Tensor:
    """Scale to fit a square box: the longer side becomes `size`, the other keeps the proportions.

    Antialiasing averages all pixels that fall into a new one, so no line is lost. A thin one turns grey, so all is
    made darker in the end until the largest value is what it was.

    Args:
        ink: float32 (H, W), with some ink.
        size: pixels a side of the box, at least 1.

    Returns:
        float32 (h, w), the larger of h and w is `size`.

    Raises:
        ValueError: no ink at all.
    """
    if not ink.any():
        raise ValueError(EMPTY)
    factor = size / max(ink.shape)
    height, width = (max(1, round(side * factor)) for side in ink.shape)
    small = F.interpolate(ink[None, None], (height, width), mode="bilinear", antialias=True)[0, 0].clamp(0, 1)  # (h, w)
    return small * (ink.max() / small.max())  # (h, w)


def centre_by_mass(image: Tensor) -> Tensor:
    """Lay a small image into the field of 28 x 28 so that its ink balances on the middle, as nearly as whole pixels allow.

    The middle of 28 pixels is an edge between two; MNIST's digits balance on the pixel after it, row 14, column 14.
    Where a lopsided digit would reach over the edge, it stops at the edge.

    Args:
        image: float32 (h, w), both at most 28, with some ink.

    Returns:
        float32 (28, 28).

    Raises:
        ValueError: larger than the field.
    """
    ink = image.sum()
    row = image.sum(dim=1) @ torch.arange(float(image.shape[0])) / ink
    column = image.sum(dim=0) @ torch.arange(float(image.shape[1])) / ink
    return _placed(image, FIELD / 2 - float(row), FIELD / 2 - float(column))


def centre_by_box(image: Tensor) -> Tensor:
    """Lay a small image into the field of 28 x 28 with equal margins left and right, above and below.

    Args, returns, raises: as `centre_by_mass`.
    """
    return _placed(image, (FIELD - image.shape[0]) / 2, (FIELD - image.shape[1]) / 2)


def _placed(image: Tensor, top: float, left: float) -> Tensor:
    height, width = image.shape
    if max(height, width) > FIELD:
        raise ValueError(f"{height} x {width} pixels do not fit into the field of {FIELD} x {FIELD}.\nScale the digit first: scale_to_box(ink).")
    top = min(max(round(top), 0), FIELD - height)
    left = min(max(round(left), 0), FIELD - width)
    field = torch.zeros(FIELD, FIELD)
    field[top : top + height, left : left + width] = image
    return field


def decode_image(content: bytes) -> np.ndarray:
    """The pixels of an image file, e.g. of an upload. Size and kind are checked before anything is unpacked.

    Args:
        content: a PNG, JPEG, WebP, GIF (its first picture) or BMP file, up to 5 MB and 4,096 pixels a side.

    Returns:
        uint8 array (H, W), (H, W, 3) or (H, W, 4), upright, fit for `prepare_drawing`.

    Raises:
        ValueError: too large, damaged, or no image at all.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"This file has {len(content):,} bytes, but at most {MAX_BYTES:,} are read.\nSave the picture smaller, or cut out one digit.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is far stricter
            image = Image.open(io.BytesIO(content), formats=FORMATS)  # reads the header only
    except Image.DecompressionBombError:
        raise ValueError(f"This picture would unpack to far more than {MAX_PIXELS:,} pixels.\nUse a smaller one.") from None
    except Exception:  # Pillow raises many kinds of error for a file that is not what it claims to be
        raise ValueError(f"This is no image that can be read here.\nUse one of: {', '.join(FORMATS)}.") from None
    width, height = image.size
    if max(width, height) > MAX_SIDE:
        raise ValueError(
            f"This picture has {width:,} x {height:,} pixels, but at most {MAX_SIDE:,} a side are read.\nSave it smaller, or cut out one digit."
        )
    try:
        return np.asarray(_plain(ImageOps.exif_transpose(image)))
    except Exception:  # as above
        raise ValueError("This picture is damaged: it cannot be unpacked.\nSave it anew, for example as PNG.") from None


def _plain(image: Image.Image) -> Image.Image:
    """The image as 8-bit grey, RGB or RGBA, whatever mode it was stored in."""
    if image.mode.startswith("I"):  # 16-bit grey
        return Image.fromarray((np.asarray(image).astype(np.float32) / 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")
