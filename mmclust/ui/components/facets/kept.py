"""Which charts stand in the panel, what they filter, and what colours and sizes points: in the address and by run."""

import json
import logging
import os
from typing import Any

import streamlit as st

from mmclust.clustering import Clustering
from mmclust.columns.table import RunTable

PARAMETER = "charts"
"""Name in the URL."""
LONGEST = 1500
"""Characters that an address may hold of it; what filters is left out of longer ones."""
MOST_CHARTS = 12
FILE = "charts.json"
FIRST = ("confidence", "cluster", "class", "correct")
"""Of a run that nobody has chosen charts for, with the first two columns of its data."""

log = logging.getLogger(__name__)


def layout(clustering: Clustering, columns: RunTable) -> dict[str, Any]:
    """What the address says, else what was chosen for this run before, else the first charts."""
    text = st.query_params.get(PARAMETER) or _read(clustering)
    return checked(text, columns) or _first(columns)


def keep(clustering: Clustering, columns: RunTable, found: Any) -> None:
    """Put a layout of the browser into the address and keep its charts with the run."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    right = checked(text, columns)
    if right is None:
        return
    text = _written(right)
    without = _written(right | {"charts": [[chart[0]] for chart in right["charts"]], "search": ""})
    st.query_params[PARAMETER] = text if len(text) <= LONGEST else without
    _write(clustering, without)


def checked(text: str, columns: RunTable) -> dict[str, Any] | None:
    """A layout as the browser takes it, without what this run does not have; None where a text is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("charts"), list):
        return None
    charts = [chart for chart in found["charts"][:MOST_CHARTS] if _is_chart(chart, columns)]
    color, size, search = (found.get(name) for name in ("color", "size", "search"))
    return {
        "charts": charts,
        "color": color if isinstance(color, str) and color in columns.columns else "",
        "size": size if isinstance(size, str) and size in columns.columns else "",
        "search": search[:200] if isinstance(search, str) else "",
    }


def _is_chart(chart: Any, columns: RunTable) -> bool:
    if not isinstance(chart, list) or not chart or not isinstance(chart[0], str) or chart[0] not in columns.columns:
        return False
    return all(value is None or isinstance(value, (str, int, float)) for value in chart[1:])


def _first(columns: RunTable) -> dict[str, Any]:
    of_data = [
        c.name for c in columns.columns.values() if c.source == "data" and c.kind != "text" and c.name != "class"
    ]
    names = [name for name in FIRST if name in columns.columns] + of_data[:2]
    return {"charts": [[name] for name in names], "color": "", "size": "", "search": ""}


def _written(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _read(clustering: Clustering) -> str:
    try:
        return (clustering.folder("layouts") / FILE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _write(clustering: Clustering, text: str) -> None:
    folder = clustering.folder("layouts")
    try:
        folder.mkdir(parents=clustering.record.example, exist_ok=True)  # not below a run that was deleted meanwhile
        temporary = folder / f"{FILE}.{os.getpid()}.tmp"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(folder / FILE)
    except OSError as error:
        log.warning("the charts of run %s were not kept: %s", clustering.record.run_id, error)
