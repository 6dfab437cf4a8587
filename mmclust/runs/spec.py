"""The run spec: one JSON document that says everything needed to repeat a run."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal


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
    gpus: float = 1.0
    """Part of a GPU that a cluster keeps free for it, if it takes any."""
    evaluate_every: int = 1
    """Epochs between evaluations."""
    n_snapshots: int = 24
    """At most this many epochs are kept as snapshots, the last among them."""
    title: str = ""
    tags: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        """The spec as one JSON document."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "RunSpec":
        """Read a spec.

        Raises:
            ValueError: not JSON, an unknown field or a missing one, in one sentence.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
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
        for name in ("tags", "preprocessing"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)
