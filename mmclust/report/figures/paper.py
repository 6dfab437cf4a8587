"""What all figures share: their ground and ink, and the texts around the drawing."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmclust.clustering import Clustering
from mmclust.methods import METHODS, card

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_PT, TEXT_PT, SMALL_PT = 13, 9, 8
LETTERS_AN_INCH = 15.5
"""Of the caption, at `SMALL_PT`."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A light or dark ground with the ink for it."""

    dark: bool = False

    @property
    def ground(self) -> str:
        """Colour behind everything."""
        return "#11171b" if self.dark else "#ffffff"

    @property
    def ink(self) -> str:
        """Colour of texts and axes."""
        return "#e8edf0" if self.dark else "#1d252b"

    @property
    def faint(self) -> str:
        """Colour of grids and frames."""
        return "#3a464e" if self.dark else "#d5dbdf"

    def figure(self, clustering: Clustering, title: str, how: str, *, size: tuple[float, float]) -> "Figure":
        """An empty figure with its title, run, epoch and caption around the room for the drawing.

        Args:
            clustering: the run at an epoch.
            title: what is shown.
            how: how it was made, in a sentence or two.
            size: width and height in inches, of which the texts take what they need.
        """
        about = f"{run_name(clustering)} · run {clustering.record.run_id} · epoch {clustering.epoch}"
        return self.framed(title, about, how, size=size)

    def framed(self, title: str, about: str, how: str, *, size: tuple[float, float]) -> "Figure":
        """An empty figure with texts around it.

        Args:
            title: above it.
            about: below the title.
            how: the caption.
            size: in inches.
        """
        from matplotlib.figure import Figure

        width, height = size
        lines = textwrap.wrap(how, max(30, int(LETTERS_AN_INCH * width)))
        above, below = 0.62, 0.12 + 0.155 * len(lines)
        height += above + below
        figure = Figure(figsize=(width, height), layout="constrained", facecolor=self.ground)
        engine: Any = figure.get_layout_engine()
        engine.set(rect=(0.01, below / height, 0.98, 1 - (above + below) / height))
        left = 0.12 / width
        texts: dict[str, Any] = {"color": self.ink, "ha": "left", "va": "top"}
        figure.text(left, 1 - 0.1 / height, title, fontsize=TITLE_PT, weight="bold", **texts)
        figure.text(left, 1 - 0.36 / height, about, fontsize=SMALL_PT, **texts)
        figure.text(left, (below - 0.04) / height, "\n".join(lines), fontsize=SMALL_PT, **texts)
        return figure

    def dress(self, axis: "Axes", *, grid: bool = False, frame: bool = True) -> "Axes":
        """Give an axis the ground and the ink."""
        axis.set_facecolor(self.ground)
        axis.tick_params(colors=self.ink, labelsize=SMALL_PT, length=2.5)
        for part in (axis.xaxis.label, axis.yaxis.label, axis.title):
            part.set_color(self.ink)
            part.set_fontsize(TEXT_PT)
        for spine in axis.spines.values():
            spine.set_color(self.faint)
            spine.set_visible(frame)
        if grid:
            axis.grid(color=self.faint, linewidth=0.6)
            axis.set_axisbelow(True)
        return axis

    def bare(self, axis: "Axes", *, frame: bool = True) -> "Axes":
        """An axis without ticks, such as of a map or a picture."""
        axis.set_xticks([])
        axis.set_yticks([])
        return self.dress(axis, frame=frame)

    def legend(self, of: "Figure | Axes", colors: Sequence[str], names: Sequence[str], *, most: int = 40) -> None:
        """Names of coloured groups beside a figure, or below one of several axes."""
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D

        if len(names) > most:
            return
        handles = [Line2D([], [], marker="o", linestyle="", color=color, markersize=5) for color in colors]
        texts = [name if len(name) <= 24 else f"{name[:23]}…" for name in names]
        looks: dict[str, Any] = {"fontsize": SMALL_PT, "labelcolor": self.ink, "frameon": False, "handletextpad": 0.2}
        if isinstance(of, Figure):
            of.legend(handles, texts, loc="outside right upper", ncols=1 if len(names) <= 20 else 2, **looks)
        else:
            of.legend(handles, texts, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=5, **looks)


def run_name(clustering: Clustering) -> str:
    """What a run is, in words."""
    spec = clustering.record.spec
    if clustering.record.title:
        return clustering.record.title
    method = card(spec.method).title if spec.method in METHODS else spec.method
    return f"{method} on {Path(spec.dataset).name}"
