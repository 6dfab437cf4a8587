"""What each view of a data set holds, in figures."""

from html import escape

import numpy as np
import streamlit as st

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.entry import Entry
from mmclust.ui.components import descriptions, sample_cards
from mmclust.ui.shell import jobs


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


def views_table(data: MultiViewDataset) -> str:
    """HTML table of the views: what they are, their size, their values, their mean."""
    every = np.arange(data.n_samples)
    has_vectors = any(spec.kind == "vector" for spec in data.spec.views)
    heads = ["View", "Size", "Values", "Mean ± std", *["Constant columns"] * has_vectors, "Mean of all samples"]
    rows = []
    for view, (spec, values) in enumerate(zip(data.spec.views, data.views, strict=True)):
        cells = [
            descriptions.size(spec) if spec.kind == "vector" else f"{descriptions.size(spec)} pixels",
            f"{_number(values.min())} to {_number(values.max())}",
            f"{_number(values.mean(dtype=np.float64))} ± {_number(values.std(dtype=np.float64))}",
        ]
        if has_vectors:
            constant = (values.min(axis=0) == values.max(axis=0)).sum() if spec.kind == "vector" else ""
            cells.append(f"{constant}")
        width, height = sample_cards.shown_size(spec, 40)
        mean = sample_cards.average(data, view, every, size=(width, height))
        rows.append(
            f'<tr><th scope="row"><b>{escape(spec.name)}</b></th>{"".join(f"<td>{cell}</td>" for cell in cells)}'
            f'<td><img src="{mean}" alt="Mean of {escape(spec.name)} over all samples" '
            f'title="Mean over all samples" style="width:{width}px;height:{height}px"></td></tr>'
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="mm-scroll"><table class="mm-table mm-views">{body}</table></div>'


def _number(value: float) -> str:
    """Three digits, or all of a large number."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
