"""What each view of a data set holds, in figures."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from markupsafe import Markup

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.entry import Entry
from mmclust.ui.components import descriptions, markup, sample_cards
from mmclust.ui.shell import jobs

BLOCK = 4_000_000
"""Numbers that are read at a time."""


def statistics(entry: Entry, data: MultiViewDataset) -> None:
    """What each view holds: size, values, mean and deviation, constant columns, the mean of all samples."""
    table = jobs.result(
        ("views", entry.name, str(entry.found_at())), lambda _: views_table(data), label="Measuring the views"
    )
    if table:
        st.html(table)
        st.caption(
            "Means and standard deviations are computed over all samples and all pixels or columns of a view, as "
            "stored."
        )


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Values of a view; each array has the shape of a sample."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    deviation: float
    """Of all pixels or columns together."""


def summary(values: np.ndarray) -> Summary:
    """The values (N, ...) of a view, read some samples at a time: they may be more than fits into memory."""
    n_rows = max(1, BLOCK // max(1, values[0].size))
    blocks = [slice(start, start + n_rows) for start in range(0, len(values), n_rows)]
    low, high, total = values[0].copy(), values[0].copy(), np.zeros(values.shape[1:], np.float64)
    for rows in blocks:
        np.minimum(low, values[rows].min(axis=0), out=low)
        np.maximum(high, values[rows].max(axis=0), out=high)
        total += values[rows].sum(axis=0, dtype=np.float64)
    mean = total / len(values)
    squares = sum(float(((values[rows] - mean.mean()) ** 2).sum(dtype=np.float64)) for rows in blocks)
    return Summary(low=low, high=high, mean=mean, deviation=float(np.sqrt(squares / (len(values) * mean.size))))


def views_table(data: MultiViewDataset) -> str:
    """HTML table of the views: what they are, their size, their values, their mean."""
    has_vectors = any(spec.kind == "vector" for spec in data.spec.views)
    heads = ["View", "Size", "Values", "Mean ± std", *["Constant columns"] * has_vectors, "Mean of all samples"]
    rows = []
    for view, (spec, values) in enumerate(zip(data.spec.views, data.views, strict=True)):
        found = summary(values)
        cells = [
            descriptions.size(spec) if spec.kind == "vector" else f"{descriptions.size(spec)} pixels",
            f"{_number(found.low.min())} to {_number(found.high.max())}",
            f"{_number(found.mean.mean())} ± {_number(found.deviation)}",
        ]
        if has_vectors:
            constant = (found.low == found.high).sum() if spec.kind == "vector" else ""
            cells.append(f"{constant}")
        width, height = sample_cards.shown_size(spec, 40)
        mean = sample_cards.picture(data, view, found.mean, size=(width, height))
        shown = _MEAN.format(mean, name=spec.name, width=width, height=height)
        rows.append((Markup("<b>{}</b>").format(spec.name), [*cells, shown]))
    return Markup('<div class="mm-scroll">{}</div>').format(markup.table(heads, rows, kind="mm-table mm-views"))


_MEAN = Markup(
    '<img src="{}" alt="Mean of {name} over all samples" title="Mean over all samples" '
    'style="width:{width}px;height:{height}px">'
)


def _number(value: float) -> str:
    """Three digits, or all of a large number."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
