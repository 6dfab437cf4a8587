"""What is selected in a Plotly chart: the customdata of its points, in the forms in which browsers send them."""

from collections.abc import Iterable, Mapping
from typing import Any


def values(point: Mapping[str, Any]) -> list[Any]:
    """A point's customdata; empty where it has none.

    Numbers that went to the browser as bytes come back as a mapping of positions, others as a list.
    """
    custom = point.get("customdata")
    if isinstance(custom, Mapping):
        return [custom[key] for key in sorted(custom, key=int)]
    return list(custom) if isinstance(custom, Iterable) and not isinstance(custom, str) else []
