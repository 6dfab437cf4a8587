"""One column of a run's table: its name and kind, where it comes from, what it costs, and its values.

Shapes: n samples of the clustering, G groups.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Kind = Literal["number", "category", "text", "date"]
Source = Literal["data", "run"]
Cost = Literal["ready", "computed", "slow"]
"""`ready`: in memory; `computed`: within a second or two, from these arrays or other snapshots; `slow`: longer."""

MOST_CATEGORIES = 1000
"""Different words from which on a column of words is text."""
FEW_CATEGORIES = 20
"""Different words up to which a column is one of categories however few its rows are."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Values that repeat: a code for each sample and what each code stands for."""

    codes: np.ndarray
    """(n,) int32 from 0, -1 for samples without a value."""
    names: Sequence[str | int | bool]
    """(G,) value of each group, all of one type."""

    @property
    def is_category(self) -> bool:
        """Whether so few groups stand for so many samples that each can have a colour or a bar."""
        n_known = int((self.codes >= 0).sum())
        return len(self.names) <= FEW_CATEGORIES or len(self.names) <= min(MOST_CATEGORIES, n_known // 2)

    def texts(self) -> np.ndarray:
        """(n,) the values as Python strings; empty without a value."""
        named = np.array([*map(str, self.names), ""], object)
        return named[self.codes]


Values = np.ndarray | Groups
"""(n,) numbers (NaN without a value), dates (NaT), or groups."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column, whose values are worked out when they are first asked for."""

    name: str
    """As queries write it."""
    kind: Kind
    source: Source
    help: str
    """What it holds, in a sentence."""
    work: Callable[[], Values] = field(repr=False)
    """Gives the values."""
    cost: Cost = "ready"
    shown: tuple[str, ...] = ()
    """(G,) what pages call the groups; empty where that is their value."""
    colors: tuple[str, ...] = ()
    """(G,) hex colour of each group; empty where any will do."""


def grouped(values: np.ndarray) -> Groups:
    """Words (n,) as groups, those of most samples first; empty ones and None have no group.

    Lists and other nested values are taken as they are written.
    """
    import pandas as pd

    words = pd.Series([_word(value) for value in values.tolist()], dtype=object)
    codes, names = pd.factorize(words)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    place = np.empty(len(order) + 1, np.int32)
    place[order], place[-1] = np.arange(len(order)), -1
    return Groups(codes=place[codes], names=tuple(names[order].tolist()))


def _word(value: object) -> str | None:
    if value is None or value != value:  # NaN and NaT are unlike themselves
        return None
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text.strip() or None


def known(name: str, values: np.ndarray, *, source: Source, help: str) -> Column:
    """A column of values (n,) that are at hand: numbers, truths, dates, or anything else as words."""
    if values.dtype.kind == "M":
        dates = values.astype("datetime64[ms]")
        return Column(name=name, kind="date", source=source, help=help, work=lambda: dates)
    if values.dtype.kind == "b":
        truths = Groups(codes=values.astype(np.int32), names=(False, True))
        return Column(name=name, kind="category", source=source, help=help, work=lambda: truths, shown=("no", "yes"))
    if values.dtype.kind in "iuf":
        return Column(name=name, kind="number", source=source, help=help, work=lambda: values)
    words = grouped(values)
    kind: Kind = "category" if words.is_category else "text"
    return Column(name=name, kind=kind, source=source, help=help, work=lambda: words)
