"""The lesson this course grew out of against the course, measured in one run.

    python tests/benchmark.py [--json FILE] [--only NAME ...] [--quick]

The two sides take turns (old, new, old, new ...), on the same digits, processor and threads, and a
ratio is formed within each such pair, so that a machine that slows down slows both. "Old" is the
lesson as a reader runs it, mended only where it no longer can run: the test images' missing channel
axis, `max_iter` for `n_iter`, and a canvas that is drawn instead of a window that is shown. Both
sides learn from all 60,000 training digits of the full MNIST; rows that need it are left out where
it is missing. It prints a markdown table: evidence, not a test, so the exit code is always 0.
"""

import argparse
import functools
import itertools
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if __name__ == "__main__":
    os.environ.pop("COURSE_DATA_DIR", None)  # the digits are unpacked into a new folder, and deleted with it
import tests.environment  # noqa: E402  fixed threads, before torch is loaded

import matplotlib  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import sklearn  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
from matplotlib import cm  # noqa: E402
from sklearn.manifold import TSNE  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.utils.data import DataLoader, Subset  # noqa: E402

from course_utils import CNN, Digits, LiveTSNE, Splits, evaluate, figures, load_mnist, make_loader, train_steps  # noqa: E402
from course_utils.data import IDX_MD5, _read_idx  # noqa: E402
from course_utils.embedding import affinities  # noqa: E402
from course_utils.make_weights import sample_recipe  # noqa: E402

ROOT, FULL_MNIST = tests.environment.ROOT, tests.environment.FULL_MNIST
DATA = Path(os.environ["COURSE_DATA_DIR"])
EVERY = 50  # steps from one map frame, or one evaluation, to the next
PLOT_ONLY = 500  # points of a map: the first of the test digits, as in the lesson
IMPORTS = "import torch, torchvision, sklearn.manifold, matplotlib.pyplot"  # what a chapter's memory is compared with
PEAK = "\nfor line in open('/proc/self/status'):\n    if line.startswith('VmHWM'): print(line.split()[1])"  # in KiB
MB = 1024 / 1e6  # of one KiB
# The schedule of the row "98": found on seeds 11 to 18, which the row does not use.
CYCLE_STEPS, MAX_LR = 400, 1e-2

FULL = SimpleNamespace(digits=60_000, pairs=3, max_iter=5000, target=0.98, runs=2, epochs=12, imports=7, chapters=None)
QUICK = SimpleNamespace(digits=5_000, pairs=1, max_iter=500, target=0.90, runs=1, epochs=1, imports=2, chapters=1)
SEEDS = (101, 102, 103)  # of every row: seeds that nothing was tuned on


# ------------------------------------------------------------- the old lesson


class OldCNN(nn.Module):
    """The lesson's network."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, 16, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2))
        self.conv2 = nn.Sequential(nn.Conv2d(16, 32, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2))
        self.out = nn.Linear(32 * 7 * 7, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv2(self.conv1(x))
        x = x.view(x.size(0), -1)
        return self.out(x), x


def old_steps(model: nn.Module, batches: Iterable, epochs: int = 1) -> Iterator[tuple[int, Tensor]]:
    """The lesson's training loop; hands out (step, loss) after every step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    loss_func = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for step, (b_x, b_y) in enumerate(batches):
            output = model(b_x)[0]
            loss = loss_func(output, b_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield step, loss


def old_start(seed: int, size: SimpleNamespace) -> tuple[nn.Module, DataLoader]:
    torch.manual_seed(seed)
    train_data = torchvision.datasets.MNIST(DATA, train=True, transform=torchvision.transforms.ToTensor())
    if size.digits < len(train_data):
        train_data = Subset(train_data, range(size.digits))
    return OldCNN(), DataLoader(train_data, batch_size=50, shuffle=True)


def old_map(features: np.ndarray, labels: np.ndarray, max_iter: int) -> np.ndarray:
    """The lesson's map: fitted from scratch, each digit a text of its own, drawn to pixels. Returns (N, 2)."""
    tsne = TSNE(perplexity=30, n_components=2, init="pca", max_iter=max_iter)
    low_dim_embs = tsne.fit_transform(features)
    plt.cla()
    X, Y = low_dim_embs[:, 0], low_dim_embs[:, 1]
    for x, y, s in zip(X, Y, labels):
        plt.text(x, y, s, backgroundcolor=cm.rainbow(int(255 * s / 9)), fontsize=9)
    plt.xlim(X.min(), X.max())
    plt.ylim(Y.min(), Y.max())
    plt.title("Visualize last layer")
    plt.gcf().canvas.draw()
    return low_dim_embs


def old_job(size: SimpleNamespace, seed: int, maps: float = math.inf) -> None:
    """The lesson's program: an epoch, with the accuracy on 2,000 test digits every 50 steps, and a map the first `maps` times."""
    cnn, train_loader = old_start(seed, size)
    test_data = torchvision.datasets.MNIST(DATA, train=False)
    test_x = torch.unsqueeze(test_data.data, dim=1).type(torch.FloatTensor)[:2000] / 255.0
    test_y = test_data.targets[:2000]
    for step, _ in old_steps(cnn, train_loader):
        if step % EVERY == 0:
            test_output, last_layer = cnn(test_x)
            pred_y = torch.max(test_output, 1)[1].data.numpy()
            float((pred_y == test_y.data.numpy()).astype(int).sum()) / float(test_y.size(0))
            if step < maps * EVERY:
                old_map(last_layer.data.numpy()[:PLOT_ONLY, :], test_y.numpy()[:PLOT_ONLY], size.max_iter)


# ------------------------------------------------------------------ the course


def new_steps(seed: int, size: SimpleNamespace, cycle: bool = False) -> tuple[CNN, Iterator]:
    """The same recipe for the course's network. With `cycle`: one warm-up/decay cycle of the learning rate,
    and another one for as long as someone asks for more steps."""
    torch.manual_seed(seed)
    model = CNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    parts = full_mnist().train, full_mnist().validation  # joined: the 60,000 that the old lesson learns from
    images, labels = torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts])
    loader = make_loader(Digits(images[: size.digits], labels[: size.digits]), batch_size=50, seed=seed)
    if not cycle:
        return model, train_steps(model, loader, optimizer, device="cpu")

    def cycles() -> Iterator:
        while True:
            scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=MAX_LR, total_steps=CYCLE_STEPS)
            steps = train_steps(model, loader, optimizer, epochs=CYCLE_STEPS, scheduler=scheduler, device="cpu")
            yield from itertools.islice(steps, CYCLE_STEPS)

    return model, cycles()


def new_map(live: LiveTSNE, features: Tensor, labels: Tensor, predictions: Tensor) -> np.ndarray:
    """The course's map: the next frame, wrong predictions ringed, as the bytes of a PNG file. Returns (N, 2)."""
    points = live.update(features)
    figures.to_png(figures.embedding_map(points, labels, predictions, title="step"))
    return points


def new_job(size: SimpleNamespace, seed: int) -> None:
    """The same job as `old_job`, reading the digits from disk included, as the chapters do it."""
    full_mnist.cache_clear()
    model, steps = new_steps(seed, size)
    test = full_mnist().test
    loader = make_loader(Digits(test.images[:2000], test.labels[:2000]), batch_size=100, shuffle=False)
    x, y = test[range(PLOT_ONLY)]
    live = LiveTSNE()
    for step in steps:
        if step.index % EVERY == 0:
            result = evaluate(model, loader)
            with torch.no_grad():
                _, features = model(x)
            new_map(live, features, y, result.predictions[:PLOT_ONLY])


# ------------------------------------------------------------------ tools


@functools.cache
def full_mnist() -> Splits:
    return load_mnist(source="full")


def unpack_full_mnist() -> bool:
    """Write the four IDX files, uncompressed as torchvision wants them. False: the full MNIST is not there."""
    if not FULL_MNIST.is_dir():
        return False
    raw = DATA / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in IDX_MD5:
        (raw / name).write_bytes(_read_idx(FULL_MNIST / "MNIST" / "raw", name))
    return True


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def say(text: str) -> None:
    print(f"[{time.perf_counter() - STARTED:6.0f} s] {text}", file=sys.stderr, flush=True)


def python(code: str) -> list[float]:
    """The numbers that a fresh Python prints. It may write bytecode files, as a reader's may."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return [float(number) for number in done.stdout.split()]


def warm_up() -> None:
    """One small map on each side, so that neither pays for fonts and threads within a measurement."""
    features, labels = torch.rand(200, 20), torch.arange(200) % 10
    old_map(features.numpy(), labels.numpy(), max_iter=250)
    new_map(LiveTSNE(), features, labels, labels)


def middle(values: list[float]) -> dict:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def line(
    row: str, must: str, old: list[float], new: list[float], note: str,
    reached: bool = True, least: float = 0.0, unit: str = "s", **raw,
) -> dict:  # fmt: skip
    """One row of the table, and all that was measured for it. With `least`: the median of the ratios old / new must reach it."""
    ratios = [a / b for a, b in zip(old, new)] if least else []
    reached = bool(reached and (not ratios or statistics.median(ratios) >= least))
    ratio = middle(ratios) if ratios else None
    return dict(row=row, must=must, unit=unit, old=old, new=new, ratios=ratios, ratio=ratio, reached=reached, note=note) | raw


# ------------------------------------------------------------------ the rows


def row_epoch(size: SimpleNamespace) -> dict:
    """The training loop alone, over all batches: no evaluation, no start-up."""
    cnn, train_loader = old_start(0, size)
    batches = list(itertools.islice(train_loader, 100))
    model = CNN()
    model.load_state_dict(cnn.state_dict())
    old_losses = [loss.item() for _, loss in old_steps(cnn, batches)]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    new_losses = [step.loss for step in train_steps(model, batches, optimizer, device="cpu")]
    apart = max(abs(a - b) for a, b in zip(old_losses, new_losses))

    old, new = [], []
    for seed in SEEDS[: size.pairs]:
        cnn, train_loader = old_start(seed, size)
        old.append(seconds_of(lambda: list(old_steps(cnn, train_loader))))
        _, steps = new_steps(seed, size)
        new.append(seconds_of(lambda: list(steps)))
        say(f"epoch: old {old[-1]:.1f} s, new {new[-1]:.1f} s")
    note = f"from the same weights and batches, the losses of {len(batches)} steps differ by at most {apart:.0e}"
    return line("one epoch, same maths, same batch", "1.8x faster", old, new, note, least=1.8, largest_loss_difference=apart)


def row_98(size: SimpleNamespace) -> dict:
    """Seconds spent training until the first evaluation that reaches the target; every 50 steps, on both sides,
    all 10,000 test digits are read while the clock stands still."""
    test = make_loader(full_mnist().test, batch_size=500, shuffle=False)

    def until_reached(model: nn.Module, steps: Iterator) -> tuple[float, int]:
        seconds, started = 0.0, time.perf_counter()
        for count, _ in enumerate(itertools.islice(steps, 12_000), start=1):
            if count % EVERY == 0:
                seconds += time.perf_counter() - started
                if evaluate(model, test).accuracy >= size.target:
                    return seconds, count
                started = time.perf_counter()
        return math.inf, count

    old, new = [], []
    for seed in SEEDS:
        cnn, train_loader = old_start(seed, size)
        old.append(until_reached(cnn, old_steps(cnn, train_loader, epochs=10)))
        new.append(until_reached(*new_steps(seed, size, cycle=True)))
        say(f"98: old {old[-1][1]} steps, {old[-1][0]:.1f} s; new {new[-1][1]} steps, {new[-1][0]:.1f} s")
    (old, old_counts), (new, new_counts) = (map(list, zip(*side)) for side in (old, new))
    note = (
        f"steps of 50 digits: old {old_counts}, new {new_counts} (OneCycleLR over {CYCLE_STEPS} steps, max_lr {MAX_LR}); "
        "counted: training alone, up to the first evaluation that reaches it; evaluations, every 50 steps on both sides, are not"
    )
    name = f"to {size.target:.0%} on all 10,000 test digits, Adam with a warm-up/decay schedule"
    return line(name, "4x faster", old, new, note, least=4, old_steps=old_counts, new_steps=new_counts)


def row_frame(size: SimpleNamespace) -> dict:
    """The same features to both maps, every 50 steps of an epoch, the first (from scratch on both sides) included."""
    warm_up()
    x, y = full_mnist().test[range(PLOT_ONLY)]
    old, new, whole, kl, movement = [], [], [], [], []
    for seed in SEEDS[: size.runs]:
        np.random.seed(seed)  # scikit-learn's PCA start draws from it
        model, steps = new_steps(seed, size)
        live, last, first = LiveTSNE(), None, len(old)
        kl.append([])
        movement.append([])
        for step in steps:
            if step.index % EVERY:
                continue
            with torch.no_grad():
                logits, features = model(x)
            maps = []
            old.append(seconds_of(lambda: maps.append(old_map(features.numpy(), y.numpy(), size.max_iter))))
            new.append(seconds_of(lambda: maps.append(new_map(live, features, y, logits.argmax(dim=1)).copy())))
            theirs, ours = (exact_kl(features, points) for points in maps)
            kl[-1].append((theirs, ours))
            if last is not None:
                spread = np.sqrt(np.square(maps[1] - maps[1].mean(axis=0)).sum(axis=1).mean())
                movement[-1].append(float(np.median(np.linalg.norm(maps[1] - last, axis=1)) / spread))
            last = maps[1]
            say(f"frame: step {step.index}, old {old[-1]:.2f} s, new {new[-1]:.3f} s, KL {theirs:.4f}, {ours:.4f}")
        whole.append(sum(old[first:]) / sum(new[first:]))
    worse = [[ours / theirs - 1 for theirs, ours in run] for run in kl]  # each run is judged by itself
    medians, worst = [statistics.median(run) for run in worse], [max(run) for run in worse]
    moved = [statistics.median(run) for run in movement]
    also = min(whole) >= 25 and max(medians) <= 0.01 and max(worst) <= 0.05 and max(moved) < 0.1
    runs = [
        f"run {i}: {a:.1f}x over its whole epoch, KL {b:+.2%} (median frame) and {c:+.2%} (worst), movement {d:.3f}"
        for i, (a, b, c, d) in enumerate(zip(whole, medians, worst, moved), start=1)
    ]
    note = "; ".join(runs) + " (each run must reach 25x, KL within +1 % and +5 %, movement under 0.1)"
    row = "one map frame of 500 points, fit and drawn, over a whole epoch"
    return line(row, "25x faster", old, new, note, also, least=25, epoch_ratios=whole, kl=kl, movement=movement)


def exact_kl(features: Tensor, points: np.ndarray) -> float:
    """KL divergence of a map, all pairs counted, in float64: the same for both sides. (scikit-learn's own
    `kl_divergence_` leaves all but the nearest neighbours out.)"""
    p = affinities(features.double(), perplexity=30)[0].double()  # (N, N)
    y = torch.as_tensor(points).double()
    q = 1 / (1 + (y[:, None] - y).square().sum(dim=2))  # (N, N)
    q.fill_diagonal_(0)
    q /= q.sum()
    there = p > 0
    return float((p[there] * torch.log(p[there] / q[there])).sum())


def row_job(size: SimpleNamespace) -> dict:
    """All that the program does once its libraries are imported, from reading the digits on."""
    warm_up()
    old, new = [], []
    for seed in SEEDS[: size.pairs]:
        old.append(seconds_of(lambda: old_job(size, seed)))
        new.append(seconds_of(lambda: new_job(size, seed)))
        say(f"job: old {old[-1]:.1f} s, new {new[-1]:.1f} s")
    frames = math.ceil(size.digits / 50 / EVERY)
    note = "with each frame, both sides measure the accuracy on 2,000 test digits"
    return line(f"the whole job: one epoch with {frames} drawn map frames", "8x faster", old, new, note, least=8)


def row_sample(size: SimpleNamespace) -> dict:
    """Training on the sample's 4,000 digits; the real 10,000 are read once, afterwards."""
    test = make_loader(full_mnist().test, batch_size=500, shuffle=False)
    load_mnist(source="sample")  # parses the package's csv, once on every machine
    seconds, accuracies = [], []
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = CNN()
        seconds.append(seconds_of(lambda: list(sample_recipe(model, seed=seed, epochs=size.epochs))))
        accuracies.append(evaluate(model, test).accuracy)
        say(f"sample: {accuracies[-1]:.4f} after {seconds[-1]:.1f} s")
    note = "accuracy {median:.2%} ({min:.2%}..{max:.2%})".format(**middle(accuracies))
    reached = statistics.median(accuracies) >= 0.985 and statistics.median(seconds) < 15
    row = f"offline sample with augmentation, {size.epochs} epochs: accuracy on the real 10,000"
    return line(row, "98.5 % in under 15 s", [], seconds, note, reached, accuracies=accuracies)


@functools.cache
def run_chapter(path: Path, source: str) -> tuple[float, float]:
    """Run All on a fresh kernel. Returns (seconds, the kernel's peak memory in KiB); infinity for a chapter that fails."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", store_widget_state=False)
    try:
        seconds = seconds_of(lambda: client.execute(cwd=str(path.parent), env=dict(os.environ, COURSE_DATASET=source)))
    except Exception as failure:  # the other chapters are still worth measuring
        say(f"{path.name}, {source}: FAILED: {failure}")
        return math.inf, math.inf
    peak = float(notebook.cells[-1].outputs[0].text)
    say(f"{path.name}, {source}: {seconds:.1f} s, peak {peak * MB:.0f} MB")
    return seconds, peak


def chapters(size: SimpleNamespace) -> list[Path]:
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))[: size.chapters]
    if not found:
        raise FileNotFoundError("there are no notebooks yet")
    return found


def row_memory(size: SimpleNamespace) -> dict:
    """Peaks above that of a Python which only imports the libraries; the worst chapter counts."""
    sources = ("sample", "full") if FULL_MNIST.is_dir() else ("sample",)
    [baseline] = python(IMPORTS + PEAK)
    old = []
    if "full" in sources:
        job = f"old_job({'QUICK' if size is QUICK else 'FULL'}, seed={SEEDS[0]}, maps=1)"
        before, after = python(f"from tests.benchmark import *{PEAK}\n{job}{PEAK}")
        old = [(after - before) * MB]
    runs = itertools.product(chapters(size), sources)
    above = {f"{path.stem} {source}": (run_chapter(path, source)[1] - baseline) * MB for path, source in runs}
    worst = max(above, key=above.get)
    note = f"worst: {worst} (of {' and '.join(sources)}); the imports alone peak at {baseline * MB:.0f} MB; old: an epoch with one map"
    row = f"peak memory of a chapter's kernel above `{IMPORTS}`"
    return line(row, "350 MB", old, list(above.values()), note, above[worst] <= 350, unit="MB", above=above)


def row_import(size: SimpleNamespace) -> dict:
    """Whole processes, from `python -c` to their end."""
    old, new = [], []
    for i in range(-1, size.imports):  # the first pair fills the file cache and is not counted
        pair = [seconds_of(lambda: python("import " + name)) for name in ("torch", "course_utils")]
        if i >= 0:
            old.append(pair[0])
            new.append(pair[1])
    say(f"import: torch {statistics.median(old):.2f} s, course_utils {statistics.median(new):.2f} s")
    ratios = [b / a for a, b in zip(old, new)]
    note = "here old is `import torch`, and the ratio is new / old"
    reached = statistics.median(ratios) <= 1.2
    row = "`import course_utils` against `import torch`"
    return line(row, "at most 1.2x", old, new, note, reached, ratios=ratios, ratio=middle(ratios))


def row_chapters(size: SimpleNamespace) -> dict:
    """Run All, offline sample, kernel start included; the slowest chapter counts."""
    seconds = {path.stem: run_chapter(path, "sample")[0] for path in chapters(size)}
    slowest = max(seconds, key=seconds.get)
    row = "each chapter, Run All, sample, 2 cores"
    return line(row, "60 s", [], list(seconds.values()), f"slowest: {slowest}", seconds[slowest] <= 60, seconds=seconds)


def row_browser(measure: str, row: str, must: str, most: float) -> dict:
    """Something measured in a real browser, in seconds; its median must not be above `most`."""
    from tests.browser import benchmark_rows
    from tests.browser.lab import CHROMIUM, Lab

    if CHROMIUM is None:
        raise RuntimeError("Chromium is missing; on Debian and Ubuntu: apt-get install chromium")
    with Lab() as lab:
        new = getattr(benchmark_rows, measure)(lab)
    return line(row, must, [], new, f"{len(new)} times", statistics.median(new) <= most)


def row_hover(size: SimpleNamespace) -> dict:
    """The explorer under the mouse: within a frame of the screen, and the time to notice the mouse before it."""
    return row_browser("hover_to_paint", "SlidingWindow: from the mouse to the painted answer", "within a frame or two, 0.034 s", 2 / 60)


def row_round_trip(size: SimpleNamespace) -> dict:
    """From a key in the browser to Python and back."""
    return row_browser("round_trip", "SlidingWindow: from a key to Python and back", "0.15 s", 0.15)


def row_live(size: SimpleNamespace) -> dict:
    """Frames of 500 digits a second, as they reach the page while the network trains."""
    row = row_browser("frames_per_second", "live map of 500 digits while training: new frames a second", "at least 2", math.inf)
    return row | {"unit": "a second", "reached": statistics.median(row["new"]) >= 2}


ROWS = {"epoch": row_epoch, "98": row_98, "frame": row_frame, "job": row_job, "sample": row_sample, "memory": row_memory,
        "import": row_import, "chapters": row_chapters, "hover": row_hover, "round trip": row_round_trip, "live": row_live}  # fmt: skip
NEED_FULL = ("epoch", "98", "frame", "job", "sample")


# ------------------------------------------------------------------ the table


def machine() -> str:
    cpu = Path("/proc/cpuinfo").read_text().split("model name")[1].splitlines()[0].strip("\t: ")
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, scikit-learn {sklearn.__version__}"
    cores = f"{len(os.sched_getaffinity(0))} cores, {torch.get_num_threads()} threads"
    return f"{cpu}, {cores}; {versions}; {time.strftime('%Y-%m-%d')}; load before the run {os.getloadavg()[0]:.1f}"


def cell(values: list[float] | dict | None, unit: str) -> str:
    """'median (min..max) unit', three digits each."""
    if not values:
        return "-"
    numbers = values if isinstance(values, dict) else middle(values)
    texts = {name: f"{number:.0f}" if number >= 100 else f"{number:.3g}" for name, number in numbers.items()}
    spread = f" ({texts['min']}..{texts['max']})" if texts["min"] != texts["max"] else ""
    return texts["median"] + spread + (unit if unit == "x" else " " + unit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number measured")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="a small fraction of everything: tries the script, proves nothing")
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else FULL
    where, results = machine(), []
    if not (found := unpack_full_mnist()):
        say(f"no full MNIST in {FULL_MNIST}: the rows {', '.join(NEED_FULL)} are left out")
    for name in arguments.only:
        if name in NEED_FULL and not found:
            continue
        say(f"{name} ...")
        try:
            results.append({"name": name} | ROWS[name](size))
        except Exception as problem:  # the other rows are still worth having
            traceback.print_exc()
            results.append({"name": name} | line(name, "-", [], [], f"NOT MEASURED: {problem!r}", reached=False))
        if arguments.json:
            arguments.json.write_text(json.dumps({"machine": where, "quick": arguments.quick, "rows": results}, indent=1))

    if arguments.quick:
        print("**A quick run on a small fraction of the work: it shows that the script runs, and its figures mean nothing.**\n")
    print(where + ".\n\n| | must reach | old lesson | this course | ratio | reached |\n|---|---|---|---|---|---|")
    for r in results:
        print(f"| {r['row']} | {r['must']} | {cell(r['old'], r['unit'])} | {cell(r['new'], r['unit'])} | {cell(r['ratio'], 'x')} "
              f"| {'yes' if r['reached'] else '**no**'} |")  # fmt: skip
    print("\nMedians, smallest and largest in brackets.\n")
    for r in results:
        print(f"- {r['name']}: {r['note']}.")
    if not found:
        print(f"- left out, because {FULL_MNIST} is missing: {', '.join(NEED_FULL)}, and memory with the full set.")


STARTED = time.perf_counter()
if __name__ == "__main__":
    try:
        main()
    finally:
        tests.environment.pytest_unconfigure()
