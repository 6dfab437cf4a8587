"""What can be read off a code by a linear map: classes, and the style factors that samples were drawn from.

Shapes: n samples, D dimensions, F folds.
"""

import warnings
from pathlib import Path

import numpy as np

from mmclust.analysis import disk_cache
from mmclust.analysis.source import Source
from mmclust.loading import load_scikit_learn

SOURCE = Source(modules=(__name__,), packages=("scikit-learn",))
"""The code that computes all of this, for what is kept on disk."""
MOST = 10_000
"""Samples that a probe sees at most, drawn at random; more change the figures by less than their deviation."""
FOLDS = 5


def sample(n_samples: int, *, most: int = MOST, seed: int = 0) -> np.ndarray:
    """Places (m,) of the samples that probes see, ascending; all where they are few."""
    if n_samples <= most:
        return np.arange(n_samples)
    return np.sort(np.random.default_rng(seed).choice(n_samples, most, replace=False))


def probe_classes(codes: np.ndarray, labels: np.ndarray, *, folds: int = FOLDS, seed: int = 0) -> np.ndarray:
    """Accuracy (F,) of a multinomial logistic regression on held-out folds.

    Args:
        codes: (n, D); each dimension is brought to mean 0 and deviation 1 of the training folds.
        labels: (n,) whole numbers.
        folds: parts; each is held out once. Fewer where there are fewer than two samples for each.
        seed: of the parts.

    Returns:
        Empty where nothing can be learned: a single class, or less than four samples.
    """
    load_scikit_learn()
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # a step takes 2 ms; the threads of NumPy and scikit-learn, waiting for each other, 50
        return _classify(_flat(codes), labels, folds, seed)


def _classify(flat: np.ndarray, labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    found, known = [], np.empty(0, labels.dtype)
    # Each fold begins at the weights of the last one: its best weights are unique, and a third of the steps is saved.
    model = LogisticRegression(max_iter=200, warm_start=True)
    for train, test in _parts(len(labels), folds, seed):
        classes = np.unique(labels[train])
        if len(classes) < 2:
            continue
        if not np.array_equal(classes, known):
            model, known = LogisticRegression(max_iter=200, warm_start=True), classes
        scaler = StandardScaler().fit(flat[train])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # separable codes: the weights would grow for ever
            model.fit(scaler.transform(flat[train]), labels[train])
        found.append(model.score(scaler.transform(flat[test]), labels[test]))
    return np.array(found)


def probe_factor(
    codes: np.ndarray, values: np.ndarray, *, period: np.ndarray | None = None, folds: int = FOLDS, seed: int = 0
) -> np.ndarray:
    """Share of a factor's variance (F,) that ridge regression explains on held-out folds (R squared), below 1.

    Whole numbers are categories (see `is_category`): the figure is then the accuracy of `probe_classes`.

    A factor that goes round, such as an angle, is regressed as a point on a circle. Where its period differs between
    samples (a square looks the same after a quarter turn), samples of each period have a probe of their own.

    Args:
        codes: (n, D); each dimension is brought to mean 0 and deviation 1 of the training folds.
        values: (n,) of the factor.
        period: (n,) after which the factor looks the same; 0 where it does not show at all; None for one that does
            not go round.
        folds: parts; each is held out once.
        seed: of the parts.

    Returns:
        Empty where there is nothing to learn.
    """
    if is_category(values):
        return probe_classes(codes, values, folds=folds, seed=seed)
    if period is None:
        return _regress(_flat(codes), values[:, None].astype(np.float64), folds, seed)
    angle = 2 * np.pi * values / np.where(period > 0, period, 1)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    parts, sizes = [], []
    for length in np.unique(period[period > 0]):
        member = np.isclose(period, length)
        found = _regress(_flat(codes)[member], circle[member], folds, seed)
        if len(found) == folds:
            parts.append(found)
            sizes.append(int(member.sum()))
    return np.average(parts, axis=0, weights=sizes) if parts else np.empty(0)


def probe_kept(folder: Path, codes: np.ndarray, values: np.ndarray, *, period: np.ndarray | None = None) -> np.ndarray:
    """What `probe_factor` finds, from the folder where it was found before.

    Args:
        folder: of what is kept of a run.
        codes: (n, D).
        values: (n,) of a factor, or classes.
        period: (n,), see `probe_factor`.
    """
    parts = [codes, values, *(() if period is None else (period,))]
    key = ("probe", *(disk_cache.content(part) for part in parts))
    return disk_cache.arrays(folder, key, lambda: {"folds": probe_factor(codes, values, period=period)}, source=SOURCE)[
        "folds"
    ]


def is_category(values: np.ndarray) -> bool:
    """Whether a factor's values name kinds, such as fonts, rather than measure something."""
    return np.issubdtype(values.dtype, np.integer)


def factor_title(name: str, values: np.ndarray) -> str:
    """A factor with the figure that its probe gives, e.g. "size (R²)"."""
    return f"{name} (accuracy)" if is_category(values) else f"{name} (R²)"


def _regress(codes: np.ndarray, targets: np.ndarray, folds: int, seed: int) -> np.ndarray:
    load_scikit_learn()
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = []
    for train, test in _parts(len(targets), folds, seed):
        model = make_pipeline(StandardScaler(), Ridge(alpha=1.0)).fit(codes[train], targets[train])
        told = model.predict(codes[test]).reshape(len(test), -1)
        found.append(r2_score(targets[test], told, multioutput="variance_weighted"))
    return np.array(found)


def _parts(n_samples: int, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places of training and held-out samples; none where there are too few to hold some out."""
    load_scikit_learn()
    from sklearn.model_selection import KFold

    folds = min(folds, n_samples // 2)
    return [] if folds < 2 else list(KFold(folds, shuffle=True, random_state=seed).split(np.empty(n_samples)))


def _flat(codes: np.ndarray) -> np.ndarray:
    return codes.reshape(len(codes), -1)
