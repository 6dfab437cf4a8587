"""Pictures of the papers' figures made again, for files: curves, sweeps over one or two hyper-parameters, and maps.

They are drawn with matplotlib, which writes SVG and PDF without a browser; pages draw with Plotly.
"""

import base64
import io
import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from mmclust.evaluation.metric_names import TITLES
from mmclust.plots.palette import cluster_color

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = TITLES | {"nmi_geometric": "NMI"}
"""A paper has one NMI."""
PANEL_INCHES = (4.6, 3.4)

Document = dict[str, Any]


def can_draw(document: Document) -> bool:
    """Whether there is something to draw in the document of an experiment: tables have no picture."""
    drawn = any(line.get("curves") or (document["axes"] and line["ours"]) for line in document["lines"])
    return bool(drawn or document.get("maps") or document.get("panels"))


def write(document: Document, path: Path) -> None:
    """Draw an experiment into a file; its ending says how (.svg, .png, .pdf).

    Raises:
        ValueError: the file cannot be written.
    """
    save(draw(document), path, document["name"])


def save(figure: "Figure", path: Path, name: str) -> None:
    """Write a figure into a file; its ending says how (.svg, .png, .pdf).

    Args:
        figure: of matplotlib.
        path: its folder is made if need be.
        name: of what is drawn; the same name and figures give the same file.

    Raises:
        ValueError: the file cannot be written.
    """
    import matplotlib as mpl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):  # text stays text
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} cannot be written ({error}); choose another file, ending in .svg, .png or .pdf"
        ) from None


def draw(document: Document) -> "Figure":
    """The picture of an experiment: a row of panels for each data set, then the maps and what is drawn of one run.

    Args:
        document: made by `mmclust.reproduction.reproduce`.
    """
    from matplotlib.figure import Figure

    panels = [(place, panel) for place in document["places"] for panel in _panels(document, place["dataset"])]
    maps = [partial(_map, drawn=drawn) for drawn in document.get("maps") or []]
    maps += [partial(_panel, panel=panel) for panel in document.get("panels") or []]
    n_columns = max(1, min(3, len(maps) or len(panels)))
    n_rows = math.ceil(len(panels) / n_columns) + math.ceil(len(maps) / n_columns)
    width, height = PANEL_INCHES
    figure = Figure(figsize=(width * n_columns, height * n_rows), layout="constrained")
    axes = np.atleast_1d(figure.subplots(n_rows, n_columns, squeeze=False)).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (place, panel) in zip(axes, panels, strict=False):
        axis.set_axis_on()
        axis.set_title(place["title"], fontsize=10)
        panel(axis)
    first = math.ceil(len(panels) / n_columns) * n_columns
    for axis, draw_one in zip(axes[first:], maps, strict=False):
        draw_one(axis)
    if document.get("quick"):
        figure.suptitle("A check that the command runs, not a result", fontsize=10)
    return figure


def _panels(document: Document, dataset: str) -> list[Any]:
    """One function that draws on axes for each picture of a data set."""
    lines = [line for line in document["lines"] if line["dataset"] == dataset]
    with_curves = [line for line in lines if line.get("curves")]
    if with_curves:
        names = [name for name in with_curves[0]["curves"] if name != "epochs"]
        return [lambda axis, name=name: _curves(axis, with_curves, name) for name in names]
    if not document["axes"] or not any(line["ours"] for line in lines):
        return []
    if len(document["axes"]) == 2:
        return [lambda axis: _square(axis, document, lines)]
    return [lambda axis: _sweep(axis, document, lines)]


def _curves(axis: "Axes", lines: list[dict[str, Any]], name: str) -> None:
    """A curve of the runs against epochs, a line for each row, its deviation over seeds as a band."""
    for number, line in enumerate(lines):
        found = [(e, f) for e, f in zip(line["curves"]["epochs"], line["curves"][name], strict=True) if f]
        epochs, means = np.array([e for e, _ in found]), np.array([f["mean"] for _, f in found])
        spread = np.array([f["deviation"] or 0.0 for _, f in found])
        color = cluster_color(number)
        axis.plot(epochs, means, color=color, label=line["label"])
        axis.fill_between(epochs, means - spread, means + spread, color=color, alpha=0.2, linewidth=0)
    own = name.partition("/")[2]
    _label(axis, "epoch", NAMES.get(own, own.replace("_", " ")))


def _sweep(axis: "Axes", document: Document, lines: list[dict[str, Any]]) -> None:
    """Figures against the values of one hyper-parameter, with their deviation over seeds."""
    (name,) = document["axes"]
    lines = [line for line in lines if line["ours"]]
    values = [line["point"][name] for line in lines]
    for number, metric in enumerate(document["metrics"]):
        figures = [line["ours"][metric] for line in lines]
        axis.errorbar(
            values,
            [found["mean"] for found in figures],
            yerr=[found["deviation"] or 0.0 for found in figures],
            marker="o",
            markersize=4,
            capsize=2,
            color=cluster_color(number),
            label=NAMES.get(metric, metric),
        )
    axis.set_ylim(0, 1)
    _label(axis, name, "figure at the last epoch")


def _square(axis: "Axes", document: Document, lines: list[dict[str, Any]]) -> None:
    """Mean of the first metric over two hyper-parameters, written into each cell."""
    (down, downs), (across, acrosses) = document["axes"].items()
    metric = document["metrics"][0]
    found = {(line["point"][down], line["point"][across]): line["ours"] for line in lines}
    means = np.array(
        [[(found.get((d, a)) or {metric: {"mean": np.nan}})[metric]["mean"] for a in acrosses] for d in downs]
    )
    image = axis.imshow(means, origin="lower", aspect="auto", cmap="viridis")
    for row, column in np.argwhere(np.isfinite(means)):
        bright = means[row, column] > (np.nanmin(means) + np.nanmax(means)) / 2
        color = "black" if bright else "white"
        axis.text(column, row, f"{means[row, column]:.2f}", ha="center", va="center", fontsize=7, color=color)
    axis.set_xticks(range(len(acrosses)), [f"{value:g}" for value in acrosses])
    axis.set_yticks(range(len(downs)), [f"{value:g}" for value in downs])
    assert axis.figure is not None
    axis.figure.colorbar(image, ax=axis, label=NAMES.get(metric, metric))
    axis.set_xlabel(across)
    axis.set_ylabel(down)


def _map(axis: "Axes", drawn: dict[str, Any]) -> None:
    xy, groups = np.array(drawn["xy"]), np.array(drawn["groups"])
    axis.scatter(xy[:, 0], xy[:, 1], s=4, c=[cluster_color(int(group)) for group in groups], linewidths=0)
    axis.set_axis_on()
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_title(f"{drawn['title']}, coloured by {drawn['meaning']}", fontsize=10)
    axis.set_xlabel("t-SNE 1")
    axis.set_ylabel("t-SNE 2")


def _panel(axis: "Axes", panel: dict[str, Any]) -> None:
    """A matrix or a picture of one run."""
    axis.set_axis_on()
    axis.set_title(panel["title"], fontsize=9)
    if panel["values"] is None:
        axis.imshow(np.asarray(Image.open(io.BytesIO(base64.b64decode(panel["png"])))))
        axis.set_axis_off()
        return
    image = axis.imshow(np.array(panel["values"]), cmap="viridis")
    assert axis.figure is not None
    axis.figure.colorbar(image, ax=axis)
    axis.set_xlabel(f"{panel['of']}{' (matched cluster)' if panel['of'] == 'class' else ', augmented otherwise'}")
    axis.set_ylabel(panel["of"])


def _label(axis: "Axes", x: str, y: str) -> None:
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7, frameon=False)
