"""A window that slides over an image under the learner's mouse: convolution, max and average pooling."""

from __future__ import annotations

import math
from pathlib import Path

import anywidget
import torch
import traitlets
from ipywidgets.widgets.trait_types import ByteMemoryView
from numpy.typing import ArrayLike

from course_utils import sliding

OWN = "your own"  # the kernel's name once the learner has changed it
LARGEST = 9  # the largest size, stride, padding and dilation that are drawn
LARGEST_NUMBER = 1000.0  # how far from zero the numbers of images and kernels may be
NUMBERS = ("size", "stride", "padding", "dilation", "row", "column")
HEARD = {"sync": True, "echo_update": False}  # an echo would undo what the hand did since: the explorer jumps back under the mouse
SETTINGS = ("image_name", "kernel_name", "mode", *NUMBERS)


class SlidingWindow(anywidget.AnyWidget):
    """Input, kernel and output side by side: point at a number of the output, and see the window that it comes from.

        explorer = SlidingWindow(x, {"top edge": top_edge, "blur": torch.ones(3, 3) / 9}, row=6, column=18)
        display(explorer)
        explorer.kernel_name = "blur"        # does what the learner's hand does
        print(explorer.summary)

    A setting that PyTorch refuses leaves everything as it was, and `error` says why.

    Args:
        image: (H, W) numbers, or several such images by their names; at most 40 rows and columns.
        kernels: name -> (k, k) numbers, k up to 9. Numbers lie between -1000 and 1000.
        kernel: the name of the first kernel; the first of all where there is none.
        mode: "convolution", "max" or "average".
        size: rows and columns of the window, 1 to 9; the kernel's where there is none.
        stride, padding, dilation: up to 9, as in `F.conv2d`, the same both ways.
        row, column: the place in the output that is looked at, from 0.

    Attributes:
        image_name, kernel_name, mode, size, stride, padding, dilation, row, column: the settings; set one, or several
            with `change`. A convolution's size is its kernel's: a larger size adds zeros, a smaller one cuts off.
        images, kernels: name -> float32 tensor, as they were given.
        error: why the last change was refused, in two lines, or "".

    Raises:
        ValueError: where images or kernels are not as described, or the settings make no output.
    """

    _esm = "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("sliding.js", "sliding_window.js"))
    _images = traitlets.Dict().tag(sync=True)  # name -> {"rows", "columns", "values": float32 bytes}
    _kernels = traitlets.Dict().tag(sync=True)
    _kernel = ByteMemoryView().tag(**HEARD)  # float32 (k, k), row by row
    image_name = traitlets.Unicode().tag(**HEARD)
    kernel_name = traitlets.Unicode().tag(**HEARD)
    mode = traitlets.Unicode("convolution").tag(**HEARD)
    size = traitlets.Int(1).tag(**HEARD)
    stride = traitlets.Int(1).tag(**HEARD)
    padding = traitlets.Int(0).tag(**HEARD)
    dilation = traitlets.Int(1).tag(**HEARD)
    row = traitlets.Int(0).tag(**HEARD)
    column = traitlets.Int(0).tag(**HEARD)
    error = traitlets.Unicode().tag(**HEARD)

    def __init__(
        self, image: ArrayLike | dict[str, ArrayLike], kernels: dict[str, ArrayLike], *, kernel: str | None = None,
        mode: str = "convolution", size: int | None = None, stride: int = 1, padding: int = 0, dilation: int = 1,
        row: int = 0, column: int = 0,
    ) -> None:  # fmt: skip
        self._settling = True  # whether what is set has been checked already
        self._drawn: tuple[dict[str, object], torch.Tensor] | None = None  # what the browser drew, and with which settings
        self.images = _grids(image if isinstance(image, dict) else {"image": image}, "image", 40)
        self.kernels = _grids(kernels, "kernel", LARGEST)
        if OWN in self.kernels:
            raise ValueError(f'"{OWN}" is what the explorer calls a kernel that the learner has changed.\nGive this one another name.')
        super().__init__(_images=_packed(self.images), _kernels=_packed(self.kernels), image_name=next(iter(self.images)))
        kernel = next(iter(self.kernels)) if kernel is None else kernel
        size = len(self.kernels.get(kernel, "-")) if size is None else size
        settings = {"stride": stride, "padding": padding, "dilation": dilation, "row": row, "column": column}
        self.change(kernel_name=kernel, mode=mode, size=size, **settings)
        if self.error:
            raise ValueError(self.error)
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        what = f"kernel {self.kernel_name!r}" if self.mode == "convolution" else self.mode
        settings = f"stride {self.stride}, padding {self.padding}, dilation {self.dilation}, row {self.row}, column {self.column}"
        return f"SlidingWindow(image {self.image_name!r}, {what} of {self.size} x {self.size}, {settings})"

    @property
    def settings(self) -> dict[str, object]:
        """The settings of now, by their names."""
        return {name: getattr(self, name) for name in SETTINGS}

    @property
    def kernel(self) -> torch.Tensor:
        """The kernel, float32 (k, k), with what the learner has typed into it. Pooling does not use it."""
        values = torch.frombuffer(bytearray(self._kernel), dtype=torch.float32)
        return values.view(math.isqrt(len(values)), -1)

    @kernel.setter
    def kernel(self, kernel: ArrayLike) -> None:
        """Take (k, k) numbers as a kernel of one's own; `error` says why they are refused."""
        self.change(kernel=kernel)

    @property
    def output(self) -> torch.Tensor:
        """The output, float32 (rows, columns): what the browser has drawn, or worked out here while no browser has."""
        if self._drawn and self._drawn[0] == self._needed():
            return self._drawn[1].clone()
        return sliding.slide(self.images[self.image_name], *self._how())

    @property
    def summary(self) -> str:
        """What the explorer shows, in three sentences; the browser says the same to screen readers."""
        return sliding.summary(self.images[self.image_name], *self._how(), (self.row, self.column))

    def change(self, **settings: object) -> None:
        """Change several settings at once. If they make no output together, none is changed, and `error` says why.

        Args:
            settings: attributes by their names; `kernel`, (k, k) numbers, is one of the learner's own.
        """
        try:
            new = self._completed(settings)
            why = self._refusal(new)
        except ValueError as error:
            why = str(error)
        if not why:
            self._set(new)
        self.error = why

    @traitlets.validate(*SETTINGS)
    def _on_set(self, proposal: dict) -> object:
        """One setting, set from Python: checked together with all others; what is refused keeps its value."""
        if self._settling:
            return proposal["value"]
        name = proposal["trait"].name
        self.change(**{name: proposal["value"]})
        return getattr(self, name)

    def _set(self, new: dict[str, object]) -> None:
        """Take over settings that have been checked."""
        self._settling = True
        try:
            with self.hold_sync(), self.hold_trait_notifications():  # observers see the whole change
                for name, value in new.items():
                    setattr(self, name, value)
        finally:
            self._settling = False

    def _completed(self, settings: dict[str, object]) -> dict[str, object]:
        """All settings after a change of some: the kernel and the size belong together, and the place stays inside the output."""
        new = self.settings | {"_kernel": self._kernel} | {name: value for name, value in settings.items() if name != "kernel"}
        if unknown := set(settings) - {*SETTINGS, "kernel"}:
            raise ValueError(f"There is no setting {sliding.listed(sorted(unknown))}.\nThe settings are {sliding.listed(SETTINGS)}, kernel.")
        self._check_names(new)
        if "kernel" in settings:
            kernel = _grids({OWN: settings["kernel"]}, "kernel", LARGEST)[OWN]
            new["kernel_name"] = OWN
        else:
            kernel = self.kernels[new["kernel_name"]] if settings.get("kernel_name", OWN) != OWN else self.kernel
        if new["mode"] == "convolution":
            if "size" in settings and new["size"] != len(kernel):
                kernel = _resized(kernel, _whole(new, "size", 1))
                new["kernel_name"] = OWN
            new["size"] = len(kernel)
        new["_kernel"] = memoryview(kernel.numpy().tobytes())
        if not self._refusal(new | {"row": 0, "column": 0}):
            for name, n in zip(("row", "column"), self.images[new["image_name"]].shape):
                places = len(sliding.starts(n, new["size"], new["stride"], new["padding"], new["dilation"]))
                new[name] = new[name] if name in settings else min(new[name], places - 1)
        return new

    def _refusal(self, new: dict[str, object]) -> str:
        """Why these settings cannot be, or ""."""
        try:
            self._check_names(new)
            size, stride, padding, dilation = (_whole(new, name, int(name != "padding")) for name in NUMBERS[:4])
            count = len(new["_kernel"]) // 4
            if new["mode"] == "convolution" and count != size * size:
                raise ValueError(f"The kernel has {count} numbers, but a window of {size} x {size} has {size * size}.\nSend both together.")
            place = _whole(new, "row", 0, math.inf), _whole(new, "column", 0, math.inf)
            shape = self.images[new["image_name"]].shape
            return sliding.refusal(shape, (size, size), new["mode"], stride, padding, dilation, place)
        except ValueError as error:
            return str(error)

    def _check_names(self, new: dict[str, object]) -> None:
        for name, known in (("image_name", self.images), ("kernel_name", [*self.kernels, OWN]), ("mode", sliding.MODES)):
            if not isinstance(new[name], str) or new[name] not in known:
                raise ValueError(f"There is no {name.removesuffix('_name')} {new[name]!r:.60}.\nTake one of: {sliding.listed(list(known))}.")

    def _how(self) -> tuple[torch.Tensor, str, int, int, int]:
        """What `sliding.slide` and `sliding.summary` need beside the image."""
        window = self.kernel if self.mode == "convolution" else torch.ones(self.size, self.size)
        return window, self.mode, self.stride, self.padding, self.dilation

    def _needed(self) -> dict[str, object]:
        """What the output depends on."""
        names = ("image_name", "mode", "size", "stride", "padding", "dilation")
        return {name: getattr(self, name) for name in names} | {"kernel": bytes(self._kernel)}

    # ---------------------------------------------------------------- what the browser sends

    def set_state(self, sync_data: dict[str, object]) -> None:
        """Settings from the browser, all at once: checked as a whole, and taken over or refused as a whole."""
        new = self.settings | {"_kernel": self._kernel}
        try:
            if unknown := set(sync_data) - {*new, "error", "_view_count"}:
                raise ValueError(f"The browser may not change {sliding.listed(sorted(unknown))}.\nRun the cell again.")
            if "_kernel" in sync_data:
                _floats(sync_data["_kernel"], "kernel", LARGEST_NUMBER)
            if not isinstance(sync_data.get("_view_count"), int | None):
                raise ValueError("The browser sent a number of views that is no number.\nRun the cell again.")
            if not isinstance(sync_data.get("error", ""), str) or len(sync_data.get("error", "")) > 500:
                raise ValueError("The browser sent an error that is no short text.\nRun the cell again.")
            new |= {name: value for name, value in sync_data.items() if name in new}
            if why := self._refusal(new):
                raise ValueError(why)
            if new["kernel_name"] != OWN and bytes(new["_kernel"]) != self._kernels[new["kernel_name"]]["values"]:
                raise ValueError(f"The browser sent other numbers than those of the kernel {new['kernel_name']!r:.60}.\nRun the cell again.")
        except ValueError as error:
            self.error = str(error)
            self.send_state([*new, "error"])  # the browser goes back to what holds here
            return
        self._settling = True
        try:
            super().set_state(sync_data)
        finally:
            self._settling = False

    def _hear(self, _widget: object, content: object, buffers: list[memoryview]) -> None:
        """The output that the browser has drawn: {"settings": what it depends on} with the bytes of the output and of the kernel."""
        needed = self._needed()
        try:
            settings = content.get("settings") if isinstance(content, dict) else None
            if not isinstance(settings, dict) or set(settings) != set(needed) - {"kernel"} or len(buffers) != 2:
                raise ValueError("The browser sent an output without its settings, or without its numbers.\nRun the cell again.")
            _floats(buffers[1], "kernel", LARGEST_NUMBER)
            if settings | {"kernel": bytes(buffers[1])} != needed:
                return  # the settings have changed since; what belongs to them is on its way
            output = _floats(buffers[0], "output", math.inf)
            shape = sliding.slide(self.images[self.image_name], *self._how()).shape
            if len(output) != shape.numel() or (self.mode != "max" and output.isinf().any()):
                raise ValueError(f"The browser sent an output of {len(output)} numbers in the place of {shape.numel()} finite ones.\nRun the cell again.")
        except ValueError as error:
            self.error = str(error)
        else:
            self._drawn = needed, output.view(shape)


def _grids(grids: dict[str, ArrayLike], noun: str, largest: int) -> dict[str, torch.Tensor]:
    """Images or kernels, checked, as float32 tensors of our own."""
    if not isinstance(grids, dict) or not grids or not all(isinstance(name, str) for name in grids):
        raise ValueError(f"The {noun}s are not a dictionary of names and numbers.\nGive at least one {noun}, by its name.")
    checked = {}
    for name, values in grids.items():
        try:
            checked[name] = grid = torch.as_tensor(values, dtype=torch.float32).detach().clone()
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"The {noun} {name!r} is not made of numbers.\nGive a tensor, an array or a list of lists.") from None
        square = grid.ndim == 2 and (noun == "image" or grid.shape[0] == grid.shape[1])
        if not square or not grid.numel() or max(grid.shape) > largest or not (grid.abs() <= LARGEST_NUMBER).all():
            what = "rows and columns" if noun == "image" else "rows and as many columns"
            raise ValueError(
                f"The {noun} {name!r} of shape {tuple(grid.shape)} cannot be drawn.\n"
                f"Give 1 to {largest} {what}, with numbers from {-LARGEST_NUMBER:.0f} to {LARGEST_NUMBER:.0f}."
            )
    return checked


def _packed(grids: dict[str, torch.Tensor]) -> dict[str, dict[str, object]]:
    return {name: {"rows": len(v), "columns": v.shape[1], "values": v.contiguous().numpy().tobytes()} for name, v in grids.items()}


def _resized(kernel: torch.Tensor, size: int) -> torch.Tensor:
    """The kernel, cut off or filled up with zeros at the right and at the bottom, (size, size)."""
    resized = torch.zeros(size, size)
    resized[: len(kernel), : len(kernel)] = kernel[:size, :size]
    return resized


def _whole(settings: dict[str, object], name: str, smallest: int, largest: float = LARGEST) -> int:
    """A setting that must be a whole number within bounds."""
    value = settings[name]
    if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
        bounds = f"from {smallest} to {largest}" if largest < math.inf else f"from {smallest} on"
        raise ValueError(f"The {name} must be a whole number {bounds}; here is {value!r:.40}.\nTake a number within these bounds.")
    return value


def _floats(message: object, noun: str, largest: float) -> torch.Tensor:
    """float32 numbers that came as bytes; a kernel's must be a square of finite ones, an output's may be -∞."""
    if not isinstance(message, memoryview) or not message.nbytes or message.nbytes % 4:
        raise ValueError(f"The browser sent a {noun} that is not made of 32-bit numbers.\nRun the cell again.")
    values = torch.frombuffer(bytearray(message), dtype=torch.float32)
    wrong = values.isnan().any() or (values == math.inf).any() or (noun == "kernel" and not (values.abs() <= largest).all())
    square = noun != "kernel" or (math.isqrt(len(values)) ** 2 == len(values) and len(values) <= LARGEST**2)
    if wrong or not square:
        raise ValueError(f"The browser sent a {noun} of {len(values)} numbers, of the wrong size or not finite.\nRun the cell again.")
    return values
