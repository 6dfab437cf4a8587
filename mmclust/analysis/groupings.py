"""Two or more ways to group the same samples: classes, clusters of an epoch, of a view, of another run.

Shapes: n samples, R and C groups.
"""

from dataclasses import dataclass

import numpy as np

from mmclust.evaluation import metrics

SORTS = ("number", "size", "error")


def aligned(ids: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(m,) groups of the wanted samples; -1 where a sample is not among those that were grouped.

    Args:
        ids: (n,) ids of the grouped samples, each once.
        values: (n,) their groups.
        wanted: (m,) ids.
    """
    if not len(ids):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(ids, kind="stable")
    places = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return np.where(ids[places] == wanted, values[places], -1)


def joint(left: np.ndarray, right: np.ndarray, n_left: int, n_right: int) -> np.ndarray:
    """(R, C) samples by two groupings (n,); samples that one of them does not know (-1) are left out."""
    known = (left >= 0) & (right >= 0)
    cells = left[known].astype(np.int64) * n_right + right[known]
    return np.bincount(cells, minlength=n_left * n_right).reshape(n_left, n_right)


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """In which order a table is shown, and how well its groups fit."""

    rows: np.ndarray
    """(R,) rows in the order shown."""
    columns: np.ndarray
    """(C,) columns in the order shown: the partner of each row, then those without one, the largest first."""
    partner: np.ndarray
    """(C,) row that each column is matched to (Hungarian), -1 without one."""
    recall: np.ndarray
    """(R,) share of each row in its matched column; 0 without one."""
    precision: np.ndarray
    """(C,) share of each column in its matched row; 0 without one."""


def arrange(counts: np.ndarray, sort: str = "number") -> Arrangement:
    """Match rows and columns one to one and put matched cells on the diagonal.

    Args:
        counts: (R, C) samples.
        sort: one of `SORTS`: rows by number, by size (largest first) or by error (smallest recall first).
    """
    partner = metrics.match_classes(counts)
    columns = np.flatnonzero(partner >= 0)
    hits = np.zeros(counts.shape[0])
    hits[partner[columns]] = counts[partner[columns], columns]
    in_row, in_column = counts.sum(axis=1), counts.sum(axis=0)
    recall = hits / np.maximum(in_row, 1)
    own = np.where(partner >= 0, counts[partner, np.arange(counts.shape[1])], 0)
    key = {"number": np.zeros(len(in_row)), "size": -in_row, "error": np.where(in_row > 0, recall, 2.0)}[sort]
    rows = np.argsort(key, kind="stable")
    place = np.full(counts.shape[0] + 1, counts.shape[0])
    place[rows] = np.arange(len(rows))
    return Arrangement(
        rows=rows,
        columns=np.lexsort((-in_column, np.where(partner >= 0, place[partner], counts.shape[0]))),
        partner=partner,
        recall=recall,
        precision=own / np.maximum(in_column, 1),
    )


def straightened(tables: list[np.ndarray], first: np.ndarray) -> list[np.ndarray]:
    """Orders of the groups of each stage in which flows between neighbouring stages cross little.

    The first stage keeps its order; each group of a later one stands where its samples come from, on average.

    Args:
        tables: samples by the groups of each two neighbouring stages.
        first: order of the first stage's groups.
    """
    orders = [first]
    for counts in tables:
        place = np.empty(len(orders[-1]))
        place[orders[-1]] = np.arange(len(orders[-1]))
        total = counts.sum(axis=0)
        mean = np.where(total > 0, (place @ counts) / np.maximum(total, 1), np.inf)
        orders.append(np.argsort(mean, kind="stable"))
    return orders
