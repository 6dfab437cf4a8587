"""Scalings of one view that keep sparse input sparse, and its principal components.

All take rows of samples, dense or as a SciPy sparse matrix, and never labels. What a scaling learns (ranges, document
frequencies, directions) it learns from all rows it is given.

Shapes: N samples, D columns.
"""

from typing import Any

import numpy as np
from scipy import sparse

Rows = Any
"""(N, D) samples of one view: a NumPy array or a SciPy sparse matrix, of which a type checker knows too little."""

CLIP = 5.0
"""Standard deviations beyond which standardised values are cut off: a single outlier would own a principal axis."""
COUNTED = 1.5
"""Values above it are counts of a word, not mere presence."""
MIN_DOCUMENTS = 2
"""Samples that a column has to occur in: a word of one text says nothing about others."""
EXACT_PCA = 1024
"""Columns or rows up to which principal components are computed exactly; beyond, by a randomised method."""
OVERSAMPLES, POWER_ITERATIONS = 20, 4
"""Of the randomised method."""
SPARSE_ZEROS, SPARSE_COLUMNS = 0.8, 50
"""Fraction of zeros and number of columns from which a view is computed on as a sparse one."""


def as_rows(view: Rows) -> Rows:
    """Rows in single precision; a view of mostly zeros becomes sparse, which is faster at the same result."""
    if sparse.issparse(view):
        return sparse.csr_matrix(view, dtype=np.float32)
    dense = np.asarray(view)
    flat = dense.reshape(len(dense), -1)
    if flat.shape[1] >= SPARSE_COLUMNS and np.count_nonzero(flat) <= (1 - SPARSE_ZEROS) * flat.size:
        return sparse.csr_matrix(flat, dtype=np.float32)
    return flat.astype(np.float32)


def tf_idf(rows: Rows, *, like: Rows | None = None) -> Rows:
    """Weighted term frequencies, each row of unit length.

    Term frequencies are 1 + ln(tf) where the view holds counts; idf = ln((1 + N) / (1 + df)) + 1, as in scikit-learn.
    Columns that occur in a single sample are zero, unless no column would be left.

    Args:
        rows: to weigh.
        like: rows whose document frequencies are used; None for `rows` themselves.
    """
    counts: Rows = sparse.csr_matrix(rows, dtype=np.float32, copy=True)
    known: Rows = counts if like is None else sparse.csr_matrix(like, dtype=np.float32)
    documents = known.getnnz(axis=0)
    if known.nnz and known.data.max() > COUNTED:
        counts.data = 1 + np.log(np.maximum(counts.data, 1))
    idf = np.log((1 + known.shape[0]) / (1 + documents)) + 1
    if (documents >= MIN_DOCUMENTS).any():
        idf[documents < MIN_DOCUMENTS] = 0
    return unit_length(_times_columns(counts, idf))


def unit_length(rows: Rows) -> Rows:
    """Every row divided by its Euclidean length; rows of zeros stay."""
    square = rows.multiply(rows) if isinstance(rows, sparse.csr_matrix) else rows * rows
    length = np.sqrt(np.asarray(square.sum(axis=1), np.float64)).ravel()
    return _times_rows(rows, np.divide(1.0, length, out=np.zeros_like(length), where=length > 0))


def square_root(rows: Rows) -> Rows:
    """Square roots of the values, those below 0 with their sign: large counts lose their weight."""
    if sparse.issparse(rows):
        return rows.sign().multiply(abs(rows).sqrt()).tocsr()
    return np.sign(rows) * np.sqrt(np.abs(rows))


def min_max(rows: Rows) -> Rows:
    """Every column to [0, 1]; constant columns become 0. Sparse input needs values of 0 or more."""
    if isinstance(rows, sparse.csr_matrix):
        high = rows.max(axis=0).toarray().ravel()
        return _times_columns(rows, np.divide(1.0, high, out=np.zeros_like(high), where=high > 0))
    low, high = rows.min(axis=0), rows.max(axis=0)
    return (rows - low) / np.where(high > low, high - low, 1)


def standardise(rows: Rows) -> Rows:
    """Every column to mean 0 and deviation 1, cut off at `CLIP` deviations; constant columns become 0."""
    dense = dense_rows(rows)
    deviation = dense.std(axis=0, dtype=np.float64)
    varies = dense.min(axis=0) < dense.max(axis=0)
    factor = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=varies & (deviation > 0))
    return np.clip((dense - dense.mean(axis=0, dtype=np.float64)) * factor, -CLIP, CLIP).astype(np.float32)


def smooth_graph(rows: Rows) -> Rows:
    """Rows of a graph's adjacency (N, N) after two steps of a walk that may also stay: what neighbours have in common.

    The walk is normalised from both sides, so that hubs do not own the result.
    """
    graph: Rows = sparse.csr_matrix(rows, dtype=np.float32)
    graph = graph.maximum(graph.T) + sparse.identity(graph.shape[0], format="csr")
    scale = 1 / np.sqrt(np.asarray(graph.sum(axis=1)).ravel())
    walk = _times_rows(_times_columns(sparse.csr_matrix(graph), scale), scale)
    return sparse.csr_matrix(walk @ walk)


def principal(rows: Rows, n_components: int, *, seed: int = 0) -> np.ndarray:
    """Scores (N, d) of the centred rows along their leading principal axes, not whitened, single precision.

    Exact for dense rows of moderate size; otherwise randomised (Halko, Martinsson and Tropp, SIAM Review 2011), which
    never makes sparse rows dense. The sign of an axis is free; here its largest score is positive.
    """
    n_samples, n_columns = rows.shape
    kept = max(1, min(n_components, n_samples, n_columns))
    smaller = min(n_samples, n_columns)
    if smaller <= 2 * kept:
        rows = dense_rows(rows)
    if smaller <= EXACT_PCA and not isinstance(rows, sparse.csr_matrix):
        scores = _exact_scores(rows - rows.mean(axis=0, dtype=np.float64), kept)
    else:
        scores = _randomised_scores(rows, kept, seed)
    extreme = np.take_along_axis(scores, np.abs(scores).argmax(axis=0)[None], axis=0)
    return (scores * np.where(extreme < 0, -1.0, 1.0)).astype(np.float32)


def _exact_scores(centred: np.ndarray, kept: int) -> np.ndarray:
    """Scores from the eigenvectors of the smaller of the two moment matrices."""
    if centred.shape[1] <= len(centred):
        return centred @ np.linalg.eigh(centred.T @ centred)[1][:, : -kept - 1 : -1]
    values, vectors = np.linalg.eigh(centred @ centred.T)
    return vectors[:, : -kept - 1 : -1] * np.sqrt(np.maximum(values[: -kept - 1 : -1], 0))


def _randomised_scores(rows: Rows, kept: int, seed: int) -> np.ndarray:
    """Scores from a random subspace that a few products with the rows turn towards the leading axes.

    scikit-learn's randomised solver needs dense rows to centre them; here the mean is taken off each product.
    """
    mean = np.asarray(rows.mean(axis=0), np.float32).ravel()

    def project(directions: np.ndarray) -> np.ndarray:
        return np.asarray(rows @ directions - mean @ directions)

    def combine(scores: np.ndarray) -> np.ndarray:
        return np.asarray(rows.T @ scores - np.outer(mean, scores.sum(axis=0)))

    n_directions = min(kept + OVERSAMPLES, *rows.shape)
    directions = np.random.default_rng(seed).standard_normal((rows.shape[1], n_directions), np.float32)
    basis = np.linalg.qr(project(directions))[0]
    for _ in range(POWER_ITERATIONS):
        basis = np.linalg.qr(project(np.linalg.qr(combine(basis))[0]))[0]
    inner = combine(basis).astype(np.float64)
    values, turns = np.linalg.eigh(inner.T @ inner)
    return basis @ turns[:, : -kept - 1 : -1] * np.sqrt(np.maximum(values[: -kept - 1 : -1], 0))


def unit_variance(rows: np.ndarray) -> np.ndarray:
    """Rows divided by one number so that the variances of all columns add up to 1; constant rows stay."""
    total = float(rows.var(axis=0, dtype=np.float64).sum())
    return (rows / np.sqrt(total)).astype(np.float32) if total > 0 else rows.astype(np.float32)


def n_nonzero(rows: Rows) -> int:
    """How many values differ from 0."""
    return int(rows.count_nonzero()) if isinstance(rows, sparse.csr_matrix) else int(np.count_nonzero(rows))


def dense_rows(rows: Rows) -> np.ndarray:
    """The rows as a NumPy array."""
    return rows.toarray() if isinstance(rows, sparse.csr_matrix) else rows


def _times_rows(rows: Rows, factor: np.ndarray) -> Rows:
    factor = factor.astype(np.float32)
    return (
        sparse.csr_matrix(sparse.diags(factor) @ rows)
        if isinstance(rows, sparse.csr_matrix)
        else rows * factor[:, None]
    )


def _times_columns(rows: Rows, factor: np.ndarray) -> Rows:
    factor = factor.astype(np.float32)
    return sparse.csr_matrix(rows @ sparse.diags(factor)) if isinstance(rows, sparse.csr_matrix) else rows * factor
