"""The exercises: right answers pass, wrong ones never do, and each usual mistake gets the hint that is meant for it."""

import _thread
import ast
import json
import random
import re
import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch

from course_utils import exercises
from course_utils.exercises import CHAPTERS, EXERCISES, Exercise, Verdict, check, checking, progress
from tests.environment import ROOT

NOTEBOOKS = {path.stem[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}

MIDDLE = """
def move_to_the_middle(image):
    row = (image.sum(1) * torch.arange(28)).sum() / image.sum()
    column = (image.sum(0) * torch.arange(28)).sum() / image.sum()
    """
# For each exercise: wrong answers as a learner writes them (an expression, or a whole function), and words of the hint meant for each.
WRONG = {
    "numbers-in-a-batch": [("8 * 6 * 5", "leaves the channels out"), ("3 * 6 * 5", "one image"), ("8 + 3 + 6 + 5", "adds the lengths")],
    "to-batch": [
        ("def to_batch(raw):\n    return raw / 255", "channel axis is missing"),
        ("def to_batch(raw):\n    return raw[None] / 255", "belongs in second place"),
        ("def to_batch(raw):\n    return (raw / 255).reshape(-1, 28, 28, 1)", "channels last"),
        ("def to_batch(raw):\n    return raw.unsqueeze(1).float()", "Divide by 255"),
        ("def to_batch(raw):\n    return raw[:, None] / 256", "does not reach 1"),
        ("def to_batch(raw):\n    return raw[:, None]", "still bytes"),
        ("def to_batch(raw):\n    return raw[:, None] // 255", "drops the rest"),
    ],
    "one-place-on-paper": [("-1 * 3 + 0 * 1 + 2 * 1 + 1 * 2", "flipped"), ("0 + 2 * 1 + 0 - 0", "row is named first"),
                           ("1 * 2 + 2 * 0 + 0 * 1 - 3", "counted from 0"), ("3 + 1 + 1 + 2", "sum of the window")],
    "convolve": [
        (
            """
def convolve(image, kernel):
    h, w = kernel.shape
    output = torch.zeros(image.shape[0] - h + 1, image.shape[1] - w + 1)
    for row in range(output.shape[0]):
        for column in range(output.shape[1]):
            for i in range(h):
                for j in range(w):
                    output[row, column] += image[row + i, column + j] * kernel[h - 1 - i, w - 1 - j]
    return output""",
            "kernel is flipped",
        ),
        (
            """
def convolve(image, kernel):
    h, w = kernel.shape
    rows, columns = image.shape[0] - h, image.shape[1] - w
    return torch.tensor([[(image[r:r + h, c:c + w] * kernel).sum() for c in range(columns)] for r in range(rows)]).reshape(rows, columns)""",
            "lacks its last row and column",
        ),
        (
            """
def convolve(image, kernel):
    h, w = kernel.shape
    rows, columns = range(image.shape[0] - h + 1), range(image.shape[1] - w + 1)
    return torch.tensor([[(image[r:r + h, c:c + w] * kernel).sum() for r in rows] for c in columns])""",
            "transposed",
        ),
        ("def convolve(image, kernel):\n    return F.conv2d(image[None, None], torch.ones_like(kernel)[None, None])[0, 0]", "without the kernel"),
        ("def convolve(image, kernel):\n    return F.conv2d(image[None, None], kernel[None, None])[0, 0] / kernel.numel()", "mean of the products"),
    ],
    "convolve-channels": [
        ("def convolve_channels(x, kernels):\n    maps = [[F.conv2d(a[None, None], b[None, None])[0, 0] for a, b in zip(x, kernel)] for kernel in kernels]\n"
         "    return torch.stack([torch.stack(part) for part in maps])", "still has an axis"),
        ("def convolve_channels(x, kernels):\n    return torch.cat([F.conv2d(x[None, :1], kernel[None, :1])[0] for kernel in kernels])",
         "Only the first input channel"),
        ("def convolve_channels(x, kernels):\n    return F.conv2d(x[None], kernels)[0] / x.shape[0]", "mean over the channels"),
        ("def convolve_channels(x, kernels):\n    return F.conv2d(x[None], kernels.flip(-1, -2)).squeeze(0)", "flipped"),
        ("def convolve_channels(x, kernels):\n    return torch.cat([F.conv2d(x.sum(0)[None, None], kernel[None, :1])[0] for kernel in kernels])",
         "kernel's first channel"),
    ],
    "count-parameters": [
        ("def count_parameters(in_channels, out_channels, kernel_size, bias):\n    return in_channels * out_channels * kernel_size**2", "bias is missing"),
        ("def count_parameters(i, o, k, bias):\n    return (i * k * k + 1) * o", "bias always"),
        ("def count_parameters(i, o, k, bias):\n    return i * o * k * k + (i if bias else 0)", "added to an output map"),
        ("def count_parameters(i, o, k, bias):\n    return i * o * k * k + int(bias)", "one bias for the whole layer"),
        ("def count_parameters(i, o, k, bias):\n    return (i * k + bias) * o", "25 numbers"),
        ("def count_parameters(i, o, k, bias):\n    return (k * k + bias) * o", "all input channels"),
    ],
    "size-on-paper": [("(12 + 4 - 9) // 2 + 1", "padding once"), ("(12 + 8 - 9) // 2", "number of moves"), ("7", "up"),
                      ("12 + 8 - 9 + 1", "stride 1"), ("(12 - 9) // 2 + 1", "leaves the padding out")],
    "padding-output-size": [
        ("def output_size(n, k, s, p, d):\n    return (n + p - d * (k - 1) - 1) // s + 1", "padding once"),
        ("def output_size(n, k, s, p, d):\n    return (n + 2 * p - d * (k - 1) - 1) / s + 1", "without rounding"),
        ("def output_size(n, k, s, p, d):\n    return -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1", "round up"),
        ("def output_size(n, k, s, p, d):\n    return (n + 2 * p - d * (k - 1) - 1) // s", "count moves"),
        ("def output_size(n, k, s, p, d):\n    return (n + 2 * p - (k - 1) - 1) // s + 1", "dilation is missing"),
        ("def output_size(n, k, s, p, d):\n    return (n + 2 * p - d * k) // s + 1", "k - 1 steps"),
        ("def output_size(n, k, s, p, d):\n    return n + 2 * p - d * (k - 1)", "stride is missing"),
    ],
    "same-padding": [
        ("def same_padding(k, d):\n    return (k - 1) // 2, k // 2", "dilation is missing"),
        ("def same_padding(k, d):\n    return d * (k - 1), d * (k - 1)", "each gets half"),
        ("def same_padding(k, d):\n    return d * (k - 1) // 2, d * (k - 1) // 2", "lose one place"),
        ("def same_padding(k, d):\n    return (d * (k - 1) + 1) // 2, d * (k - 1) // 2", "odd zero stands before"),
        ("def same_padding(k, d):\n    return d * (k - 1) / 2, d * (k - 1) / 2", "whole number"),
    ],
    "pixel-use": [
        (
            """
def pixel_use(height, width, k, s, p):
    use = torch.zeros(height, width, dtype=torch.int64)
    for row in range(0, height - k + 1, s):
        for column in range(0, width - k + 1, s):
            use[row:row + k, column:column + k] += 1
    return use""",
            "padding is missing",
        ),
        (
            """
def pixel_use(height, width, k, s, p):
    use = torch.zeros(height + 2 * p, width + 2 * p, dtype=torch.int64)
    for row in range(height + 2 * p - k + 1):
        for column in range(width + 2 * p - k + 1):
            use[row:row + k, column:column + k] += 1
    return use[p:p + height, p:p + width]""",
            "stride is missing",
        ),
        (
            """
def pixel_use(height, width, k, s, p):
    use = torch.zeros(height + 2 * p, width + 2 * p, dtype=torch.int64)
    for row in range(0, height + 2 * p - k + 1, s):
        for column in range(0, width + 2 * p - k + 1, s):
            use[row:row + k, column:column + k] += 1
    return use""",
            "Cut the frame",
        ),
        (
            """
def pixel_use(height, width, k, s, p):
    use = torch.zeros(height + 2 * p, width + 2 * p, dtype=torch.int64)
    for row in range(0, height + 2 * p - k + 1, s):
        for column in range(0, width + 2 * p - k + 1, s):
            use[row:row + k, column:column + k] = 1
    return use[p:p + height, p:p + width]""",
            "Count how often",
        ),
    ],
    "max-on-paper": [("(7 / 4, 3 / 4, -10 / 4, 2 / 4)", "mean of each window"), ("(4, 2, 0, 5)", "That is ReLU"),
                     ("(4, 2, -4, -6)", "furthest from zero"), ("(4, -1, 2, 5)", "down the columns"), ("[3, 4, 5, 2]", "whole row or column")],
    "max-pool": [
        ("def max_pool(x, k):\n    return F.max_pool2d(x[None], k, ceil_mode=True)[0]", "leftover rows"),
        (
            """
def max_pool(x, k):
    rows, columns = x.shape[1] - k + 1, x.shape[2] - k + 1
    return torch.stack([torch.stack([x[:, r:r + k, c:c + k].amax((1, 2)) for c in range(columns)], 1) for r in range(rows)], 1)""",
            "windows overlap",
        ),
        ("def max_pool(x, k):\n    return x.unfold(1, k, k).unfold(2, k, k).mean((3, 4))", "mean of the window"),
        (
            """
def max_pool(x, k):
    output = torch.zeros(x.shape[0], x.shape[1] // k, x.shape[2] // k)
    for row in range(output.shape[1]):
        for column in range(output.shape[2]):
            for i in range(k):
                for j in range(k):
                    output[:, row, column] = torch.maximum(output[:, row, column], x[:, row * k + i, column * k + j])
    return output""",
            "begin with 0",
        ),
        (
            """
def max_pool(x, k):
    output = torch.zeros(x.shape[0], x.shape[1] // k, x.shape[2] // k)
    for row in range(output.shape[1]):
        for column in range(output.shape[2]):
            output[:, row, column] = x[:, row * k:row * k + k, column * k:column * k + k].max()
    return output""",
            "largest over all channels",
        ),
        ("def max_pool(x, k):\n    return x.unfold(1, k, k).unfold(2, k, k).amax((0, 3, 4))", "channels are gone"),
        ("def max_pool(x, k):\n    return x.unfold(2, k, k).unfold(1, k, k).amax((3, 4)).permute(0, 2, 1)", "swapped"),
        ("def max_pool(x, k):\n    return x.unfold(1, k, k).unfold(2, k, k)[..., 0, 0]", "first number of each window"),
        ("def max_pool(x, k):\n    return x.unfold(1, k, k).amax(3)", "down the rows only"),
    ],
    "receptive-field": [
        ("def receptive_field(layers):\n    return sum(kernel for kernel, stride in layers)", "add up the kernels"),
        ("def receptive_field(layers):\n    return 1 + sum(kernel - 1 for kernel, stride in layers)", "strides are missing"),
        (
            """
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        step = step * stride
        field = field + (kernel - 1) * step
    return field""",
            "its own window",
        ),
        (
            """
def receptive_field(layers):
    field, step = 0, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field""",
            "begin with 0",
        ),
        (
            """
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride in reversed(layers):
        field += (kernel - 1) * step
        step *= stride
    return field""",
            "from the last layer to the first",
        ),
        ("def receptive_field(layers):\n    return layers[-1][0]", "last layer only"),
    ],
    "winner-takes-it": [
        ("def pool_gradient(x, upstream):\n    return torch.kron(upstream, torch.ones(2, 2)) / 4", "a quarter to each"),
        ("def pool_gradient(x, upstream):\n    return F.interpolate(upstream[None, None], scale_factor=2)[0, 0]", "copy the gradient"),
        (
            """
def pool_gradient(x, upstream):
    largest = torch.kron(F.max_pool2d(x[None], 2)[0], torch.ones(2, 2))
    return (x == largest).float()""",
            "write 1 at the winner",
        ),
        (
            """
def pool_gradient(x, upstream):
    gradient = torch.zeros_like(x)
    gradient[::2, ::2] = upstream
    return gradient""",
            "top left of each window",
        ),
        (
            """
def pool_gradient(x, upstream):
    largest, places = F.max_pool2d(x[None], 2, return_indices=True)
    return F.max_unpool2d(largest, places, 2)[0]""",
            "largest number itself",
        ),
    ],
    "index-on-paper": [("3 * 49 + 5 * 7 + 2", "row is multiplied by 7"), ("(2 * 7 + 5) * 32 + 3", "channel changed fastest"), ("3 * 49 + 2 * 7 + 5 + 1", "counts from 1"),
                       ("2 * 49 + 1 * 7 + 4", "three whole maps stand before map 3"), ("2 * 7 + 5", "inside of the map"), ("3 * 32 + 2 * 7 + 5", "how many maps")],
    "place-of-index": [
        ("def place_of_index(index):\n    c, rest = divmod(index, 49)\n    k, r = divmod(rest, 7)\n    return c, r, k", "swapped"),
        ("def place_of_index(index):\n    place, c = divmod(index, 32)\n    return c, place // 7, place % 7", "channel change fastest"),
        ("def place_of_index(index):\n    return index // 49, index // 7, index % 7", "counts through all maps"),
        ("def place_of_index(index):\n    c = index // 49\n    r = (index - c * 49) // 7\n    return c, r, index - c * 49", "whole map"),
        ("def place_of_index(index):\n    return index / 49, index % 49 / 7, index % 7", "without rounding"),
        ("def place_of_index(index):\n    c, rest = divmod(index, 49)\n    return c + 1, rest // 7 + 1, rest % 7 + 1", "count from 1"),
        ("def place_of_index(index):\n    c, rest = divmod(index, 32)\n    return c, rest // 7, rest % 7", "divide by 32"),
    ],
    "flatten-batch": [
        ("def flatten_batch(x):\n    return x.reshape(-1)", "all images end up in one row"),
        ("def flatten_batch(x):\n    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)", "channels come last"),
        ("def flatten_batch(x):\n    b, c, h, w = x.shape\n    return x.reshape(c * h * w, b).T", "cannot bring together"),
        ("def flatten_batch(x):\n    return torch.cat([x[:, i] for i in range(x.shape[1])]).reshape(x.shape[0], -1)", "channel axis stands first"),
        ("def flatten_batch(x):\n    return x.reshape(x.shape[0], x.shape[1], -1)", "keeps the channel axis"),
        ("def flatten_batch(x):\n    return torch.stack([image.mT.reshape(-1) for image in x])", "down the columns"),
        ("def flatten_batch(x):\n    return torch.squeeze(x)", "joins none"),
    ],
    "evidence-map": [
        ("def evidence_map(weight_row, features):\n    return (weight_row * features).view(32, 7, 7)", "axis of the 32 maps"),
        ("def evidence_map(weight_row, features):\n    return (weight_row * features).view(49, 32).sum(1).view(7, 7)", "You fold to (7, 7, 32)"),
        ("def evidence_map(weight_row, features):\n    return sum(features.view(32, 7, 7))", "features alone"),
        ("def evidence_map(weight_row, features):\n    return sum(weight_row.view(32, 7, 7))", "weights alone"),
        ("def evidence_map(weight_row, features):\n    return sum((weight_row * features).view(32, 7, 7)) / 32", "mean over the maps"),
        ("def evidence_map(weight_row, features):\n    return sum((weight_row * features).view(32, 7, 7)).T", "swapped"),
        ("def evidence_map(weight_row, features):\n    return weight_row @ features", "one number"),
        ("def evidence_map(weight_row, features):\n    w, f = weight_row.view(32, 7, 7), features.view(32, 7, 7)\n    return w.sum(0) * f.sum(0)", "multiply first"),
    ],
    "loss-of-a-guess": [("-1.39", "minus that logarithm"), ("0.602", "base 10"), ("2", "base 2"), ("1 - 1 / 4", "what the right class lacks")],
    "training-step": [
        (
            """
def training_step(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()""",
            "zero_grad is missing",
        ),
        (
            """
def training_step(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    return loss""",
            "No weight moves",
        ),
        (
            """
def training_step(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()""",
            "No weight moves",
        ),
        (
            """
def training_step(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = F.cross_entropy(F.softmax(model(x), dim=1), y)
    loss.backward()
    optimizer.step()
    return loss.item()""",
            "softmax stands before",
        ),
        (
            """
def training_step(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()""",
            "zero_grad comes last",
        ),
    ],
    "similarity-on-paper": [("1 / (1 + 5**0.5)", "takes its square"), ("1 / 5", "leaves the 1 out"), ("1 / (1 + 3**2)", "Square each"), ("1 + 5", "divided by that")],
    "same-class-share": [
        ("def same_class_share(points, labels):\n    return (labels[torch.cdist(points, points).argmin(1)] == labels).float().mean()", "its own nearest"),
        ("def same_class_share(points, labels):\n    d = torch.cdist(points, points)\n    d.fill_diagonal_(torch.inf)\n"
         "    return (labels[d.argmin(1)] != labels).float().mean().item()", "another class"),
        ("def same_class_share(points, labels):\n    return (labels[torch.cdist(points, points).argmax(1)] == labels).float().mean().item()", "farthest"),
        ("def same_class_share(points, labels):\n    d = torch.cdist(points, points)\n    d.fill_diagonal_(torch.inf)\n"
         "    return (labels[d.argmin(1)] == labels).sum().item()", "Divide by how many"),
    ],
    "centre-on-paper": [("(2.3, 1.7)", "named first"), ("(4 / 3, 5 / 3)", "Weigh each"), ("(1.5, 1.5)", "middle of the frame"), ("(2.7, 3.3)", "counted from 0"),
                        ("(17 / 12, 23 / 12)", "Divide by the ink"), ("(17, 23)", "weighted sums")],
    "fit-the-box": [
        ("def fitted_size(height, width):\n    return 20, 20", "stretch both sides"),
        ("def fitted_size(height, width):\n    return 20, max(round(width * 20 / height), 1)", "always make the height 20"),
        ("def fitted_size(height, width):\n    factor = 20 / min(height, width)\n    return round(height * factor), round(width * factor)", "shorter side 20"),
        ("def fitted_size(height, width):\n    factor = 20 / max(height, width)\n    return round(height * factor), round(width * factor)", "width 0"),
        ("def fitted_size(height, width):\n    longer = max(height, width)\n    return max(1, int(height * 20 / longer)), max(1, int(width * 20 / longer))", "round down"),
        ("def fitted_size(height, width):\n    longer = max(height, width)\n    return max(1, height * 20 / longer), max(1, width * 20 / longer)", "not whole numbers"),
        ("def fitted_size(height, width):\n    factor = 28 / max(height, width)\n    return max(1, round(height * factor)), max(1, round(width * factor))", "all 28 pixels"),
        ("def fitted_size(height, width):\n    factor = 20 / max(height, width)\n    return max(1, round(width * factor)), max(1, round(height * factor))", "swapped"),
    ],
    "move-to-the-middle": [
        (MIDDLE + "return round(row.item() - 14), round(column.item() - 14)", "sign is turned round"),
        (MIDDLE + "return round(14 - column.item()), round(14 - row.item())", "swapped"),
        (
            """
def move_to_the_middle(image):
    rows, columns = image.sum(1).nonzero(), image.sum(0).nonzero()
    return round(14 - (rows[0] + rows[-1]).item() / 2), round(14 - (columns[0] + columns[-1]).item() / 2)""",
            "the frame around the ink",
        ),
        ("def move_to_the_middle(image):\n    places = image.nonzero().float().mean(0)\n    return tuple(round(14 - place.item()) for place in places)", "faint or dark"),
        (MIDDLE + "return 14 - row, 14 - column", "not whole numbers"),
        (MIDDLE + "return round(row.item()), round(column.item())", "the centre itself"),
    ],
    "top-three": [
        ("def top_three(logits):\n    largest, classes = logits.topk(3)\n    return classes, largest.softmax(0)", "gives them everything"),
        ("def top_three(logits):\n    largest, classes = logits.topk(3)\n    return classes, largest", "You return logits"),
        ("def top_three(logits):\n    return logits.softmax(0).topk(3)", "the other way round"),
        ("def top_three(logits):\n    p, classes = logits.softmax(0).sort()\n    return classes[:3], p[:3]", "three smallest"),
        ("def top_three(logits):\n    p, classes = torch.sigmoid(logits).topk(3)\n    return classes, p", "each logit alone"),
        ("def top_three(logits):\n    classes = logits.topk(3).indices.sort().values\n    return classes, logits.softmax(0)[classes]", "sort by class"),
        ("def top_three(logits):\n    p, classes = logits.softmax(0).sort()\n    return classes[-3:], p[-3:]", "comes last"),
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No exercise has been checked before; one thread, which is quicker for small sums."""
    for name, empty in (("_checks", {}), ("_seen", set()), ("_done", set())):
        monkeypatch.setattr(exercises, name, empty)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# ---------------------------------------------------------------- the notebooks


def cells_of(chapter: str) -> list[tuple[str, str]]:
    """(cell type, source) of a notebook's cells."""
    cells = json.loads(NOTEBOOKS[chapter].read_text(encoding="utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]


def imports_of(chapter: str) -> dict:
    """What a notebook's first code cell imports, and nothing else of it."""
    first = next(source for kind, source in cells_of(chapter) if kind == "code")
    statements = [node for node in ast.parse(first).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names: dict = {}
    exec(compile(ast.Module(statements, type_ignores=[]), str(NOTEBOOKS[chapter]), "exec"), names)
    return names


def found_in(chapter: str) -> dict[str, tuple[str, str, str]]:
    """The exercises of a notebook: name -> (source of the stub cell, source of the check cell, the folded solution)."""
    cells, found = cells_of(chapter), {}
    for i, (kind, source) in enumerate(cells):
        if match := re.fullmatch(r'check\("([\w-]+)", \w+\)', source) if kind == "code" else None:
            assert cells[i - 1][0] == "code" and cells[i + 1][0] == "markdown", match[1]
            [solution] = re.findall("<details>.*?```python\n(.*?)\n```\n\n</details>", cells[i + 1][1], re.DOTALL)
            found[match[1]] = cells[i - 1][1], source, solution
    return found


FOUND = {name: (chapter, *parts) for chapter in NOTEBOOKS for name, parts in found_in(chapter).items()}


def answer_of(name: str, source: str) -> object:
    """What the check cell would hand over if `source` stood in the stub's place."""
    chapter, stub, check_cell, _ = FOUND[name]
    names = imports_of(chapter)
    exec(source, names)
    return eval(check_cell[:-1].rsplit(", ", 1)[1], names)


def wrong_answer(source: str) -> object:
    if not source.strip().startswith("def "):
        return eval(source)
    names = {"torch": torch, "F": torch.nn.functional}
    exec(source, names)
    return names[re.search(r"def (\w+)", source)[1]]


def test_every_exercise_stands_in_its_chapter():
    """In the order of the package, and none is missing on either side; each chapter ends by saying which are done."""
    assert list(CHAPTERS) == list(NOTEBOOKS)
    for chapter, group in CHAPTERS.items():
        assert list(found_in(chapter)) == [exercise.name for exercise in group]
        assert [source for _, source in cells_of(chapter)].count(f'progress("{chapter}")') == 1
        assert len(group) == (4 if chapter in ("01", "02", "03", "04", "07") else 2)


@pytest.mark.parametrize("name", EXERCISES)
def test_solution_passes(name, capsys):
    verdict = check(name, answer_of(name, FOUND[name][3]))
    assert verdict.passed and verdict.hint == EXERCISES[name].shows
    assert capsys.readouterr().out == f"Right: {verdict.hint}\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_untouched_stub_is_not_yet(name, capsys):
    verdict = check(name, answer_of(name, FOUND[name][1]))
    assert not verdict.passed and capsys.readouterr().out.startswith("Not yet: the three dots are still there.\n")


# ---------------------------------------------------------------- wrong answers


@pytest.mark.parametrize("name", EXERCISES)
def test_wrong_answers(name):
    """At least three, each with its own nudge first and its own hint on the next try."""
    assert len(WRONG[name]) >= 3
    for source, words in WRONG[name]:
        exercises._seen.clear()
        answer = wrong_answer(source)
        first, second = check(name, answer), check(name, answer)
        assert not first.passed and not second.passed, source
        assert words in second.hint, (source, second.hint)
        [mistake] = [mistake for mistake in EXERCISES[name].mistakes if mistake.hint == second.hint]
        assert first.hint == mistake.nudge != mistake.hint


@pytest.mark.parametrize("name", EXERCISES)
def test_a_checker_that_always_passes_is_noticed(name, monkeypatch):
    monkeypatch.setattr(exercises, "judge", lambda *arguments, **named: (Verdict(True, "fine", "Right"), None))
    with pytest.raises(AssertionError):
        test_wrong_answers(name)


@pytest.mark.parametrize("name", EXERCISES)
def test_mistakes_are_told_apart(name):
    """Each mistake is recognised on any random inputs: never taken for another one, never for the right answer."""
    for mistake in EXERCISES[name].mistakes:
        for seed in range(1, 6):
            verdict, recognised = checking.judge(EXERCISES[name], mistake.wrong, seed)
            assert not verdict.passed and recognised is mistake


def another(result: object, tolerance: float, rng: random.Random) -> object:
    """A random result of the same type and shape, clearly another one: one entry moved, all entries new, or all scaled."""
    if isinstance(result, tuple):
        place = rng.randrange(len(result))
        return tuple(another(value, tolerance, rng) if i == place else value for i, value in enumerate(result))
    if isinstance(result, torch.Tensor):
        changed, way = result.clone(), rng.randrange(3)
        moved = rng.choice([-1, 1]) * (rng.randint(1, 9) if not changed.is_floating_point() else rng.uniform(10 * tolerance, 2))
        if way == 0:
            changed.view(-1)[rng.randrange(changed.numel())] += moved
        elif way == 1:
            changed += moved
        else:
            fresh = torch.randn(changed.shape, generator=torch.Generator().manual_seed(rng.randrange(10**6)))
            changed += (3 + fresh.abs()).to(changed.dtype)
        return changed
    if isinstance(result, int):
        return result + rng.choice([-1, 1]) * rng.randint(1, 50)
    return result + rng.choice([-1, 1]) * rng.uniform(3 * tolerance, 5)


def random_wrong_answer(exercise: Exercise, seed: int) -> object:
    """A wrong value; or a function which is right, and then wrong at a random place, or from some input size on."""
    if not exercise.cases:
        return another(exercise.right, exercise.tolerance, random.Random(seed))
    if exercise.name == "training-step":
        return random_training_step(random.Random(seed))

    def answer(*arguments: object) -> object:
        return another(exercise.right(*arguments), exercise.tolerance, random.Random(seed))

    return answer


def random_training_step(rng: random.Random) -> Callable:
    """The right step, then weights or loss moved by something random."""
    in_loss, size = rng.random() < 0.5, rng.uniform(0.001, 1)

    def training_step(model, x, y, optimizer):
        loss = EXERCISES["training-step"].right(model, x, y, optimizer)
        if in_loss:
            return loss + size
        with torch.no_grad():
            model.weight.view(-1)[rng.randrange(model.weight.numel())] += size
        return loss

    return training_step


@pytest.mark.parametrize("name", EXERCISES)
def test_random_wrong_answers_never_pass(name):
    """200 seeded ones, of the right type and shape."""
    for seed in range(200):
        verdict, _ = checking.judge(EXERCISES[name], random_wrong_answer(EXERCISES[name], seed), seed)
        assert not verdict.passed and verdict.kind == "Wrong", seed


# ---------------------------------------------------------------- answers that cannot be judged


def raises(n, k, s, p, d):
    return n / 0


UNUSABLE = {
    "no such exercise": ("padding", 3, "There is no exercise 'padding'"),
    "no name at all": (["to-batch"], 3, "There is no exercise"),
    "an error of the learner's": ("padding-output-size", raises, "ZeroDivisionError"),
    "a line of the learner's": ("padding-output-size", raises, "return n / 0"),
    "dots half replaced": ("padding-output-size", lambda n, k, s, p, d: ... + 1, "Not yet: some three dots are still there"),
    "nothing returned": ("padding-output-size", lambda n, k, s, p, d: None, "does the last line of your function say return?"),
    "too few arguments": ("padding-output-size", lambda n: n, "TypeError"),
    "a value, not a function": ("padding-output-size", 5, "the name of a function is asked for"),
    "a function, not a value": ("size-on-paper", raises, "a value is asked for"),
    "text": ("size-on-paper", "6", "you give a value of type str"),
    "a truth value": ("count-parameters", lambda i, o, k, bias: True, "you give a value of type bool"),
    "NaN": ("size-on-paper", float("nan"), "a finite number is asked for"),
    "a number too large": ("size-on-paper", 10**400, "OverflowError"),
    "NaN in a tensor": ("to-batch", lambda raw: raw.unsqueeze(1) / 255 * float("nan"), "not finite"),
    "a list, not a tensor": ("to-batch", lambda raw: raw.tolist(), "you give a value of type list"),
    "a wrong shape": ("pixel-use", lambda height, width, k, s, p: torch.zeros(3, 3, 3, dtype=torch.int64), "yours is (3, 3, 3)"),
    "a wrong dtype": ("pixel-use", lambda height, width, k, s, p: torch.zeros(height, width), "yours is torch.float32"),
    "one number for two": ("same-padding", lambda k, d: k, "2 values are asked for"),
    "three numbers for two": ("same-padding", lambda k, d: (1, 2, 3), "2 values are asked for"),
    "exit": ("same-padding", lambda k, d: exit(), "SystemExit"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_answers(case, capsys):
    """A readable message of a few lines, no exception, no stack of library frames."""
    name, answer, words = UNUSABLE[case]
    verdict = check(name, answer)
    said = capsys.readouterr().out
    assert not verdict.passed and words in said
    assert "Traceback" not in said and "checking.py" not in said and len(said.splitlines()) <= 3


def test_endless_loop():
    """The interrupt button ends it, and the check says so."""

    def endless(n, k, s, p, d):
        while True:
            pass

    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    verdict = check("padding-output-size", endless)
    timer.join()
    assert not verdict.passed and verdict.kind == "Stopped" and "never ends" in verdict.hint


def test_answers_may_come_in_other_clothes():
    """numpy's and torch's numbers, lists for tuples, tensors that keep track of gradients."""
    assert check("size-on-paper", np.int64(6)).passed
    assert check("loss-of-a-guess", torch.tensor(1.386)).passed
    assert check("same-padding", lambda k, d: list(EXERCISES["same-padding"].right(k, d))).passed
    assert check("convolve", lambda image, kernel: EXERCISES["convolve"].right(image, kernel.requires_grad_())).passed


def test_an_answer_cannot_spoil_its_check():
    """It gets copies: changing the inputs in place turns no wrong answer into a right one. The notebook's random numbers stay."""

    def greedy(raw):
        torch.manual_seed(5)
        return raw.zero_().unsqueeze(1) / 255

    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    assert not check("to-batch", greedy).passed
    assert torch.equal(torch.rand(3), expected)


def test_inputs_are_fresh_each_time(monkeypatch):
    """What is learned by heart from one check does not pass the next."""
    cases = EXERCISES["convolve"].cases
    first, again, other = (cases(torch.Generator().manual_seed(seed))[0][0] for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    seeds = []
    monkeypatch.setattr(exercises, "judge", lambda *arguments, seed, **named: (seeds.append(seed), (Verdict(False, ""), None))[1])
    check("convolve", abs), check("convolve", abs), check("to-batch", abs)
    assert seeds == [1, 2, 1]


def test_progress(capsys):
    """Which exercises of a chapter are done; a later wrong answer takes it back."""
    check("size-on-paper", 6)
    check("same-padding", EXERCISES["same-padding"].right)
    check("same-padding", lambda k, d: (0, 0))
    capsys.readouterr()
    progress("02")
    assert capsys.readouterr().out == (
        "Chapter 02: 1 of 4 exercises done.\n  done     size-on-paper\n  not yet  padding-output-size\n"
        "  not yet  same-padding\n  not yet  pixel-use\n"
    )
    progress("99")
    assert "no exercises in a chapter '99'" in capsys.readouterr().out
