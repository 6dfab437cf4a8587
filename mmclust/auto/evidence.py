"""What a clustering is worth without labels: can each view alone tell in which cluster an unseen sample is?

A clustering that follows the noise of a view cannot be predicted from the others; one that merges what all views tell
apart loses information. The evidence rewards prediction, detail, and clusters that every view knows of.

Shapes: N samples, D columns, K clusters, P partitions.
"""

from collections.abc import Sequence

import numpy as np

RIDGE = 1e-2
"""Regularisation as a fraction of the mean eigenvalue of a view's second moments."""
N_FOLDS = 5
REPEATED_SAMPLES = 10_000
"""Folds are drawn again until so many samples have been predicted: few samples make evidence depend on the folds."""
MOST_REPEATS = 5
MOST_SAMPLES = 10_000
"""Samples that evidence is measured on, at most."""
TIED = 0.005
"""Difference of evidence that is noise."""
OWN_ENTROPY = 0.25
"""Weight of a partition's own entropy beside ln K in what evidence is a fraction of. By ln K alone, a partition that
cuts large clusters of unbalanced data into pieces of one size beats the true one; by its own entropy alone, one that
leaves out what is hard to tell does. On 33 sets the choices are the same from 0.15 to 0.7."""
FEW_COLUMNS, FILLED_COLUMNS = 20, 100
"""Views of up to so many columns get products of them, up to so many columns in all: a linear rule of ten columns tells
few clusters apart, so that clusters along lines that views share would beat denser ones."""
LEAST_ROOT = 0.05
"""Root of a view's evidence below which its noise no longer grows with the root's slope."""


class Evidence:
    """Measures partitions of one data set; what depends on the views alone is computed once.

    Args:
        views: each (N, D), prepared.
        n_clusters: clusters asked for: a partition into fewer is measured by the same ln K.
        seed: of the folds.
        n_repeats: how often folds are drawn; None for as often as the number of samples asks for.
    """

    def __init__(
        self, views: Sequence[np.ndarray], n_clusters: int, seed: int = 0, *, n_repeats: int | None = None
    ) -> None:
        random = np.random.default_rng(seed)
        self.scale = np.log(max(n_clusters, 2))
        self.chosen = np.sort(random.permutation(len(views[0]))[:MOST_SAMPLES])
        n_samples = len(self.chosen)
        n_folds = max(2, min(N_FOLDS, n_samples))
        n_repeats = n_repeats or min(max(REPEATED_SAMPLES // n_samples, 1), MOST_REPEATS)
        folds = [random.permutation(n_samples) % n_folds for _ in range(n_repeats)]
        chosen = [with_products(np.asarray(view[self.chosen], np.float64)) for view in views]
        self.solvers = [
            [[Ridge(view, fold == number) for number in range(n_folds)] for fold in folds] for view in chosen
        ]

    def of(self, partition: np.ndarray) -> float:
        """The evidence of one partition (N,): 0 for clusters that no view can predict, at most 1."""
        return total(self.by_view(partition))

    def by_view(self, partition: np.ndarray) -> np.ndarray:
        """Evidence (V,) from each view: mutual information of prediction and partition above chance.

        It is a fraction of (ln K)^0.75 times the partition's entropy to the power 0.25 (`OWN_ENTROPY`).
        """
        partition, sizes = np.unique(partition[self.chosen], return_inverse=True, return_counts=True)[1:]
        if len(sizes) == 1:
            return np.zeros(len(self.solvers))
        share = sizes / sizes.sum()
        entropy = float((share * np.log(1 / share)).sum())
        largest = self.scale ** (1 - OWN_ENTROPY) * entropy**OWN_ENTROPY
        targets = np.eye(len(sizes))[partition]
        shared = [
            np.mean([above_chance(partition, _predicted(repeat, targets)) for repeat in view]) for view in self.solvers
        ]
        return np.array(shared) / largest

    def noise(self, first: np.ndarray, second: np.ndarray) -> float:
        """Standard error of the difference between the evidence of two partitions (N,), as samples are drawn anew."""
        difference = self._influence(first) - self._influence(second)
        return float(difference.std() / np.sqrt(len(difference)))

    def _influence(self, partition: np.ndarray) -> np.ndarray:
        """What each measured sample (n,) adds to the evidence: its derivative by the sample's weight.

        Mutual information is a mean over samples, whose terms are its influence; evidence is a smooth function of it
        and of the partition's entropy (Hampel, JASA 1974).
        """
        by_view = self.by_view(partition)
        partition, sizes = np.unique(partition[self.chosen], return_inverse=True, return_counts=True)[1:]
        if len(sizes) == 1:
            return np.zeros(len(partition))
        surprise = np.log(len(partition) / sizes)[partition]
        entropy = surprise.mean()
        largest = self.scale ** (1 - OWN_ENTROPY) * entropy**OWN_ENTROPY
        targets = np.eye(len(sizes))[partition]
        roots = np.sqrt(np.maximum(by_view, 0))
        influence = np.zeros(len(partition))
        for view, value, root in zip(self.solvers, by_view, roots, strict=True):
            told = _pointwise(partition, _predicted(view[0], targets))
            own = (told - told.mean()) / largest - OWN_ENTROPY * value * (surprise - entropy) / entropy
            influence += own * roots.mean() / (len(roots) * max(root, LEAST_ROOT))
        return influence


def with_products(view: np.ndarray) -> np.ndarray:
    """A view (N, D) of few columns with the products of its first ones, all of them together as long as the view."""
    n_columns = view.shape[1]
    if n_columns > FEW_COLUMNS:
        return view
    n_multiplied = min(n_columns, int((np.sqrt(8 * (FILLED_COLUMNS - n_columns) + 1) - 1) / 2))
    first, second = np.triu_indices(n_multiplied)
    products = view[:, first] * view[:, second]
    products -= products.mean(axis=0)
    lengths = np.linalg.norm(view - view.mean(axis=0)), np.linalg.norm(products)
    return np.concatenate((view, products * (lengths[0] / max(lengths[1], 1e-12))), axis=1)


class Ridge:
    """Ridge regression on the rows outside a fold, applied to the rows of the fold.

    Args:
        view: (N, D).
        held_out: (N,) whether a row is in the fold.
    """

    def __init__(self, view: np.ndarray, held_out: np.ndarray) -> None:
        self.held_out, self.fitted = held_out, ~held_out
        mean = view[self.fitted].mean(axis=0)
        rows = view[self.fitted] - mean
        moments = rows.T @ rows
        ridge = RIDGE * max(np.trace(moments) / len(moments), 1e-12)
        # (n held out, D) times (D, D), so that a partition costs one product with its fitted targets
        self.weights = (view[held_out] - mean) @ np.linalg.inv(moments + ridge * np.eye(len(moments)))
        self.rows = rows

    def scores(self, targets: np.ndarray) -> np.ndarray:
        """Scores (n, K) of the held-out rows for each cluster, from one-hot targets (N, K) of all rows."""
        fitted = targets[self.fitted]
        mean = fitted.mean(axis=0)
        return self.weights @ (self.rows.T @ (fitted - mean)) + mean


def _predicted(repeat: Sequence[Ridge], targets: np.ndarray) -> np.ndarray:
    """Cluster (N,) of every sample from a fit on other samples."""
    predicted = np.empty(len(targets), np.int64)
    for solver in repeat:
        predicted[solver.held_out] = solver.scores(targets).argmax(axis=1)
    return predicted


def _pointwise(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Terms (n,) in nats whose mean is the mutual information of two groupings (n,) from 0 on."""
    counts = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(counts, (first, second), 1)
    chance = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / len(first)
    return np.log(counts[first, second] / chance[first, second])


def total(by_view: np.ndarray) -> float:
    """One number from the views' evidence (V,): the square of their mean square root.

    Between the plain mean, which a single view can satisfy alone, and the geometric one, which a single view of noise
    brings to 0.
    """
    return float(np.sqrt(np.maximum(by_view, 0)).mean() ** 2)


def above_chance(first: np.ndarray, second: np.ndarray) -> float:
    """Mutual information in nats of two groupings (n,), less what groupings of these sizes share by chance."""
    from sklearn.metrics import mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

    counts = contingency_matrix(first, second, sparse=True).astype(np.int64)
    return float(mutual_info_score(None, None, contingency=counts) - expected_mutual_information(counts, len(first)))
