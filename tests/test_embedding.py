"""The live map: scikit-learn's affinities, gradient and KL are the oracle."""

import ast

import nbformat
import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import TSNE, _t_sne

from course_utils import LiveTSNE, place_on_map
from course_utils.embedding import STEP, _Descent, affinities
from tests.environment import ROOT


def clusters(n: int = 120, seed: int = 0, noise: float = 0.3) -> torch.Tensor:
    """n points around four centres in 20 dimensions."""
    generator = torch.Generator().manual_seed(seed)
    centres = 3 * torch.randn(4, 20, generator=generator)
    return centres[torch.arange(n) % 4] + noise * torch.randn(n, 20, generator=generator)


def sklearn_affinities(features: torch.Tensor, perplexity: float) -> np.ndarray:
    distances = squareform(pdist(features.double(), "sqeuclidean")).astype(np.float32)
    return squareform(_t_sne._joint_probabilities(distances, perplexity, 0))


@pytest.mark.parametrize("perplexity", [5, 10, 30])
def test_affinities_are_scikit_learns(perplexity):
    """Cold, and warm from another frame's answer."""
    features = clusters()
    _, other = affinities(clusters(seed=1), perplexity)
    expected = sklearn_affinities(features, perplexity)
    for start in (None, other):
        p, _ = affinities(features, perplexity, start)
        np.testing.assert_allclose(p.numpy(), expected, rtol=2e-3, atol=1e-6 * expected.max())  # both stop at an entropy off by 1e-5
        assert p.sum() == pytest.approx(1, abs=1e-5) and p.diagonal().eq(0).all() and p.equal(p.T)


@pytest.mark.parametrize("n", [50, 500])
def test_gradient_and_kl_are_scikit_learns(n):
    """In one block (n = 50) and in several (n = 500)."""
    p = affinities(clusters(n), 10)[0]
    y = torch.randn(n, 2, generator=torch.Generator().manual_seed(3)) * 4
    kl, gradient = _t_sne._kl_divergence(y.double().numpy().ravel(), squareform(p.double().numpy(), checks=False), 1, n, 2)
    descent = _Descent(p)
    np.testing.assert_allclose(descent.gradient(y.T).T.numpy(), gradient.reshape(n, 2), atol=1e-4 * np.abs(gradient).max())
    assert descent.kl(y) == pytest.approx(kl, rel=1e-4)


def chapter_step():
    """The plain function tsne_step that chapter 06 shows, taken from its cell."""
    for cell in nbformat.read(ROOT / "notebooks" / "06_live_tsne.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and "def tsne_step(" in cell.source:
            function = next(part for part in ast.parse(cell.source).body if isinstance(part, ast.FunctionDef) and part.name == "tsne_step")
            space: dict = {}
            exec(ast.unparse(function), space)
            return space["tsne_step"]


@pytest.mark.parametrize("n", [50, 500])
@pytest.mark.parametrize("exaggeration", [1, 12])
def test_gradient_is_that_of_the_chapter(n, exaggeration):
    """The few plain lines that chapter 06 shows and the fast ones in blocks: the same step."""
    p = affinities(clusters(n), 10)[0]
    y = torch.randn(n, 2, generator=torch.Generator().manual_seed(4)) * 4
    moved, plain = chapter_step()(y, exaggeration * p, learning_rate=n / 4)
    fast = _Descent(p).gradient(y.T, exaggeration).T
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-5 * plain.abs().max().item())
    torch.testing.assert_close(y - n / 4 * fast, moved, rtol=0, atol=1e-5 * n / 4 * plain.abs().max().item())


def test_a_map_is_as_good_as_scikit_learns():
    """The exact KL of the first frame, and of a frame started from another one, against a cold exact fit."""
    first, second = clusters(150, noise=1.0), clusters(150, noise=0.6)
    tsne = LiveTSNE(perplexity=15)
    for features in (first, second):
        tsne.update(features)
        cold = TSNE(perplexity=15, init="pca", method="exact", max_iter=1500, random_state=0).fit(features.numpy())
        assert tsne.kl_divergence_ <= 1.1 * cold.kl_divergence_


def test_frames_stay_recognisable():
    """The same features again hardly move a point; each frame lies on the one before."""
    features = clusters()
    tsne = LiveTSNE(perplexity=10)
    first = tsne.update(features).copy()
    for _ in range(11):
        last = tsne.update(features).copy()
    spread = np.sqrt(np.square(last).sum(axis=1).mean())
    again = tsne.update(features)
    assert np.median(np.linalg.norm(again - last, axis=1)) < 0.1 * spread
    assert (first * last).sum() > 0 and np.abs(again.mean(axis=0)).max() < 1e-3


def test_frames_move_with_the_features():
    """A map that ignores new features would be worse than a cold fit of them."""
    tsne = LiveTSNE(perplexity=10)
    first = tsne.update(torch.randn(120, 20, generator=torch.Generator().manual_seed(0))).copy()
    second = tsne.update(clusters())
    assert not np.allclose(first, second)
    cold = LiveTSNE(perplexity=10)
    cold.update(clusters())
    assert tsne.kl_divergence_ < 1.1 * cold.kl_divergence_


def test_maps_repeat_and_threads_are_restored():
    """The same frames give the same bits at a fixed number of threads, and leave that number as it was."""
    maps, before = [], torch.get_num_threads()
    for _ in range(2):
        tsne = LiveTSNE(perplexity=10)
        maps.append([tsne.update(clusters(noise=noise)).copy() for noise in (0.5, 0.4)])
        assert torch.get_num_threads() == before
    np.testing.assert_array_equal(maps[0], maps[1])
    last = tsne.update(clusters())
    last *= np.nan  # the caller's copy, not the next frame's start
    assert np.isfinite(tsne.update(clusters())).all()
    assert maps[0][0].dtype == np.float32


def test_equal_points_are_no_trouble():
    """All points equal, or many of them: a finite map all the same."""
    some = clusters()
    some[:60] = some[0]
    for features in (torch.ones(120, 20), some, some * 1e6, some.numpy()):
        assert np.isfinite(LiveTSNE(perplexity=10).update(features)).all()


@pytest.mark.parametrize(
    ("features", "says"),
    [
        (torch.full((120, 5), torch.nan), "not finite"),
        (torch.full((120, 5), torch.inf), "not finite"),
        (torch.ones(20, 5), "too few"),
        (torch.ones(120, 1, 5), "shape"),
        (torch.ones(90, 20), "120 points"),
        (clusters() * 1e25, "so large"),
    ],
)
def test_bad_features_lose_nothing(features, says):
    """A clear error of two lines; the last map is kept and goes on."""
    tsne = LiveTSNE(perplexity=10)
    last = tsne.update(clusters()).copy()
    with pytest.raises(ValueError, match=says) as caught:
        tsne.update(features)
    assert str(caught.value).count("\n") == 1
    np.testing.assert_array_equal(tsne.embedding_, last)
    tsne.update(clusters())


def bell_curve(squares: np.ndarray, perplexity: float) -> np.ndarray:
    """The affinities of one new point to the map's, float64 (N,): beta is found by halving, without Newton."""
    low, high = 0.0, 1e6
    for _ in range(200):
        p = np.exp(-(low + high) / 2 * (squares - squares.min()))
        p /= p.sum()
        entropy = -(p[p > 0] * np.log(p[p > 0])).sum()
        low, high = ((low + high) / 2, high) if entropy > np.log(perplexity) else (low, (low + high) / 2)
    return p


@pytest.mark.parametrize("perplexity", [2, 5, 15])
def test_places_are_those_of_autograd(perplexity):
    """30 steps against the gradient of KL(p || q), which autograd finds; the start is the weighted mean."""
    features, new = clusters(), clusters(n=7, noise=1.5)
    points = LiveTSNE(perplexity=10).update(features)  # (120, 2)
    before = points.copy()
    placed = place_on_map(new, features, points, perplexity=perplexity)
    assert placed.shape == (7, 2) and placed.dtype == np.float32
    np.testing.assert_array_equal(points, before)
    squares = torch.cdist(new.double(), features.double()).square().numpy()  # (7, 120)
    p = torch.tensor(np.stack([bell_curve(row, perplexity) for row in squares]))  # (7, 120)
    y = torch.tensor(points).double()
    places = (p @ y).requires_grad_()  # (7, 2)
    for _ in range(30):
        w = 1 / (1 + torch.cdist(places, y).square())
        q = w / w.sum(dim=1, keepdim=True)
        [gradient] = torch.autograd.grad((p * torch.log(p.clamp(min=1e-300) / q)).sum(), places)
        places = (places - min(STEP, perplexity / 3) / 2 * gradient).detach().requires_grad_()
    spread = points.std()
    np.testing.assert_allclose(placed, places.detach().numpy(), atol=2e-3 * spread)
    assert np.abs(placed - (p @ y).numpy()).max() > 0.02 * spread  # so the steps are seen here


def test_a_new_point_lies_among_its_own():
    """New points of each cluster come to lie nearest to points of that cluster, each placed alone as with the others."""
    features, new = clusters(), clusters(n=160)[120:]
    points = LiveTSNE(perplexity=10).update(features)
    placed = place_on_map(new, features, points)  # (40, 2)
    nearest = np.linalg.norm(placed[:, None] - points, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest % 4, np.arange(40) % 4)
    alone = np.concatenate([place_on_map(new[i : i + 1].numpy(), features.numpy(), torch.tensor(points)) for i in range(40)])
    np.testing.assert_allclose(alone, placed, atol=1e-3 * points.std())


@pytest.mark.parametrize(
    ("features", "map_features", "map_points", "perplexity", "says"),
    [
        (torch.ones(20), torch.ones(30, 20), torch.ones(30, 2), 15, "features\\[:1\\], not features\\[0\\]"),
        (torch.ones(1, 19), torch.ones(30, 20), torch.ones(30, 2), 15, "\\(1, 19\\), \\(30, 20\\) and \\(30, 2\\)"),
        (torch.ones(1, 20), torch.ones(30, 20), torch.ones(29, 2), 15, "\\(29, 2\\)"),
        (torch.full((1, 20), torch.nan), torch.ones(30, 20), torch.ones(30, 2), 15, "not finite"),
        (torch.ones(1, 20), torch.ones(30, 20), torch.full((30, 2), torch.inf), 15, "not finite"),
        (clusters()[:1] * 1e25, torch.ones(30, 20), torch.ones(30, 2), 15, "so large"),
        (torch.ones(1, 20), torch.ones(30, 20), torch.ones(30, 2), 30, "30 points are too few for perplexity 30"),
        (torch.ones(1, 20), torch.ones(30, 20), torch.ones(30, 2), 0.5, "perplexity 0.5"),
    ],
)
def test_bad_new_points(features, map_features, map_points, perplexity, says):
    """Clear errors of two lines."""
    with pytest.raises(ValueError, match=says) as caught:
        place_on_map(features, map_features, map_points, perplexity=perplexity)
    assert str(caught.value).count("\n") == 1
