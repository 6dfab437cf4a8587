"""The Confusion page: clusters beside classes, another epoch, view or run, as a table whose cells can be clicked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from mmclust.analysis import groupings as tables
from mmclust.analysis.groupings import Arrangement
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.plots import images as drawing
from mmclust.plots.clusters import size_figure
from mmclust.ui.components import matrix, picker, pictures, run_descriptions, run_search, selection
from mmclust.ui.components.flows import groupings
from mmclust.ui.components.flows.groupings import Grouping
from mmclust.ui.shell import state

SHARES = {"counts": "counts", "rows": "of rows", "columns": "of columns"}
LARGEST = 6
MOST_THUMBNAILS = 900
"""Cells up to which thumbnails are offered."""
THUMB_PX = 40
FITTED = 48
"""Rows or columns from which on there is a choice between a table that fits and one that can be read."""
SCROLLED = 200
"""Rows or columns up to which a table scrolls at first; larger ones are fitted."""
HEIGHT = 620


def beside(clustering: Clustering, fused: Clustering) -> Grouping | None:
    """Draw the choice of what the rows are, and give it; None where there is nothing to set beside the clusters.

    Args:
        clustering: by the assignment that the columns show.
        fused: the same run by its fused assignment.
    """
    known = _choices(clustering, fused)
    if not known:
        return None
    names = list(known)
    key = state.linked("rows", names, names[0])
    st.selectbox(
        "Rows",
        names,
        key=key,
        format_func=lambda name: known[name][0],
        width=230,
        help="What to compare the clusters with: classes, another clustering of the same samples, or any column.",
    )
    run_search.popover(
        list(groupings.others(clustering).values()), lambda run_id: state.set_linked("rows", run_id), key="rows-search"
    )
    return known[state.link("rows", names[0])][1]()


def _choices(clustering: Clustering, fused: Clustering) -> dict[str, tuple[str, Callable[[], Grouping]]]:
    """Name in the URL -> title, and what gives the grouping."""
    found: dict[str, tuple[str, Callable[[], Grouping]]] = {}
    if clustering.y_true is not None:
        found["classes"] = ("classes", lambda: groupings.classes(clustering))
    if clustering.unmerged is not None:
        unmerged = clustering.unmerged
        found["unmerged"] = ("clusters before merging", lambda: groupings.clusters(unmerged, "unmerged"))
    if clustering.plain is not None:
        plain = clustering.plain
        found["run"] = ("original clusters", lambda: groupings.clusters(plain, "original"))
    for epoch in reversed(groupings.epochs(clustering)):
        if epoch != clustering.epoch:
            found[f"epoch {epoch}"] = (f"epoch {epoch}", lambda epoch=epoch: groupings.epoch(clustering, epoch))
    for name, number in picker.sources(fused).items():
        if number != clustering.source:
            title = picker.source_name(fused, number)
            found[name] = (title, lambda number=number: groupings.alone(clustering, fused, number))
    for name in groupings.columns(clustering, of_run=bool(found)):  # alone they are nothing to compare clusters with
        found[f"column {name}"] = (f"column {name}", lambda name=name: groupings.column(clustering, name))
    for run_id, record in run_search.few_linked(groupings.others(clustering), "rows").items():
        found[run_id] = (run_descriptions.line(record), lambda record=record: groupings.run(clustering, record))
    return found


@dataclass(frozen=True, kw_only=True)
class ConfusionTable:
    """What the table shows, and how."""

    rows: Grouping
    counts: np.ndarray
    """(R, C) samples by group of the rows and cluster."""
    order: Arrangement
    normalize: str
    thumbs: bool
    fit: bool

    @property
    def widths(self) -> list[int]:
        """Shares of the page for the table and for what stands beside it."""
        return [9, 3] if max(self.counts.shape) > FITTED else [7, 5]


def table(clustering: Clustering, rows: Grouping) -> ConfusionTable:
    """Draw the controls of the table, and give what it shows.

    Args:
        clustering: by the assignment that the columns show.
        rows: what stands in the rows.
    """
    counts = clustering.derive(
        ("joint", rows.key),
        lambda: tables.joint(rows.values, clustering.y_pred, len(rows.names), len(clustering.sizes)),
    )
    sort = st.segmented_control(
        "Sort",
        tables.SORTS,
        default="number",
        key="sort",
        bind="query-params",
        required=True,
        help="Sort rows by cluster number, size or error rate; columns follow.",
    )
    order = clustering.derive(("arranged", rows.key, sort), lambda: tables.arrange(counts, sort))
    names = list(SHARES)
    st.segmented_control(
        "Numbers",
        names,
        key=state.linked("numbers", names, "counts"),
        required=True,
        format_func=SHARES.__getitem__,
        help="Counts, or fractions of each row or column; colours follow.",
    )
    thumbs = counts.size <= MOST_THUMBNAILS and st.toggle(
        "Pictures", key="thumbs", bind="query-params", help="Show the most confident sample of each cell."
    )
    fit = max(counts.shape) > FITTED and st.toggle(
        "Fit all",
        value=max(counts.shape) > SCROLLED,
        key="fit",
        bind="query-params",
        help="Fit the whole table on the page instead of scrolling.",
    )
    normalize = state.link("numbers", "counts")
    return ConfusionTable(rows=rows, counts=counts, order=order, normalize=normalize, thumbs=thumbs, fit=fit)


def draw_table(clustering: Clustering, shown: ConfusionTable, found: selection.Selection | None) -> None:
    """The table; a click selects the samples of a cell, row or column.

    Args:
        clustering: by the assignment that the columns show.
        shown: made by `table`.
        found: what is selected now.
    """
    names = tuple(clustering.cluster_name(k) for k in range(len(clustering.sizes)))
    rows, order = shown.rows, shown.order
    data = clustering.derive(
        ("matrix", rows.key, rows.names, names, tuple(order.rows), shown.normalize, shown.thumbs, shown.fit),
        lambda: _content(clustering, shown, names),
    )
    clicked = matrix.draw_matrix(data, key="matrix", selected=_marked(clustering, shown, found))
    if clicked is not None:
        row = None if clicked.row is None else int(order.rows[clicked.row])
        column = None if clicked.column is None else int(order.columns[clicked.column])
        select(clustering, rows, row, column)


def _content(clustering: Clustering, shown: ConfusionTable, names: Sequence[str]) -> dict[str, Any]:
    rows, counts, order = shown.rows, shown.counts, shown.order
    in_row, in_column = counts.sum(axis=1), counts.sum(axis=0)
    place = {int(row): i for i, row in enumerate(order.rows)}
    matched = [(place[int(order.partner[k])], j) for j, k in enumerate(order.columns) if order.partner[k] >= 0]
    of_classes = rows.word == "class"
    return matrix.content(
        counts[np.ix_(order.rows, order.columns)],
        [matrix.Head(name=rows.names[r], size=int(in_row[r]), rate=float(order.recall[r])) for r in order.rows],
        [
            matrix.Head(name=names[int(k)], size=int(in_column[k]), rate=float(order.precision[k]))
            for k in order.columns
        ],
        words=("class", "cluster", "recall", "precision")
        if of_classes
        else (f"{rows.word} of {rows.title}", "cluster", "in its match", "in its match"),
        alt=f"{rows.title.capitalize()} ({len(rows.names)}) against clusters ({len(names)}): samples in each cell",
        matched=matched,
        normalize=shown.normalize,
        fit=shown.fit,
        sprite=_sprite(clustering, shown) if shown.thumbs else "",
        thumb=THUMB_PX,
        height=HEIGHT,
    )


def _sprite(clustering: Clustering, table: ConfusionTable) -> str:
    """One picture with the most confident sample of each cell, as a `data:` address."""
    rows, counts, order = table.rows, table.counts, table.order
    number = pictures.image_view(clustering.data) or 0
    cells = rows.values * len(clustering.sizes) + clustering.y_pred
    confident = np.argsort(-clustering.confidence, kind="stable")
    confident = confident[rows.values[confident] >= 0]
    found, first = np.unique(cells[confident], return_index=True)
    sample = np.full(counts.size, -1)
    sample[found] = confident[first]
    shown = sample.reshape(counts.shape)[np.ix_(order.rows, order.columns)]
    sheet = np.zeros((shown.shape[0] * THUMB_PX, shown.shape[1] * THUMB_PX, 4), np.uint8)
    places = np.argwhere(shown >= 0)
    thumbs = pictures.thumbnails(clustering.data, number, clustering.ids[shown[shown >= 0]], THUMB_PX)
    for (r, c), thumb in zip(places, thumbs, strict=True):
        sheet[r * THUMB_PX : (r + 1) * THUMB_PX, c * THUMB_PX : (c + 1) * THUMB_PX] = thumb
    return drawing.data_uri(drawing.png(sheet))


def _marked(clustering: Clustering, table: ConfusionTable, found: selection.Selection | None) -> tuple[int, int] | None:
    """The cell as shown that holds all of a selection."""
    rows, order = table.rows, table.order
    if found is None or not len(found.rows):
        return None
    row, column = rows.values[found.rows[0]], clustering.y_pred[found.rows[0]]
    same = (rows.values[found.rows] == row) & (clustering.y_pred[found.rows] == column)
    if row < 0 or not same.all():
        return None
    return int(np.flatnonzero(order.rows == row)[0]), int(np.flatnonzero(order.columns == column)[0])


def select(clustering: Clustering, rows: Grouping, row: int | None, column: int | None) -> None:
    """Select the samples of a cell, of a row or of a column, on all pages."""
    inside = np.ones(len(clustering.ids), bool)
    words = []
    if row is not None:
        inside &= rows.values == row
        words.append(f"{rows.word} {rows.names[row]}" + ("" if rows.word == "class" else f" of {rows.title}"))
    if column is not None:
        inside &= clustering.y_pred == column
        words.append(f"cluster {clustering.cluster_name(column)}")
    title = " in ".join(words)
    selection.select(clustering, np.flatnonzero(inside), title[0].upper() + title[1:])
    st.rerun()


def sizes(clustering: Clustering) -> None:
    """The sizes of the clusters: what is left to see where there is nothing to set beside them."""
    names = [clustering.cluster_name(k) for k in range(len(clustering.sizes))]
    figure = clustering.derive(
        ("sizes", tuple(names)), lambda: size_figure(clustering.sizes, names, colors=clustering.colors)
    )
    st.plotly_chart(figure, key="sizes", alt="Number of samples in each cluster", config={"displayModeBar": False})


def side(clustering: Clustering, shown: ConfusionTable, found: selection.Selection | None) -> None:
    """Beside the table: the largest confusions, and the samples that are selected."""
    rows, counts = shown.rows, shown.counts
    largest = confusions(counts, shown.order)
    if largest:
        st.markdown("**Largest confusions**" if rows.word == "class" else "**Largest differences**")
        with st.container(horizontal=True, gap="xsmall"):
            for row, column in largest:
                text = f"{rows.names[row]} as {clustering.cluster_meaning(column)}: {counts[row, column]:,}"
                if st.button(markdown(text), key=f"confusion-{row}-{column}", help="Select these samples"):
                    select(clustering, rows, row, column)
    else:
        st.success("All samples are in their matched group.", icon=":material/check_circle:")
    if found is None:
        st.caption(
            "Click a cell, or a row or column name, to select its samples on all pages. Keyboard: Tab to the "
            "table, use the arrow keys to move, press Enter to select."
        )
        return
    with st.container(height=430, border=False):
        selection.images(clustering, found.rows)


def confusions(counts: np.ndarray, order: Arrangement) -> list[tuple[int, int]]:
    """Row and column of the largest cells that are not matched, most samples first."""
    wrong = counts.copy()
    for column, row in enumerate(order.partner):
        if row >= 0:
            wrong[row, column] = 0
    ranked = np.argsort(-wrong, axis=None, kind="stable")[:LARGEST]
    found = [divmod(int(i), wrong.shape[1]) for i in ranked]
    return [(row, column) for row, column in found if wrong[row, column]]
