"""The exercises of chapter 01: one place on paper, the convolution itself, its channels, its parameters."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.exercises.checking import Cases, Exercise, Mistake


def _right_convolve(image: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(image[None, None], kernel[None, None])[0, 0]


def _images_and_kernels(generator: torch.Generator) -> Cases:
    """Neither square nor symmetric, so that a swapped axis or a flip shows."""
    sizes = [((4, 6), (2, 3)), ((7, 5), (3, 2)), ((5, 5), (5, 5)), ((6, 9), (1, 4))]
    return [(torch.randn(image, generator=generator), torch.randn(kernel, generator=generator)) for image, kernel in sizes]


def _right_channels(x: Tensor, kernels: Tensor) -> Tensor:
    return F.conv2d(x[None], kernels)[0]


def _maps(x: Tensor, kernel: Tensor) -> Tensor:
    """Each channel convolved on its own, (C, H, W), (C, k, k) -> (C, H-k+1, W-k+1): what is to be added up."""
    return torch.stack([_right_convolve(channel, part) for channel, part in zip(x, kernel)])


def _channels_and_kernels(generator: torch.Generator) -> Cases:
    sizes = [((2, 5, 6), (3, 2, 3, 3)), ((3, 6, 4), (2, 3, 2, 2)), ((4, 5, 5), (4, 4, 3, 3))]
    return [(torch.randn(x, generator=generator), torch.randn(kernels, generator=generator)) for x, kernels in sizes]


def _right_count(in_channels: int, out_channels: int, kernel_size: int, bias: bool) -> int:
    return sum(weights.numel() for weights in nn.Conv2d(in_channels, out_channels, kernel_size, bias=bias).parameters())


def _layers(generator: torch.Generator) -> Cases:
    drawn = torch.randint(1, 9, (12, 3), generator=generator).tolist()
    special = [(1, 16, 5, True), (16, 32, 5, True), (16, 32, 5, False)]
    return special + [(a, b, k, i % 2 == 0) for i, (a, b, k) in enumerate(drawn)]


EXERCISES = (
    Exercise(
        name="one-place-on-paper",
        right=3,
        todo="Write a number in their place: the output at row 1, column 2.",
        shows="3·1 + 1·2 + 1·0 + 2·(-1) = 3. The window's top left corner lies at row 1, column 2.",
        mistakes=(
            Mistake(
                1,
                "In which order do you lay the kernel on the window?",
                "1 comes from a flipped kernel. Lay it down as it is: its top left number on the window's top left number.",
            ),
            Mistake(
                2,
                "Rows first, then columns. Which window is yours?",
                "2 is the output at row 2, column 1. The row is named first: go down 1 and right 2.",
            ),
            Mistake(
                -1,
                "Which number do you give to the first row?",
                "-1 is the output at row 0, column 1. Rows and columns are counted from 0, so row 1 is the second one.",
            ),
            Mistake(
                7,
                "Where did the kernel go?",
                "7 is the sum of the window alone. Multiply each number by the kernel's number that lies on it, then add.",
            ),
        ),
    ),
    Exercise(
        name="convolve",
        right=_right_convolve,
        cases=_images_and_kernels,
        todo="For each place, multiply the window by the kernel and add.",
        shows="your loops agree with F.conv2d, on images and kernels of several sizes. This is the whole operator.",
        mistakes=(
            Mistake(
                lambda image, kernel: _right_convolve(image, kernel.flip(0, 1)),
                "Try an asymmetric kernel on paper. In which order does yours lie on the window?",
                "Your kernel is flipped. Mathematicians flip it; deep learning does not: multiply window[i, j] by kernel[i, j].",
            ),
            Mistake(
                lambda image, kernel: _right_convolve(image, kernel)[:-1, :-1],
                "Count the places where the kernel fits. Is the last one among yours?",
                "Your output lacks its last row and column. A kernel of h rows fits H - h + 1 times, not H - h times.",
            ),
            Mistake(
                lambda image, kernel: _right_convolve(image, kernel).T,
                "Which axis of your result runs along the rows?",
                "Your output is transposed. output[row, column] belongs to the window at image[row, column].",
            ),
            Mistake(
                lambda image, kernel: image.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1).sum(dim=(2, 3)),
                "Does your output change when the kernel changes?",
                "You add up the window without the kernel. Multiply window * kernel first, then add.",
            ),
            Mistake(
                lambda image, kernel: _right_convolve(image, kernel) / kernel.numel(),
                "Is it a sum, or a mean?",
                "You take the mean of the products. A convolution adds them up: use .sum().",
            ),
            Mistake(
                lambda image, kernel: _right_convolve(image, kernel.abs()),
                "What does a negative number in the kernel do?",
                "The kernel's signs are lost. A negative number counts against what lies under it.",
            ),
        ),
    ),
    Exercise(
        name="convolve-channels",
        right=_right_channels,
        cases=_channels_and_kernels,
        todo="One output map for each kernel: the sum over its input channels.",
        shows="a kernel reaches through all input channels, and their results are added into one map. So there are as many maps as kernels.",
        mistakes=(
            Mistake(
                lambda x, kernels: torch.stack([_maps(x, kernel) for kernel in kernels]),
                "How many maps does one kernel give?",
                "Your result still has an axis for the input channels. Add over it: one kernel gives one map.",
            ),
            Mistake(
                lambda x, kernels: _right_channels(x[:1], kernels[:, :1]),
                "Does your output change when the second input channel changes?",
                "Only the first input channel is read. Go through all of them, and add the results.",
            ),
            Mistake(
                lambda x, kernels: _right_channels(x, kernels) / len(x),
                "Is it a sum over the channels, or a mean?",
                "You take the mean over the channels. Their results are added up.",
            ),
            Mistake(
                lambda x, kernels: torch.stack([_maps(x, kernel).amax(0) for kernel in kernels]),
                "What becomes of the results of the several channels?",
                "You keep the largest of the channels. Their results are added up.",
            ),
            Mistake(
                lambda x, kernels: _right_channels(x, kernels.flip(2, 3)),
                "In which order does the kernel lie on the window?",
                "Your kernels are flipped. Deep learning does not flip them.",
            ),
            Mistake(
                lambda x, kernels: _right_channels(x, kernels[:, :1].expand_as(kernels)),
                "Has a kernel the same numbers for every input channel?",
                "You use the kernel's first channel for all input channels. Channel c of the image meets channel c of the kernel.",
            ),
        ),
    ),
    Exercise(
        name="count-parameters",
        right=_right_count,
        cases=_layers,
        todo="How many numbers has one kernel? How many kernels are there?",
        shows="(in_channels · k · k + 1) · out_channels. The size of the image does not occur: a convolution reads any.",
        mistakes=(
            Mistake(
                lambda a, b, k, bias: a * b * k * k,
                "Compare a layer with bias and one without. Do yours differ?",
                "The bias is missing: with bias=True each kernel has one more number, out_channels in all.",
            ),
            Mistake(
                lambda a, b, k, bias: a * b * k * k + b,
                "What changes in a layer with bias=False?",
                "You count the bias always. Add out_channels only where bias is True.",
            ),
            Mistake(
                lambda a, b, k, bias: a * b * k * k + bias * a,
                "How many biases are there: one for each input map, or one for each output map?",
                "The bias is added to an output map. So there are out_channels of them.",
            ),
            Mistake(
                lambda a, b, k, bias: a * b * k * k + bias * 1,
                "How many output maps get a constant added?",
                "You count one bias for the whole layer. Each kernel has its own: out_channels of them.",
            ),
            Mistake(
                lambda a, b, k, bias: a * b * k + bias * b,
                "How many numbers has a kernel of size 5, in one channel?",
                "kernel_size counts rows and columns: a 5 x 5 kernel has 25 numbers in each channel.",
            ),
            Mistake(
                lambda a, b, k, bias: b * k * k + bias * b,
                "Does your count change with in_channels?",
                "A kernel reaches through all input channels: it has in_channels · k · k numbers.",
            ),
        ),
    ),
)
