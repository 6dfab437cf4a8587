"""A clustering of images that needs no network: UMAP and a Gaussian mixture on what pixels and edges say together.

It is where preset auto starts an image method from, and the baseline beside its result. One thread computes it, so that
a seed gives the same clusters whatever the number of cores: with more, sums are taken in another order. Pixels alone
miss shape and edges alone miss colour; their principal components side by side, each kind of unit variance, gave better
partitions than either on 12 of 14 sets (0.75 instead of 0.70 in mean accuracy).

Shapes: N images, C channels, H x W pixels, M of them sampled, D columns, K clusters, k neighbours.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mmclust.analysis.projection import manifold, own_threads
from mmclust.analysis.stability import with_others
from mmclust.auto.evidence import Evidence
from mmclust.auto.graphs import neighbours
from mmclust.data.dataset import ViewSpec
from mmclust.features.extractors import Options, find
from mmclust.loading import load_scikit_learn

SPACES = ("pixels", "hog", "joint")
"""What images are compared by; joint stands for both together."""
ALONE = ("pixels", "hog")
MOST_SAMPLED = 5000
"""Images that are laid out and clustered; the others get the cluster of their neighbours among them."""
N_COMPONENTS = 50
MANIFOLD_DIMS = 10
N_LAYOUTS, N_MIXTURES = 6, 4
"""Seeds of UMAP, and of mixtures on each layout."""
N_LAYOUTS_BESIDE = 2
"""Layouts of pixels or edges alone, which stand beside a run's result."""
N_EPOCHS = 200
"""Passes of UMAP over the edges of its graph; more settle no more clusters and take longer."""
COVARIANCE_RIDGE = 1e-3
N_NEIGHBOURS = 5
"""Neighbours that predict a sample's cluster, and that may be its partners in training."""
TIED_NATS = 0.05
"""Of log likelihood, below which mixtures explain images alike, so that evidence decides. On 15 sets, with four draws
of the six layouts, the mean accuracy was 0.777 with it, 0.770 with 0.02 and 0.765 with 0."""
UNCLEAR_BELOW = 0.8
"""Predictability below which images form no clear clusters."""


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Images as points, the same rows in each space."""

    pixels: np.ndarray
    hog: np.ndarray
    joint: np.ndarray

    def of(self, space: str) -> np.ndarray:
        """The points (N, D) of one of `SPACES`."""
        return {"pixels": self.pixels, "hog": self.hog, "joint": self.joint}[space]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A partition of the sampled images."""

    space: str
    layout: int
    """Seed of UMAP."""
    mixture: int
    """Seed of the mixture."""
    clusters: np.ndarray
    """(M,) from 0 to K - 1."""
    likelihood: float
    """How well its clusters explain the layouts of all candidates: mean log likelihood of an image's position with one
    Gaussian for each cluster, in nats above that with a single one, mean over layouts."""
    stability: float
    """Mean adjusted Rand index with the other candidates."""


@dataclass(frozen=True, kw_only=True)
class ShallowStart:
    """The candidate that was taken, for all images."""

    clusters: np.ndarray
    """(N,) cluster of every image."""
    neighbours: np.ndarray
    """(N, k) the nearest other images in the space of the candidate."""
    taken: Candidate
    predictability: float
    """How often the five nearest images of one half, in that space, tell the cluster of an image of the other half."""
    candidates: tuple[Candidate, ...]
    """Of that space."""
    beside: Mapping[str, np.ndarray]
    """Clusters (N,) by pixels or edges alone, by their space; empty where the choice was made before."""

    @property
    def is_clear(self) -> bool:
        """Whether the images form clusters that neighbours agree on."""
        return self.predictability >= UNCLEAR_BELOW


@own_threads(1)
def describe(images: np.ndarray, view: ViewSpec, seed: int = 0) -> Codes:
    """Principal components of pixels and of histograms of oriented gradients, and both together.

    Args:
        images: (N, C, H, W).
        view: of the images.
        seed: of the randomised decomposition.
    """
    pixels = (images.reshape(len(images), -1).astype(np.float32) - view.low) / (view.high - view.low)
    edges = find("hog").run(images, view, Options())
    first, second = _principal(pixels, seed), _principal(edges, seed)
    return Codes(
        pixels=first, hog=second, joint=np.concatenate((_unit_variance(first), _unit_variance(second)), axis=1)
    )


@own_threads(1)
def start(codes: Codes, n_clusters: int, seed: int = 0, *, only: tuple[str, int, int] | None = None) -> ShallowStart:
    """The partition that explains all layouts of a space best.

    UMAP gives another layout for every seed, and a mixture on it ends in one of many local optima. What a single layout
    shows by chance does not explain the others: on 15 sets, the likeliest of 24 partitions of six layouts, by their
    mean, had a mean accuracy of 0.777, that of 8 of two layouts, each by its own, 0.767, and any of them 0.748. Among
    those that are nearly as likely, the one of most evidence from pixels and edges is taken.

    The space is the joint one unless pixels or edges alone form better clusters in every respect (`_leading`).

    Args:
        codes: of all images.
        n_clusters: K, at most as many as images.
        seed: of the sample, the layouts and the mixtures.
        only: the space, and seeds of a layout and a mixture, that were chosen before; None tries several.
    """
    sampled = sample(len(codes.joint), seed)
    measure = Evidence((codes.pixels[sampled], codes.hog[sampled]), n_clusters)
    search = partial(partitions, codes, sampled=sampled, n_clusters=n_clusters)
    found: dict[str, tuple[Candidate, ...]] = {}
    if only is None:
        found = {space: search(space, seeds=_seeds(seed, N_LAYOUTS_BESIDE)) for space in ALONE}
        found["joint"] = search("joint", seeds=_seeds(seed, N_LAYOUTS))
        space = _leading(found, measure)
        candidates = found["joint"] if space == "joint" else search(space, seeds=_seeds(seed, N_LAYOUTS))
    else:
        space = only[0]
        candidates = search(space, seeds=[only[1:]])
    taken, points = _best(candidates, measure), codes.of(space)
    return ShallowStart(
        clusters=spread(points, sampled, taken.clusters),
        neighbours=neighbours(np.ascontiguousarray(points), min(N_NEIGHBOURS, len(points) - 1))[0],
        taken=taken,
        predictability=predictability(points[sampled], taken.clusters),
        candidates=candidates,
        beside={name: spread(codes.of(name), sampled, _best(found[name], measure).clusters) for name in ALONE if found},
    )


def _leading(found: Mapping[str, Sequence[Candidate]], measure: Evidence) -> str:
    """The space to start from, by the candidates of each.

    Where pixels alone tell little, as of letters in many fonts, they spoil the joint space. Then the clusters of edges
    explain their layouts better, recur more often from seed to seed, and have more evidence. A single of these signs
    misleads: each is larger in pixels or edges alone on some of 15 sets, where the joint space is better.
    """
    signs = {space: _signs(candidates, measure) for space, candidates in found.items()}
    ahead = [space for space in ALONE if all(np.greater(signs[space], signs["joint"]))]
    return max(ahead, key=signs.__getitem__, default="joint")


def _signs(candidates: Sequence[Candidate], measure: Evidence) -> tuple[float, float, float]:
    """How well the best candidate explains the layouts, how alike all candidates are, and the best one's evidence."""
    best = _best(candidates, measure)
    return best.likelihood, float(np.mean([each.stability for each in candidates])), measure.of(best.clusters)


@own_threads(1)
def baseline(codes: Codes, space: str, n_clusters: int, seed: int = 0) -> np.ndarray:
    """Clusters (N,) by UMAP and a mixture on one space alone: what a deep clustering is compared with."""
    sampled = sample(len(codes.joint), seed)
    found = partitions(codes, space, sampled=sampled, n_clusters=n_clusters, seeds=_seeds(seed, N_LAYOUTS_BESIDE))
    measure = Evidence((codes.pixels[sampled], codes.hog[sampled]), n_clusters)
    return spread(codes.of(space), sampled, _best(found, measure).clusters)


def _seeds(seed: int, n_layouts: int) -> list[tuple[int, int]]:
    """Of layouts, others for each seed of a run, and of the mixtures on them."""
    return [(N_LAYOUTS * seed + i, seed + j) for i in range(n_layouts) for j in range(N_MIXTURES)]


def _best(candidates: Sequence[Candidate], measure: Evidence) -> Candidate:
    """The likeliest, or of the likeliest that are tied the one of most evidence."""
    most = max(candidate.likelihood for candidate in candidates)
    tied = [candidate for candidate in candidates if candidate.likelihood >= most - TIED_NATS]
    return max(tied, key=lambda candidate: measure.of(candidate.clusters))


def sample(n_images: int, seed: int) -> np.ndarray:
    """Ids (M,) of the images that are laid out, ascending."""
    return np.sort(np.random.default_rng(seed).permutation(n_images)[:MOST_SAMPLED])


def partitions(
    codes: Codes, space: str, *, sampled: np.ndarray, n_clusters: int, seeds: Sequence[tuple[int, int]]
) -> tuple[Candidate, ...]:
    """Candidates in one space, by their seeds of layout and mixture."""
    points = np.ascontiguousarray(codes.of(space)[sampled])
    laid_out = {layout: _laid_out(points, layout) for layout in dict.fromkeys(layout for layout, _ in seeds)}
    found = [_mixture(laid_out[layout], n_clusters, mixture) for layout, mixture in seeds]
    explained = _explained(tuple(laid_out.values()), found)
    return tuple(
        Candidate(
            space=space,
            layout=layout,
            mixture=mixture,
            clusters=clusters,
            likelihood=float(likelihood),
            stability=float(stability),
        )
        for (layout, mixture), clusters, likelihood, stability in zip(
            seeds, found, explained, with_others(found), strict=True
        )
    )


def predictability(points: np.ndarray, clusters: np.ndarray, seed: int = 0) -> float:
    """How often the nearest samples of one half tell the cluster of a sample of the other half, in [0, 1].

    Args:
        points: (N, D).
        clusters: (N,).
        seed: of the halves.
    """
    order = np.random.default_rng(seed).permutation(len(points))
    halves = order[: len(points) // 2], order[len(points) // 2 :]
    right = 0
    for known, asked in (halves, halves[::-1]):
        if len(known):
            right += int((_vote(points[known], clusters[known], points[asked]) == clusters[asked]).sum())
    return right / len(points)


def spread(points: np.ndarray, sampled: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Clusters (N,) of all samples: their own where they were sampled (M,), else those of their neighbours there."""
    if len(sampled) == len(points):
        return clusters
    found = _vote(points[sampled], clusters, points)
    found[sampled] = clusters
    return found


def _vote(known: np.ndarray, clusters: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Most frequent cluster among the nearest known samples of each sample asked about."""
    load_scikit_learn()
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(min(N_NEIGHBOURS, len(known)), algorithm="brute")
    return classifier.fit(known, clusters).predict(asked)


def _principal(columns: np.ndarray, seed: int) -> np.ndarray:
    """Leading principal components (N, d); an empty direction is a column of zeros."""
    load_scikit_learn()
    from sklearn.decomposition import PCA

    n_components = min(N_COMPONENTS, *columns.shape)
    if (columns == columns[0]).all():
        return np.zeros((len(columns), n_components), np.float32)
    return PCA(n_components, svd_solver="randomized", random_state=seed).fit_transform(columns).astype(np.float32)


def _unit_variance(codes: np.ndarray) -> np.ndarray:
    total = float(codes.var(axis=0).sum())
    return codes / np.sqrt(total) if total > 0 else codes


def _laid_out(points: np.ndarray, seed: int) -> np.ndarray:
    """UMAP in ten dimensions, points packed as closely as it can; unchanged where there are too few for it."""
    n_dims = min(MANIFOLD_DIMS, points.shape[1])
    if len(points) <= 2 * MANIFOLD_DIMS:
        return points[:, :n_dims].astype(np.float64)
    return manifold(points, n_dims, seed=seed, min_dist=0.0, n_epochs=N_EPOCHS).astype(np.float64)


def _mixture(places: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """Likeliest component (M,) of a mixture of Gaussians with full covariances."""
    load_scikit_learn()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(n_clusters, reg_covar=COVARIANCE_RIDGE, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ConvergenceWarning)  # its clusters are taken as they are
        return mixture.fit_predict(places)


def _explained(layouts: Sequence[np.ndarray], partitions: Sequence[np.ndarray]) -> np.ndarray:
    """How well partitions (M,) explain layouts (M, d), as `Candidate.likelihood` has it: (P,) nats."""
    alone = [_likelihood(places, np.zeros(len(places), np.int64)) for places in layouts]
    known: dict[bytes, float] = {}  # seeds of a mixture often end alike
    for clusters in partitions:
        if (key := clusters.tobytes()) not in known:
            gains = [_likelihood(places, clusters) - one for places, one in zip(layouts, alone, strict=True)]
            known[key] = float(np.mean(gains))
    return np.array([known[clusters.tobytes()] for clusters in partitions])


def _likelihood(places: np.ndarray, clusters: np.ndarray) -> float:
    """Mean log likelihood of places (M, d) in nats under a mixture of the Gaussians of clusters (M,)."""
    load_scikit_learn()
    from sklearn.mixture import GaussianMixture

    members = [places[clusters == k] for k in np.unique(clusters)]
    spread = [np.atleast_2d(np.cov(own, rowvar=False, bias=True)) for own in members]
    ridge = COVARIANCE_RIDGE * np.eye(places.shape[1])
    mixture = GaussianMixture(len(members), reg_covar=COVARIANCE_RIDGE)
    mixture.weights_ = np.array([len(own) for own in members]) / len(places)
    mixture.means_ = np.array([own.mean(axis=0) for own in members])
    mixture.precisions_cholesky_ = np.linalg.inv(np.linalg.cholesky(np.array(spread) + ridge)).transpose(0, 2, 1)
    return float(mixture.score(places))
