"""How each view is prepared, by what its numbers are and by the neighbours that it shares with the other views.

Shapes: N samples, D columns, d principal components, k neighbours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmclust.auto import graphs
from mmclust.auto.evidence import Ridge
from mmclust.data import scaling
from mmclust.data.scaling import Rows

Kind = Literal["image", "counts", "graph", "signed", "bounded"]

CANDIDATES: dict[Kind, tuple[str, ...]] = {
    "counts": ("tf-idf", "l2", "minmax"),
    "graph": ("walk", "tf-idf", "l2"),
    "signed": ("none", "standard", "minmax", "l2"),
    "bounded": ("minmax", "standard", "l2", "sqrt-l2"),
    "image": ("none", "l2", "standard"),
}
"""Scalings that are tried for each kind of view; the first one is taken where neighbours cannot tell."""
SCALINGS: dict[str, Callable[[Rows], Rows]] = {
    "none": lambda rows: rows,
    "tf-idf": scaling.tf_idf,
    "l2": scaling.unit_length,
    "minmax": scaling.min_max,
    "standard": scaling.standardise,
    "sqrt-l2": lambda rows: scaling.unit_length(scaling.square_root(rows)),
    "walk": scaling.smooth_graph,
}
N_COMPONENTS = 100
MOST_ROWS = 3000
"""Samples that candidates are compared on, at most."""
FEWEST_NEIGHBOURS, MOST_NEIGHBOURS = 5, 20
N_ROUNDS = 2
COPY = 0.9
"""Overlap of neighbours from which a view is a copy of another one, so that their agreement says nothing."""
CHANCE_DEVIATIONS = 5.0
"""Standard deviations of shuffled overlaps, or correlations, above which one is no chance."""
PREDICTED_ROWS, PREDICTED_FOLDS, N_SHUFFLES = 1000, 5, 20
"""Samples, folds and shuffles of the second question to views that share no neighbours: can one predict the other?"""
COUNTS_ZEROS, COUNTS_COLUMNS = 0.8, 50
"""Fraction of zeros and number of columns from which values of 0 or more are counts."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How the views of a data set are prepared, and what led to it."""

    kinds: tuple[Kind, ...]
    scalings: tuple[str, ...]
    """Name of the scaling of each view, a key of `SCALINGS`."""
    overlaps: tuple[dict[str, float], ...]
    """Of each view: candidate -> neighbours that it shares with the other views, corrected for chance."""
    related: tuple[bool, ...]
    """Whether a view has more to do with some other one than shuffled samples would."""
    copies: tuple[int | None, ...]
    """Of each view: the earlier view that it repeats, or None."""

    def apply(self, views: Sequence[Rows]) -> tuple[np.ndarray, ...]:
        """The views (N, d) prepared: scaled, principal components, total variance 1."""
        return tuple(prepared(view, name) for view, name in zip(views, self.scalings, strict=True))


def prepared(view: Rows, scaling_name: str, n_components: int = N_COMPONENTS) -> np.ndarray:
    """A view (N, d) after one of `SCALINGS`, centred PCA and division to total variance 1."""
    rows = SCALINGS[scaling_name](scaling.as_rows(view))
    return scaling.unit_variance(scaling.principal(rows, n_components))


def kind_of(view: Rows, is_image: bool = False) -> Kind:
    """What the numbers of a view are, told by the numbers alone."""
    if is_image:
        return "image"
    rows = scaling.as_rows(view)
    if rows.min() < 0:
        return "signed"
    n_samples, n_columns = rows.shape
    if n_samples == n_columns and n_samples >= COUNTS_COLUMNS and _is_symmetric(rows):
        return "graph"
    zeros = 1 - scaling.n_nonzero(rows) / (n_samples * n_columns)
    return "counts" if zeros >= COUNTS_ZEROS and n_columns >= COUNTS_COLUMNS else "bounded"


def _is_constant(view: Rows) -> bool:
    """Whether all samples are alike."""
    rows = scaling.as_rows(view)
    return bool(
        (abs(rows - rows[:1]) if isinstance(rows, np.ndarray) else rows.max(axis=0) - rows.min(axis=0)).max() == 0
    )


def _is_symmetric(rows: Rows) -> bool:
    return bool(abs(rows - rows.T).max() <= 1e-6 * max(float(abs(rows).max()), 1e-12))


def n_neighbours(n_samples: int, n_clusters: int) -> int:
    """Neighbours that views are compared by: half a cluster, between 5 and 20, and fewer than there are samples."""
    wanted = min(max(n_samples // (2 * n_clusters), FEWEST_NEIGHBOURS), MOST_NEIGHBOURS)
    return max(1, min(wanted, n_samples - 1))


def choose(
    views: Sequence[Rows], n_clusters: int, *, are_images: Sequence[bool] | None = None, seed: int = 0
) -> Preparation:
    """The preparation under which the views share most neighbours.

    Coordinate ascent: each view takes the candidate whose graph of nearest neighbours shares most with the graphs of
    the other views as they are chosen so far.

    Args:
        views: each (N, D), as they were read; images flattened, in their source range.
        n_clusters: bounds the number of neighbours.
        are_images: which views hold pixels; none where None.
        seed: of the sample that large data sets are compared on.

    Raises:
        ValueError: all samples are the same in every view.
    """
    if all(_is_constant(view) for view in views):
        raise ValueError(
            f"all {views[0].shape[0]} samples are the same in every view, so nothing can be clustered; check the file"
        )
    are_images = are_images or [False] * len(views)
    kinds: list[Kind] = [kind_of(view, image) for view, image in zip(views, are_images, strict=True)]
    n_samples = views[0].shape[0]
    rows = np.sort(np.random.default_rng(seed).permutation(n_samples)[:MOST_ROWS])
    k = n_neighbours(len(rows), n_clusters)
    found = [_graphs(view, rows, kind, k) for view, kind in zip(views, kinds, strict=True)]
    comparison = _Comparison(found)
    chosen = [CANDIDATES[kind][0] for kind in kinds]
    copies = _copies(comparison, chosen)
    overlaps: list[dict[str, float]] = [{} for _ in views]
    for _ in range(N_ROUNDS):
        for view, kind in enumerate(kinds):
            others = [w for w in range(len(views)) if w != view and copies[w] != view and copies[view] != w]
            overlaps[view] = {name: comparison.mean(view, name, others, chosen) for name in CANDIDATES[kind]}
            chosen[view] = max(overlaps[view], key=overlaps[view].__getitem__)
    return Preparation(
        kinds=tuple(kinds),
        scalings=tuple(chosen),
        overlaps=tuple(overlaps),
        related=_related(
            [graph[name] for graph, name in zip(found, chosen, strict=True)],
            lambda v: prepared(scaling.as_rows(views[v])[rows], chosen[v]),
        ),
        copies=copies,
    )


def _graphs(view: Rows, rows: np.ndarray, kind: Kind, k: int) -> dict[str, np.ndarray]:
    """Neighbours (n, k) of the compared rows under each candidate of the kind."""
    if kind == "graph":  # a graph's columns are its samples: a part of them would be another graph
        return {name: graphs.neighbours(prepared(view, name)[rows], k)[0] for name in CANDIDATES[kind]}
    some = scaling.as_rows(view[rows])
    return {name: graphs.neighbours(prepared(some, name), k)[0] for name in CANDIDATES[kind]}


class _Comparison:
    """Overlaps between candidates of different views, each computed once."""

    def __init__(self, found: Sequence[dict[str, np.ndarray]]) -> None:
        self.found = found
        self.known: dict[tuple[int, str, int, str], float] = {}

    def between(self, first: int, first_name: str, second: int, second_name: str) -> float:
        key = (first, first_name, second, second_name) if first < second else (second, second_name, first, first_name)
        if key not in self.known:
            self.known[key] = graphs.overlap(self.found[key[0]][key[1]], self.found[key[2]][key[3]])
        return self.known[key]

    def mean(self, view: int, name: str, others: Sequence[int], chosen: Sequence[str]) -> float:
        """Mean overlap of a candidate with other views as they are chosen; 0 without others."""
        overlaps = [self.between(view, name, other, chosen[other]) for other in others]
        return float(np.mean(overlaps)) if overlaps else 0.0


def _copies(comparison: _Comparison, names: Sequence[str]) -> tuple[int | None, ...]:
    """Of each view, the first earlier one with nearly the same neighbours."""
    return tuple(
        next((w for w in range(v) if comparison.between(w, names[w], v, names[v]) > COPY), None)
        for v in range(len(names))
    )


def copies(views: Sequence[np.ndarray], n_clusters: int) -> tuple[int | None, ...]:
    """Of each prepared view (N, D), the first earlier one that it repeats, or None; a constant view repeats none."""
    rows = np.sort(np.random.default_rng(0).permutation(len(views[0]))[:MOST_ROWS])
    k = n_neighbours(len(rows), n_clusters)
    found = [{"": graphs.neighbours(view[rows], k)[0]} for view in views]
    repeated = _copies(_Comparison(found), [""] * len(views))
    return tuple(
        first if first is not None and views[place].any() and views[first].any() else None
        for place, first in enumerate(repeated)
    )


def related(views: Sequence[np.ndarray], n_clusters: int) -> tuple[bool, ...]:
    """Whether each prepared view (N, D) has more to do with some other one than shuffled samples do."""
    rows = np.sort(np.random.default_rng(0).permutation(len(views[0]))[:MOST_ROWS])
    k = n_neighbours(len(rows), n_clusters)
    return _related([graphs.neighbours(view[rows], k)[0] for view in views], lambda v: views[v][rows])


def heard(views: Sequence[np.ndarray], related: Sequence[bool]) -> tuple[np.ndarray, ...]:
    """The views that a start is found on and evidence measured by: without those that have nothing to do with others.

    Clusters that such a view has of its own would win over those that the others share. All of them where fewer than
    two belong together.
    """
    return tuple(view for view, one in zip(views, related, strict=True) if one or sum(related) < 2)


def _related(found: Sequence[np.ndarray], view: Callable[[int], np.ndarray]) -> tuple[bool, ...]:
    """Whether each view shares neighbours (N, k) with some other one, or predicts it, better than by chance.

    Args:
        found: neighbours of each view.
        view: gives a prepared view (N, D) by its place.
    """
    related = [False] * len(found)
    for belong in (
        lambda v, w: _share_neighbours(found[v], found[w]),
        lambda v, w: _predicts(view(v), view(w)) and _predicts(view(w), view(v)),
    ):
        for first in range(len(found)):
            for second in range(first + 1, len(found)):
                if not (related[first] and related[second]) and belong(first, second):
                    related[first] = related[second] = True
    return tuple(related)


def _share_neighbours(first: np.ndarray, second: np.ndarray) -> bool:
    return _no_chance(graphs.overlap(first, second), graphs.overlap_by_chance(first, second))


def _predicts(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether a view (N, D) predicts another one's columns for rows it was not fitted on, as none does by chance.

    Of large private variance beside a little that is shared, neighbours know nothing.
    """
    random = np.random.default_rng(0)
    rows = random.permutation(len(first))[:PREDICTED_ROWS]
    columns, wanted = np.asarray(first[rows], np.float64), np.asarray(second[rows], np.float64)
    folds = np.arange(len(rows)) % PREDICTED_FOLDS
    solvers = [Ridge(columns, folds == fold) for fold in range(PREDICTED_FOLDS)]
    shuffled = [_correlation(solvers, wanted[random.permutation(len(rows))]) for _ in range(N_SHUFFLES)]
    return _no_chance(_correlation(solvers, wanted), np.array(shuffled))


def _correlation(solvers: Sequence[Ridge], wanted: np.ndarray) -> float:
    """Of all values (N, D) with their predictions, both less the means of what was fitted."""
    predicted, centred = np.zeros_like(wanted), np.zeros_like(wanted)
    for solver in solvers:
        mean = wanted[solver.fitted].mean(axis=0)
        predicted[solver.held_out] = solver.scores(wanted) - mean
        centred[solver.held_out] = wanted[solver.held_out] - mean
    length = float(np.linalg.norm(predicted) * np.linalg.norm(centred))
    return float((predicted * centred).sum()) / length if length > 0 else 0.0


def _no_chance(value: float, by_chance: np.ndarray) -> bool:
    return value > float(by_chance.mean()) + CHANCE_DEVIATIONS * max(float(by_chance.std()), 1e-4)
