"""What an experiment is made of; the experiments themselves are data in `experiments.py` and `image_experiments.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mmclust.reproduction.table import PaperTable


@dataclass(frozen=True, kw_only=True)
class Place:
    """A data set that an experiment is run on."""

    dataset: str
    """Name in our catalogue; the paper's own sets have the same name in its tables."""
    stands_for: str = ""
    """What it replaces, when the paper does not have it; empty for the paper's own sets."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table: a setting of a method, a baseline, or numbers of the paper alone."""

    label: str
    reported: str = ""
    """Row of the paper's table that it is compared with; empty where the paper has none."""
    method: str = ""
    preset: str = "auto"
    ablation: str = ""
    """Name of one of the method's ablations."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Hyper-parameters that differ from preset and ablation."""
    quick_changes: Mapping[str, Any] | None = None
    """Those of the quick look, whose images may be smaller; None for the same."""
    baseline: str = ""
    """Name of a baseline, deep or not (see `mmclust.baselines.table`), instead of a method."""
    limit: int | None = None
    """Samples that a baseline gets, a random part; None for all. The label says so."""
    kmeans_space: str = ""
    """A space of the trained method that k-means reads the clusters from, instead of its own assignment."""
    start: bool = False
    """The clusters that preset auto begins with (see `mmclust.auto`), before the method's objective; same runs."""
    quick: bool = True
    """Whether the quick look has it: there all rows have the quick preset, and some would say the same."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A table or figure of a paper, and how ours is made."""

    name: str
    title: str
    paper: str
    places: tuple[Place, ...]
    rows: tuple[Row, ...]
    tables: tuple[PaperTable, ...] = ()
    """Reported numbers; figures have none in print."""
    metrics: tuple[str, ...] = ("acc", "nmi")
    n_seeds: int
    n_quick_seeds: int = 2
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Values that are varied in every combination, by hyper-parameter or by a name of `sweeps.sweep.AXES`; empty for
    tables and curves."""
    quick_axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    quick_places: tuple[Place, ...] = ()
    """Data sets of the quick look; by default the first of the experiment's own that are here."""
    quick_limit: int | None = None
    """Samples of the quick look, for every row; None for all."""
    quick_epochs: int | None = None
    """Length of its runs; None for the quick preset's. Shortened runs have no scores: rows would mean nothing."""
    allowed: Callable[[Mapping[str, Any]], bool] = lambda point: True
    """Whether a point of the axes is in the figure."""
    maps: Literal["", "prior", "stages"] = ""
    """Maps of the first run to draw: its codes beside samples of the prior, or at start, middle and end."""
    panel: Literal["", "top", "distances", "confusion", "saliency"] = ""
    """What to draw of the first run on each data set (see `panels`)."""
    curves: tuple[str, ...] = ()
    """Curves of the run to show against epochs, instead of the figures of the last one."""
    probe: str = ""
    """A space on which a linear classifier is trained and tested, for the papers' column Sup.; empty for none."""
    relative_times: Mapping[str, str] = field(default_factory=dict)
    """Training time as a paper prints it, by the row's label, in multiples of the first row's; empty for none."""
    by_loss: bool = False
    """Whether the paper chooses among its runs: then the run of lowest final loss is shown beside the mean."""
    notes: tuple[str, ...] = ()
