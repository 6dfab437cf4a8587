"""Figures of a run as files: one room draws what pages show, for the pages' menus and for `mmclust figure`.

They are drawn with matplotlib, which needs no browser: vector graphics as SVG and PDF, pictures of 300 dpi as PNG, and
the numbers behind a figure as CSV. Each carries a title, its legend, run and epoch, and a line on how it was made.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mmclust.clustering import Clustering
from mmclust.escaping import cells
from mmclust.report.figures.paper import Paper

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

KINDS = ("svg", "pdf", "png", "csv")
"""What a figure is written as."""
DPI = 300

_lock = threading.Lock()  # settings of matplotlib are the whole process's


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure and the numbers it shows."""

    figure: "Figure"
    table: "pd.DataFrame"


Draw = Callable[..., Drawing]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One of the figures."""

    title: str
    needs: str
    """What a run must have for it, in words; empty where every run with a snapshot has it."""
    module: str
    """Where its function is: `module:name`, taking a `Clustering`, a `Paper` and settings."""


FIGURES: Mapping[str, Kind] = {
    "map": Kind(title="Map", needs="", module="maps:one"),
    "maps": Kind(title="Two maps", needs="", module="maps:two"),
    "curves": Kind(title="Curves", needs="", module="charts:curves"),
    "clusters": Kind(title="Most confident samples of each cluster", needs="its data", module="sheets:clusters"),
    "sizes": Kind(title="Cluster sizes", needs="", module="charts:sizes"),
    "matrix": Kind(title="Classes and clusters", needs="classes", module="tables:confusion"),
    "flows": Kind(title="Flows between epochs", needs="two snapshots", module="tables:flows"),
    "views": Kind(title="Agreement of the views", needs="several views", module="tables:views"),
    "probes": Kind(title="What the spaces hold", needs="classes", module="charts:probes"),
    "gradcam": Kind(title="What the network looked at", needs="images and a checkpoint", module="sheets:saliency"),
    "attribution": Kind(title="Deciding columns", needs="a view of numbers and a checkpoint", module="sheets:columns"),
}
"""Name -> figure of a run; sweeps have `sensitivity` as well."""


def draw(name: str, clustering: Clustering, *, dark: bool = False, **settings: Any) -> Drawing:
    """Draw a figure of a run at an epoch.

    Args:
        name: one of `FIGURES`.
        clustering: the run at an epoch.
        dark: on a dark ground.
        **settings: of this figure, see its function.

    Raises:
        ValueError: there is no such figure, or the run does not have what it needs.
    """
    from importlib import import_module

    if name not in FIGURES:
        raise ValueError(f"there is no figure {name!r}; choose {', '.join(FIGURES)}, or sensitivity of a sweep")
    module, _, function = FIGURES[name].module.partition(":")
    found: Draw = getattr(import_module(f"mmclust.report.figures.{module}"), function)
    return found(clustering, Paper(dark=dark), **settings)


def written(drawing: Drawing, kind: str) -> bytes:
    """A figure as a file.

    Args:
        drawing: of `draw`.
        kind: one of `KINDS`.

    Raises:
        ValueError: it is written as none of these.
    """
    import matplotlib as mpl

    if kind not in KINDS:
        raise ValueError(f"figures are written as {', '.join(KINDS)}, not as {kind or 'a file without ending'}")
    if kind == "csv":
        return cells(drawing.table).to_csv(index=False).encode()
    target = BytesIO()
    about: dict[str, Any] = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else {}
    with _lock, mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "mmclust", "pdf.fonttype": 42}):
        _take_texts_as_they_are(drawing.figure)
        drawing.figure.savefig(target, format=kind, dpi=DPI, metadata=about)
    return target.getvalue()


def _take_texts_as_they_are(figure: "Figure") -> None:
    """Let no text between dollar signs be read as a formula: names of classes are users', and formulas can be wrong."""
    from matplotlib.text import Text

    for axis in figure.axes:
        for labels in (axis.get_xticklabels, axis.get_yticklabels):
            labels()  # makes those that would be made while the figure is drawn
    for text in figure.findobj(Text):
        text.set_parse_math(False)  # type: ignore[attr-defined]
