"""Exact t-SNE for a map that grows while the network trains: each frame starts from the one before.

Source: L. van der Maaten and G. Hinton 2008, "Visualizing Data using t-SNE", sections 2 and 3.
With a few hundred points the dense N x N arrays of the paper are faster than any approximation.
"""

from __future__ import annotations

import math
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

FREE_FRAMES = 9  # frames in which the map may still find its shape
PULL = 0.005  # strength, over N, of the pull towards the last frame, after them
STEP = 5.0  # of a new point on a finished map; smaller where it listens to few neighbours
TOO_LARGE = "The features are so large that their distances are not finite.\nThe training has probably diverged: look at the loss, and try a smaller learning rate."
BLOCK = 64_000  # numbers worked on at a time: few enough for a processor core's cache


class LiveTSNE:
    """A t-SNE map of N points that is fitted anew, frame by frame, and stays recognisable.

    Plain warm starting gets stuck in the shape of the first frames. So each frame is heated first:
    the attraction between neighbours starts 12 times too strong and falls to its true strength,
    which lets groups pass through each other; then the map settles. From the tenth frame on the
    heat is 4, and a weak pull holds the points near where they were. Last, the map is turned to
    lie on the one before.

    Args:
        perplexity: how many neighbours a point listens to, at least 1 and under N / 3.
        random_state: seed of the tiny noise that parts equal points in the first frame.

    Attributes:
        embedding_: float32 array (N, 2), the last map (None before the first).
        kl_divergence_: how badly the map keeps the neighbourhoods, in nats, at least 0; comparable
            with scikit-learn's `TSNE.kl_divergence_`.
    """

    def __init__(self, perplexity: float = 30.0, random_state: int = 0) -> None:
        self.perplexity = perplexity
        self.random_state = random_state
        self.embedding_: np.ndarray | None = None
        self.kl_divergence_: float | None = None
        self._log_beta: Tensor | None = None
        self._frames = 0

    def update(self, features: Tensor | np.ndarray) -> np.ndarray:
        """Fit the next frame.

        Args:
            features: (N, D) numbers, the same N points in the same order each time.

        Returns:
            float32 array (N, 2), centred on the origin; a copy of `embedding_`.

        Raises:
            ValueError: not (N, D), another N than before, values that are not finite, or too few
                points for the perplexity. The last map is kept.
        """
        features = self._checked(features)  # (N, D)
        n = len(features)
        p, self._log_beta = affinities(features, self.perplexity, self._log_beta)  # (N, N)
        first = self.embedding_ is None
        last = _pca_start(features, self.random_state) if first else torch.from_numpy(self.embedding_)  # (N, 2)
        if self._frames < FREE_FRAMES:
            heat, heated, settling, pull = 12, 125, 75, 0.0
        else:
            heat, heated, settling, pull = 4, 75, 75, PULL / n
        cooling = torch.logspace(math.log10(heat), 0, heated).tolist()  # exaggeration, from heat down to 1
        descent = _Descent(p)
        with _one_thread():
            y = descent.run(last, cooling, learning_rate=0.75 * n, momentum=0.5, pull=pull, anchor=last)
            y = descent.run(y, [1.0] * settling, learning_rate=n / 4, momentum=0.9, pull=pull, anchor=last)
        if not first:
            y = _turn_onto(y, last)
        self.kl_divergence_ = descent.kl(y)
        self.embedding_ = y.numpy()
        self._frames += 1
        return self.embedding_.copy()

    def _checked(self, features: Tensor | np.ndarray) -> Tensor:
        features = torch.as_tensor(features).detach().cpu().float()
        if features.ndim != 2:
            raise ValueError(
                f"The map needs features of shape (N, D), one row a point, but got {tuple(features.shape)}.\n"
                "features.flatten(1) makes one row of each image."
            )
        n = len(features)
        if not torch.isfinite(features).all():
            raise ValueError(
                "The features hold values that are not finite (NaN or infinity).\n"
                "The training has probably diverged: look at the loss, and try a smaller learning rate."
            )
        if not 1 <= self.perplexity < n / 3:
            raise ValueError(
                f"{n} points are too few for perplexity {self.perplexity:g}: it must be at least 1 and under N / 3.\n"
                f"Use more points or a smaller perplexity."
            )
        if self.embedding_ is not None and n != len(self.embedding_):
            raise ValueError(
                f"The map has {len(self.embedding_)} points, but these features are of {n}.\n"
                "Give the same points in the same order each time, or make a new LiveTSNE()."
            )
        return features


def affinities(features: Tensor, perplexity: float, log_beta: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """How strongly each pair of points belongs together (van der Maaten and Hinton 2008, eq. 1).

    Around each point lies a bell curve exp(-beta * squared distance), as narrow as it takes for
    the entropy of its neighbours to be log(perplexity). Newton's method finds log beta; a bracket
    around the answer catches the steps that overshoot.

    Args:
        features: float32 (N, D).
        perplexity: at least 1, under N.
        log_beta: float32 (N, 1), where to start the search: the last frame's answer, or None.

    Returns:
        (P float32 (N, N), symmetric, zero diagonal, sum 1; log_beta float32 (N, 1), of distances whose mean is 1).

    Raises:
        ValueError: features so large that their distances are not finite.
    """
    centred = features - features.mean(dim=0)
    squares = centred.square().sum(dim=1)  # (N,)
    d = (squares[:, None] + squares - 2 * centred @ centred.T).clamp_(min=0)  # (N, N)
    d.fill_diagonal_(math.inf)
    d -= d.min(dim=1, keepdim=True).values  # changes no affinity, and keeps the sums away from zero
    d.fill_diagonal_(0)
    if not torch.isfinite(d).all():
        raise ValueError(TOO_LARGE)
    d /= d.mean().clamp(min=1e-30)  # so that every size of feature starts from the same beta
    p, log_beta = _bell_curves(d, perplexity, log_beta, itself=True)
    p = p + p.T
    return p / p.sum(), log_beta


def _bell_curves(d: Tensor, perplexity: float, log_beta: Tensor | None = None, itself: bool = False) -> tuple[Tensor, Tensor]:
    """The share of each of N points (columns) in the neighbourhood of each of M (rows), from squared distances d (M, N).

    With `itself` the M points are the N points, and none is its own neighbour. Returns: (p (M, N), rows sum to 1; log_beta (M, 1)).
    """
    if log_beta is None:
        log_beta = torch.zeros(len(d), 1)
    low, high = torch.full_like(log_beta, -math.inf), torch.full_like(log_beta, math.inf)
    for _ in range(50):
        beta = log_beta.exp()  # (M, 1)
        p = torch.exp((-beta * d).clamp_(min=-60))  # (M, N); numbers under 1e-38 would be slow
        if itself:
            p.fill_diagonal_(0)
        p /= (total := p.sum(dim=1, keepdim=True))
        pd = p * d  # (M, N)
        mean = pd.sum(dim=1, keepdim=True)  # (M, 1)
        excess = torch.log(total) + beta * mean - math.log(perplexity)  # (M, 1), entropy minus its target
        wrong = excess.abs() > 1e-5
        if not wrong.any():
            break
        low = torch.where(excess > 0, log_beta, low)
        high = torch.where(excess < 0, log_beta, high)
        slope = beta.square() * (pd.mul_(d).sum(dim=1, keepdim=True) - mean.square())  # (M, 1), -d entropy / d log beta
        newton = log_beta + (excess / slope.clamp(min=1e-6)).clamp(-3, 3)
        middle = (low + high) / 2
        better = torch.where((low < newton) & (newton < high) | middle.isinf(), newton, middle)
        log_beta = torch.where(wrong, better, log_beta)
        log_beta = log_beta.clamp(-40, 40)  # equal points have no answer: keep exp finite
    return p, log_beta


def place_on_map(features: Tensor, map_features: Tensor, map_points: Tensor | np.ndarray, perplexity: float = 15.0) -> np.ndarray:
    """Find the places of new points on a finished t-SNE map, whose points stay where they are.

    Each new point starts at the mean of the map's points, weighted with its affinities to them, and takes 30 small steps
    against the gradient of KL(p || q), as in t-SNE, but over its own neighbours alone.
    Source: P. Poličar, M. Stražar, B. Zupan 2023, "Embedding to reference t-SNE space", Machine Learning 112.

    Args:
        features: (M, D) numbers, of the new points.
        map_features: (N, D) numbers, of the points on the map.
        map_points: (N, 2), where those lie, for example `LiveTSNE().update(map_features)`.
        perplexity: how many neighbours a new point listens to, at least 1 and under N.

    Returns:
        float32 array (M, 2).

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or too few points for the perplexity.
    """
    features, map_features, y = (torch.as_tensor(x).detach().cpu().float() for x in (features, map_features, map_points))
    n = len(map_features)
    if features.ndim != 2 or map_features.ndim != 2 or features.shape[1] != map_features.shape[1] or y.shape != (n, 2):
        raise ValueError(
            "New points need features (M, D), the map's points features (N, D) and places (N, 2), but these are "
            f"{tuple(features.shape)}, {tuple(map_features.shape)} and {tuple(y.shape)}.\n"
            "One digit's features are features[:1], not features[0]."
        )
    if not all(torch.isfinite(x).all() for x in (features, map_features, y)):
        raise ValueError("Some features or places are not finite (NaN or infinity).\nLook where they come from, for example at the loss.")
    if not 1 <= perplexity < n:
        raise ValueError(f"{n} points are too few for perplexity {perplexity:g}.\nUse a map of more points or a smaller perplexity.")
    d = torch.cdist(features, map_features).square_()  # (M, N)
    d -= d.min(dim=1, keepdim=True).values
    d /= d.mean(dim=1, keepdim=True).clamp(min=1e-30)
    if not torch.isfinite(d).all():
        raise ValueError(TOO_LARGE)
    p, _ = _bell_curves(d, perplexity)  # (M, N)
    new = p @ y  # (M, 2)
    step = min(STEP, perplexity / 3)
    with _one_thread():
        for _ in range(30):
            w = 1 / (1 + torch.cdist(new, y).square())  # (M, N)
            q = w / w.sum(dim=1, keepdim=True)  # (M, N)
            force = (p - q) * w  # (M, N)
            new = new - step * (force.sum(dim=1, keepdim=True) * new - force @ y)  # (M, 2)
    return new.numpy()


class _Descent:
    """Gradient descent on the map of one affinity matrix, with arrays that are allocated once.

    The N x N arrays are worked on in blocks of rows, which stay in the processor's cache.
    """

    def __init__(self, p: Tensor) -> None:
        n = len(p)
        rows = max(1, BLOCK // n)
        self.p = p
        self.left, self.right = torch.ones(4, n), torch.ones(4, n)
        self.y1 = torch.ones(3, n)
        self.pull, self.push = torch.empty(3, n), torch.empty(3, n)
        w, m = torch.empty(min(rows, n), n), torch.empty(min(rows, n), n)
        self.blocks = []
        for start in range(0, n, rows):
            block = slice(start, min(start + rows, n))
            k = block.stop - start
            self.blocks.append((self.left[:, block].T, self.y1[:, block], p[block], w[:k], m[:k], w[:k].diagonal(start)))

    def gradient(self, y: Tensor, exaggeration: float = 1.0) -> Tensor:
        """d KL / d y (eq. 5): 4 * sum over j of (exaggeration * p_ij - q_ij) * w_ij * (y_i - y_j).

        Here w_ij = 1 / (1 + |y_i - y_j|^2), and q = w / z, where z is the sum of all w.

        Args: y float32 (2, N). Returns: float32 (2, N).
        """
        # left.T @ right = 1 + |y_i|^2 - 2 y_i . y_j + |y_j|^2
        torch.sum(y * y, dim=0, out=self.right[3])
        torch.add(self.right[3], 1, out=self.left[2])
        torch.mul(y, -2, out=self.right[:2])
        self.left[:2] = self.y1[:2] = y
        self.pull.zero_()
        self.push.zero_()
        z = 0.0
        for left, y1, p, w, m, diagonal in self.blocks:
            torch.mm(left, self.right, out=w).reciprocal_()
            diagonal.zero_()
            z += w.sum()
            # y1 @ m sums m_ij * [y_i, 1] over i; m is symmetric, so these are the sums over j of eq. 5.
            self.pull.addmm_(y1, torch.mul(w, p, out=m))  # (3, N)
            self.push.addmm_(y1, w.square_())  # (3, N)
        force = self.pull.mul_(exaggeration).sub_(self.push.div_(z))  # (3, N)
        return 4 * (y * force[2] - force[:2])

    def run(
        self,
        y: Tensor,
        exaggerations: list[float],
        learning_rate: float,
        momentum: float,
        pull: float,
        anchor: Tensor,
    ) -> Tensor:
        """One step per exaggeration, from rest, with the gains of scikit-learn's t-SNE (delta-bar-delta).

        A coordinate that keeps its direction gets a larger step (gain + 0.2), one that turns round
        a smaller one (gain * 0.8). `pull` adds pull * (y - anchor) to the gradient.

        Args: y, anchor float32 (N, 2). Returns: float32 (N, 2), centred.
        """
        y, anchor = y.T.clone(), anchor.T
        velocity, gains = torch.zeros_like(y), torch.ones_like(y)  # (2, N)
        for exaggeration in exaggerations:
            gradient = self.gradient(y, exaggeration)  # (2, N)
            if pull:
                gradient.add_(y - anchor, alpha=pull)
            turned = velocity * gradient > 0
            gains = torch.where(turned, gains * 0.8, gains + 0.2).clamp_(min=0.01)
            velocity.mul_(momentum).addcmul_(gradient, gains, value=-learning_rate)
            y += velocity
        return (y - y.mean(dim=1, keepdim=True)).T.contiguous()

    def kl(self, y: Tensor) -> float:
        """The Kullback-Leibler divergence of the map's similarities q from p, in nats."""
        q = 1 / (1 + torch.cdist(y.double(), y.double()).square())
        q.fill_diagonal_(0)
        q /= q.sum()
        p = self.p.double().clamp(min=1e-12)
        return float((p * torch.log(p / q.clamp(min=1e-12))).sum())


@contextmanager
def _one_thread():
    """Thousands of short sums in a row: with several threads, each would wait for the slowest one on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _pca_start(features: Tensor, random_state: int) -> Tensor:
    """The two directions of largest spread, scaled to a standard deviation of 0.0001 as in scikit-learn."""
    centred = features - features.mean(dim=0)
    values, vectors = torch.linalg.eigh(centred @ centred.T)  # (N,) rising, (N, N)
    start = vectors[:, [-1, -2]] * values[[-1, -2]].clamp(min=0).sqrt()  # (N, 2): the two principal components
    start *= start[start.abs().argmax(dim=0), [0, 1]].sign()  # eigh leaves the signs open: the largest entry is positive
    start *= 1e-4 / start[:, 0].std().clamp(min=1e-12)
    noise = torch.randn(start.shape, generator=torch.Generator().manual_seed(random_state))
    return start + 1e-7 * noise


def _turn_onto(y: Tensor, last: Tensor) -> Tensor:
    """Turn or mirror y (N, 2) to lie on `last` as well as it can (orthogonal Procrustes, Schönemann 1966)."""
    u, _, v = torch.linalg.svd((y - y.mean(dim=0)).T @ (last - last.mean(dim=0)))
    return (y - y.mean(dim=0)) @ (u @ v)
