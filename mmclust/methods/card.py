"""What is known of a method without building it: its hyperparameters, presets and method card. Needs no torch.

Forms, command-line options, validation errors, sweeps and documentation all come from here.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mmclust.methods.automatic import BUDGETS_MIN, TYPICAL, Facts

PRESETS = ("auto", "quick", "best-known", "paper", "released-demo")

Sign = Literal["empty", "uneven", "soft", "falling", "disagree", "critic unstable", "critic blind"]
"""A sign of trouble in a training: (nearly) empty clusters, clusters of uneven size, soft assignments, a falling score,
views that disagree, a critic with steep slopes, and one that cannot tell codes from the prior."""

REMEDIES: Mapping[Sign, str] = {
    "empty": "Raise the weight of a term that keeps clusters equal, lower the learning rate, or try other seeds.",
    "uneven": "Raise the weight of a term that keeps clusters equal, or try other seeds.",
    "soft": "Train longer.",
    "falling": "The learning rate may be too high.",
    "disagree": "Leave out an uninformative view, or raise the weight of the term that ties the views together.",
    "critic unstable": "Lower the learning rate or raise the weight of the gradient penalty; with bf16, try float32.",
    "critic blind": "Train the critic for more steps before each step of the encoder.",
}
"""What to do about a sign of trouble where a method's card has no advice of its own."""


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """One declared hyper-parameter: what a form, an option or an error message needs to know."""

    name: str
    kind: type
    default: Any
    help: str
    title: str = ""
    """What it is called on pages; by default its name in words."""
    symbol: str = ""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    choices: tuple[str, ...] = ()
    group: str = "Training"
    live: bool = False
    """Whether it can be changed while a run trains, as weights of losses and strengths of augmentations can."""
    paper: Mapping[str, Any] = field(default_factory=dict)
    """The paper's value for single data sets, where it is not the default."""

    @property
    def words(self) -> str:
        """Its title, else its name in words."""
        return self.title or self.name.replace("_", " ").capitalize()

    def check(self, value: Any) -> Any:
        """The value in the hyperparameter's type.

        Raises:
            ValueError: with what came, what is allowed and the meaning of the hyperparameter.
        """
        if self.kind is bool:
            if isinstance(value, bool):
                return value
            if str(value).lower() in ("true", "1", "yes", "on", "false", "0", "no", "off"):
                return str(value).lower() in ("true", "1", "yes", "on")
            raise ValueError(f"{self.name}={value!r} is not a switch; write {self.name}=true or {self.name}=false")
        if self.choices:
            if value not in self.choices:
                raise ValueError(f"{self.name}={value!r} is not known; choose one of {', '.join(self.choices)}")
            return value
        try:
            number = float(value)
            if self.kind is int:
                if number != int(number):
                    raise ValueError
                number = int(number)
        except (TypeError, ValueError, OverflowError):
            kind = "whole number" if self.kind is int else "number"
            raise ValueError(f"{self.name}={value!r} is not a {kind}; {self.allowed()}") from None
        low = -float("inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        if not low <= number <= high:
            raise ValueError(f"{self.name}={value} is out of range; {self.allowed()}")
        return number

    def allowed(self) -> str:
        """The allowed values in words."""
        if self.low is not None and self.high is not None:
            return f"{self.name} may be {self.low:g} to {self.high:g}"
        return f"{self.name} may be {self.low:g} or more" if self.low is not None else f"{self.name} may be any number"


def hyperparameter(default: Any, **about: Any) -> Any:
    """A dataclass field that also carries range, help, paper symbol and paper values (see `Hyperparameter`)."""
    return field(default=default, metadata={"hyperparameter": about})


def hyperparameters(config: type) -> tuple[Hyperparameter, ...]:
    """The declared hyper-parameters of a Config class, in order."""
    return tuple(
        Hyperparameter(name=f.name, kind=type(f.default), default=f.default, **f.metadata["hyperparameter"])
        for f in dataclasses.fields(config)
    )


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Named settings for one data set: what to change from the defaults, and for how long to train."""

    epochs: int
    values: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    """One honest sentence: what it is, how it differs from the paper."""
    precision: Literal["float32", "bf16"] = "float32"
    preprocessing: tuple[str, ...] | None = None
    """Of the data, in order; None for what the method asks for."""
    n_evaluations: int | None = None
    """How often a run may be evaluated without taking long; None for the usual."""
    plan: Mapping[str, Any] = field(default_factory=dict)
    """What a run of preset auto decides by trials (see `mmclust.auto`); empty for other presets."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One part of the objective, as shown on the method card."""

    name: str
    """The key in `Method.loss_terms`."""
    title: str
    latex: str
    meaning: str
    weight: str = ""
    """Name of the hyperparameter that weighs it; empty for a fixed weight of 1."""


@dataclass(frozen=True, kw_only=True)
class MethodCard:
    """A published method as a person meets it: title, source, idea, equations, hyperparameters, presets."""

    name: str
    title: str
    paper: str
    """URL of the paper."""
    citation: str
    idea: str
    """A short text in Markdown: what it does and why it works."""
    views: str
    """What data it takes, in words, e.g. "one image view"."""
    terms: tuple[Term, ...]
    objective: str
    """The whole objective in LaTeX."""
    config: type
    presets: Mapping[str, Mapping[str, Preset]]
    """preset name -> data set name -> Preset; the key "*" stands for any other data set."""
    ablations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name of a row of the paper's ablation table -> hyperparameter values that make it."""
    automatic: Callable[[Facts, float], Preset] | None = None
    """Settings for the facts of a data set and a budget in minutes; the presets auto, quick and best-known are budgets
    of it. None where these are tables, or missing."""
    steps_per_update: Callable[[Mapping[str, Any]], int] = lambda values: 1
    """Training steps for each update of the encoder, with these hyper-parameters."""
    stages: Callable[[Any, int], tuple[tuple[str, int], ...]] = lambda config, epochs: (("train", epochs),)
    """Name and epochs of the legs of a training, for a config and all its epochs."""
    rate_falls: Callable[[Any, int], tuple[float, ...]] = lambda config, epochs: ()
    """Epochs at which the learning rate falls, for a config and the epochs of a run; none where it falls steadily."""
    preprocessing: Callable[[Mapping[str, Any]], tuple[str, ...]] = lambda values: ()
    """Preparation of the data for these hyper-parameters, in order; see `mmclust.data.preprocessing`."""
    several_views: bool = False
    """Whether it takes two views or more; otherwise it takes one image view."""
    generates: bool = False
    """Whether a trained network can draw samples of a cluster."""
    codes: tuple[str, str] | None = None
    """Space whose landmarks are prototypes finer than clusters, and the hyperparameter whose value divides the cosines
    of samples and prototypes in the softmax that gives the codes; None without such prototypes."""
    augments: bool = False
    """Whether a trained network gives codes of augmented samples (see `Method.augmented_codes`)."""
    cam_layers: tuple[str, ...] = ()
    """Names of the layers that Grad-CAM may read, where there is a choice (see `Method.cam_layers`)."""
    remedies: Mapping[Sign, str] = field(default_factory=dict)
    """What to do about signs of trouble, where it is not the general advice; a hyperparameter is written as {name}."""
    network_mib: float = 20
    """Memory of weights, gradients and the state of the optimiser at the published size, for `mmclust.footprint`."""
    sample_mib: float = 0.1
    """What one sample of a batch leaves for the backward pass, in MiB."""
    train_part: Literal["all", "train", "train+unlabelled"] = "all"
    eval_part: Literal["all", "train", "test"] = "all"

    @property
    def hyperparameters(self) -> tuple[Hyperparameter, ...]:
        """The declared hyper-parameters."""
        return hyperparameters(self.config)

    def remedy(self, sign: Sign) -> str:
        """What to do about a sign of trouble, with the titles of the hyperparameters that it names."""
        titles = {one.name: f"*{one.words}*" for one in self.hyperparameters}
        return self.remedies[sign].format(**titles) if sign in self.remedies else REMEDIES[sign]

    @property
    def default_preset(self) -> str:
        """What a run gets where nobody asks for another preset."""
        return "auto" if "auto" in self.presets else "quick"

    def is_automatic(self, preset: str) -> bool:
        """Whether a preset is a budget of auto."""
        return self.automatic is not None and preset in BUDGETS_MIN

    def preset(self, name: str, dataset: str, facts: Facts | None = None, *, budget_min: float | None = None) -> Preset:
        """The preset for a data set.

        Args:
            name: key in `presets`.
            dataset: its name, which the paper's settings may depend on.
            facts: of the data set, which those of auto follow from; None for typical ones.
            budget_min: minutes of one core; None for the preset's own. Without a meaning for other presets.

        Raises:
            ValueError: unknown preset; the message lists the known ones.
        """
        if name not in self.presets:
            raise ValueError(f"preset {name!r} is not known for {self.title}; choose one of {', '.join(self.presets)}")
        if self.automatic is not None and name in BUDGETS_MIN:
            return self.automatic(facts or TYPICAL, BUDGETS_MIN[name] if budget_min is None else budget_min)
        table = self.presets[name]
        return table.get(dataset, table["*"])

    def resolve(
        self,
        dataset: str,
        preset: str,
        changes: Mapping[str, Any],
        *,
        n_samples: int | None = None,
        facts: Facts | None = None,
        budget_min: float | None = None,
    ) -> dict[str, Any]:
        """All hyper-parameters of a run: defaults, then the preset's values, then the user's changes.

        Args:
            dataset: its name, for which there may be values of the paper.
            preset: key in `presets`.
            changes: values by name; text is understood too.
            n_samples: to train on; where they are known, all of them are a batch at most, unless the user asks for
                more.
            facts: of the data set, as for `preset`.
            budget_min: likewise.

        Raises:
            ValueError: unknown preset, unknown hyperparameter or a value that is not allowed.
        """
        known = {k.name: k for k in self.hyperparameters}
        by_name = "" if self.is_automatic(preset) else dataset  # only the paper's settings follow a name
        values = {k.name: k.paper.get(by_name, k.default) for k in self.hyperparameters}
        values |= self.preset(preset, dataset, facts, budget_min=budget_min).values
        if n_samples is not None and values.get("batch_size", 0) > n_samples:
            values["batch_size"] = n_samples
        if "batch_size" in values:  # where there are fewer samples, a run is refused in words
            values["batch_size"] = max(values["batch_size"], int(known["batch_size"].low or 0))
        for key, value in changes.items():
            if key not in known:
                raise ValueError(f"{self.title} has no hyper-parameter {key!r}; known are {', '.join(known)}")
            values[key] = known[key].check(value)
        return values

    def completed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of an earlier version's run with the settings that came later at their default: off, as then."""
        return {k.name: k.default for k in self.hyperparameters} | dict(values)

    def smaller_batch(self, dataset: str, preset: str, batch_size: int, n_samples: int | None) -> str:
        """A note where all samples to train on are one batch, as the preset's has more; empty elsewhere."""
        usual = self.resolve(dataset, preset, {}).get("batch_size", 0)
        if n_samples is None or batch_size != n_samples or usual <= n_samples:
            return ""
        return (
            f"There are {n_samples:,} samples to train on, fewer than the preset's batch of {usual}: all of them are "
            "one batch, and an epoch is a single step, so give it more epochs."
        )
