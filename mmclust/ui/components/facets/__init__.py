"""The panel of columns: charts that filter one another and the maps beside them, search, colour and size of points.

Shapes: n samples of the clustering, N sample ids.
"""

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from mmclust.clustering import Clustering
from mmclust.columns import table
from mmclust.columns.column import Column
from mmclust.columns.table import RunTable
from mmclust.ui.components import modules, pointmap, selection
from mmclust.ui.components.facets import kept, packing, phrase_line, query_line
from mmclust.ui.shell import cache, files

SELECTED = "selected-by-columns"
"""Session key of whether something was just selected by charts, which the whole page has to show."""

_SOURCES = modules.sources(Path(__file__).parent, "facets")


def panel(clustering: Clustering, *, key: str, group: str, of_map: bool) -> None:
    """Draw the query line and the panel of columns of a run at an epoch.

    What a query finds is shown by whatever this is called from, the page or a fragment; a chart that is changed draws
    the charts alone.

    Args:
        clustering: the run at an epoch.
        key: of the component on its page.
        group: of the maps that it filters, colours and sizes.
        of_map: whether there is such a map on the page.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        query_line.draw(clustering, table_of(clustering))
        phrase_line.draw(clustering)
    query_line.tell_error()
    phrase_line.find(clustering)
    _charts(clustering, key, group, of_map)


@st.fragment
def _charts(clustering: Clustering, key: str, group: str, of_map: bool) -> None:
    columns = table_of(clustering)
    n_ids = int(clustering.ids.max(initial=-1)) + 1

    def keep() -> None:
        found = (st.session_state.get(key) or {}).get("layout")
        kept.keep(clustering, columns, found)

    def select() -> None:
        found = (st.session_state.get(key) or {}).get("selected")
        if isinstance(found, list) and len(found) == 3:
            rows = np.flatnonzero(np.isin(clustering.ids, pointmap.decode(str(found[2]), n_ids)))
            selection.select(clustering, rows, str(found[1]) or "Filtered")
            st.session_state[SELECTED] = True

    _registered()(
        key=key,
        data={
            "about": _about(clustering),
            "group": group,
            "map": of_map,
            "n": n_ids,
            "there": "" if n_ids == len(clustering.ids) else pointmap.encode(clustering.ids, n_ids),
            "word": clustering.word if clustering.dataset is not None else "sample",
            "catalogue": [_listed(columns, column, n_ids) for column in columns.columns.values()],
            "layout": kept.layout(clustering, columns),
        },
        on_layout_change=keep,
        on_selected_change=select,
    )
    if st.session_state.pop(SELECTED, False):
        st.rerun()  # the whole page shows what is selected


def table_of(clustering: Clustering) -> RunTable:
    """The table of a clustering on pages, its other seeds looked up once."""
    seeds = clustering.derive("other seeds", lambda: table.other_seeds(cache.store(), clustering.record))
    return table.of(clustering, seeds)


def _listed(columns: RunTable, column: Column, n_ids: int) -> dict[str, Any]:
    """A column as the browser knows it before its values."""
    digest = hashlib.blake2b(f"{_about(columns.clustering)} {column.name} {column.help}".encode(), digest_size=32)
    url = files.publish_late(
        digest.digest(), lambda: packing.packed(column, columns.values(column.name), columns.clustering.ids, n_ids)
    )
    return {
        "key": column.name,
        "title": column.name.replace("_", " "),
        "kind": column.kind,
        "source": column.source,
        "cost": column.cost,
        "help": column.help,
        "searched": column.kind in ("category", "text") and column.name not in ("correct", "runner_up"),
        "url": url,
    }


def _about(clustering: Clustering) -> str:
    """What the values are of: another run, epoch, view or annotation, or hidden classes, give others."""
    names = json.dumps(sorted(clustering.record.cluster_names.items()))
    steps = hashlib.blake2b(repr(clustering.annotation).encode(), digest_size=8).hexdigest()
    return " ".join(
        map(
            str,
            (
                clustering.record.run_id,
                clustering.epoch,
                clustering.version,
                clustering.source,
                clustering.y_true is None,
                steps,
                len(clustering.sizes),
                clustering.derive("checksum of the clusters", lambda: zlib.crc32(clustering.y_pred.tobytes())),
                names,
            ),
        )
    )


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    return component("mmclust-facets", html=_SOURCES["html"], css=_SOURCES["css"], js=_SOURCES["js"])
