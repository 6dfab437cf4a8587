"""The run spec: one JSON document that says everything needed to repeat a run."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Literal

from mmclust.runs.spec_fields import FIELDS

MOST_DEVICES = 64
MOST_CLUSTERS = 10_000
"""What a run, and a bundle of it, may have."""
FEWEST_EACH = 2
"""Samples for each cluster, on average: with fewer, some cluster is a single sample, which says nothing."""


def most_clusters(n_samples: int) -> int:
    """How many clusters so many samples may be parted into."""
    return min(MOST_CLUSTERS, n_samples // FEWEST_EACH)


UNKNOWN_NUMBER = "K unknown"
"""Tag of a run that looks for more clusters than expected, since nobody knows how many there are: they are merged
afterwards."""
FEWEST_UNKNOWN, MOST_UNKNOWN = 10, 100


def unknown_clusters(n_samples: int) -> int:
    """Clusters to look for where their number is unknown: the square root of the samples, within 10 to 100.

    A cluster then has about as many samples as there are clusters, enough to learn it and to merge it afterwards.
    """
    return min(max(round(n_samples**0.5), FEWEST_UNKNOWN), MOST_UNKNOWN, max(2, most_clusters(n_samples)))


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """Data set, method, hyper-parameters, length, seed and where to run."""

    dataset: str
    """Catalogue name or path."""
    method: str
    config: dict[str, Any]
    """Every hyper-parameter, resolved."""
    epochs: int
    preprocessing: tuple[str, ...] = ()
    """Preparation of the data before training, in order; see `mmclust.data.preprocessing`."""
    seed: int = 0
    n_clusters: int | None = None
    """None: as many as the data set has classes."""
    limit: int | None = None
    """Train on a random sample of this many; None: all."""
    preset: str = "quick"
    auto: dict[str, Any] = field(default_factory=dict)
    """What preset auto decides by trials when the run begins, and what it has decided; empty for other presets."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "bf16"] = "float32"
    execution: Literal["eager", "auto"] = "eager"
    """Of training steps on a GPU: eager, or CUDA graphs and compiling where a trial finds them faster."""
    launcher: str = "thread"
    devices: int = 1
    """Processes that train it together, each on a device of its own."""
    gpus: float = 1.0
    """Part of a GPU that a cluster keeps free for it, if it takes any."""
    evaluate_every: int = 1
    """Epochs between evaluations."""
    n_snapshots: int = 24
    """At most this many epochs are kept as snapshots, the last among them."""
    changes: tuple[dict[str, Any], ...] = ()
    """What was changed while it trained (see `mmclust.changes.Change`); a repetition changes the same."""
    parent: dict[str, Any] = field(default_factory=dict)
    """Of a fork: the `run`, `epoch` and `step` that it went on from; empty for others."""
    title: str = ""
    tags: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        """The spec as one JSON document."""
        return json.dumps(asdict(self), indent=2)

    def why_alone(self) -> str:
        """Why several devices cannot train it together, in one sentence; empty where they can."""
        asked = f"devices={self.devices}"
        if not 1 <= self.devices <= MOST_DEVICES:
            return f"{asked} is out of range; 1 to {MOST_DEVICES} devices can train a run"
        if self.devices == 1:
            return ""
        if self.auto:
            return f"{asked} needs settings that are known; choose preset paper, since the others decide them by trials"
        if "batch_size" not in self.config:
            return f"{asked} is for methods that train in batches, {self.method} does not; leave it out"
        if 0 < self.config["batch_size"] < self.devices:
            return f"{asked} exceeds the batch_size {self.config['batch_size']}, of which each device takes a share"
        if self.precision != "float32" or self.execution != "eager":
            return f"{asked} trains in float32 by eager steps only; leave precision and execution out"
        return ""

    def shared(self) -> "RunSpec":
        """The spec as others may have it: of a file of this machine it says the name alone."""
        return replace(self, dataset=without_folders(self.dataset))

    @classmethod
    def from_json(cls, text: str) -> "RunSpec":
        """Read a spec.

        Raises:
            ValueError: not JSON, an unknown field or a missing one, in one sentence.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the run spec is not JSON: {error}") from None
        if not isinstance(values, dict):
            raise ValueError(f"the run spec is a {type(values).__name__}; an object with fields is needed")
        if "steps" in values:  # its name in specs of version 0.1.0
            values["preprocessing"] = values.pop("steps")
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(
                f"the run spec has unknown fields {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        if missing := sorted({"dataset", "method", "config", "epochs"} - set(values)):
            raise ValueError(f"the run spec lacks {', '.join(missing)}")
        for name, fits in FIELDS.items():
            if name in values and not fits(values[name]):
                raise ValueError(f"the run spec has {name}={str(values[name])[:80]!r}, which no run can have")
        for name in ("tags", "preprocessing", "changes"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


def without_folders(dataset: str) -> str:
    """The name of a data set without the folders of this machine, where it is a path that may lead anywhere."""
    before = "hf:" if dataset.startswith("hf:") else ""
    path, mark, answers = dataset.removeprefix(before).partition("?")
    for kind in (PurePosixPath, PureWindowsPath):
        place = kind(path)
        if place.is_absolute() or path.startswith("~") or ".." in place.parts:
            name = "" if place.name == ".." else place.name
            return f"{before}{name}{mark}{answers}"
    return dataset
