"""From a user's commands to a run spec: everything that can be wrong is found here, before anything runs."""

import difflib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, cast, get_args

from mmclust.baselines import run as baseline_run
from mmclust.baselines.exploring import EXPLORED
from mmclust.data import answered, catalogue
from mmclust.data import preprocessing as preparation
from mmclust.data.dataset import MultiViewDataset
from mmclust.footprint import Footprint, expected
from mmclust.methods import METHODS, card, method_class
from mmclust.methods.automatic import BUDGETS_MIN, LONGEST_MIN, WARN_BELOW_UPDATES, Facts
from mmclust.methods.card import MethodCard, Preset
from mmclust.runs.devices import computes_bf16, devices
from mmclust.runs.spec import FEWEST_EACH, MOST_CLUSTERS, RunSpec, most_clusters

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["float32", "bf16"]
Execution = Literal["eager", "auto"]
MAX_EPOCHS = 100_000
MAX_SEED = 2**31 - 1
Read = Callable[[str, int | None], MultiViewDataset]
"""Gives the data set of a name or path and a limit."""
WARN_BELOW_SAMPLES = 10
"""Samples for each cluster, on average."""
SMALLEST_PART = 0.1
"""Share of the samples that a part to train on surely has: a smaller batch fits without a look at the data."""


def build_spec(
    dataset: str,
    method: str,
    *,
    preset: str | None = None,
    budget_min: float | None = None,
    changes: Mapping[str, Any] | None = None,
    preprocessing: Sequence[str] | None = None,
    epochs: int | None = None,
    seed: int = 0,
    clusters: int | None = None,
    suggested: Mapping[str, Any] | None = None,
    device: str = "auto",
    precision: str | None = None,
    execution: str = "eager",
    n_devices: int = 1,
    limit: int | None = None,
    launcher: str = "thread",
    evaluate_every: int | None = None,
    n_snapshots: int = 24,
    title: str = "",
    tags: Sequence[str] = (),
) -> RunSpec:
    """The spec of a run, checked.

    Args:
        dataset: catalogue name or path of a file or folder.
        method: key in `METHODS`, or of a baseline in `EXPLORED`.
        preset: which settings to start from, chosen from the data (auto) or published; None for the method's usual.
        budget_min: minutes of one core that preset auto plans for; None for the preset's.
        changes: hyper-parameters to set differently, by name; text is understood too.
        preprocessing: of the data (see `mmclust.data.preprocessing`); None for what the method asks for.
        epochs: None for the preset's.
        seed: of weights and of every draw.
        clusters: None for as many as the data set has classes.
        suggested: what spoke for this number where nobody knew it (see `mmclust.auto.cluster_count`); runs of preset
            auto keep it.
        device: auto, cpu or cuda.
        precision: float32 or bf16; None for the preset's, where the device has it.
        execution: of steps on a GPU: eager, or auto for CUDA graphs and compiling where a trial finds them faster.
        n_devices: that train it together, each in a process with a share of every batch.
        limit: train on a random sample of this many.
        launcher: who executes it (see `mmclust.launch`).
        evaluate_every: epochs between evaluations; None for about a hundred over the run.
        n_snapshots: epochs whose codes are kept, at most.
        title: what the user calls it.
        tags: words to find it by.

    Raises:
        UnknownDataset: no such data set and no such file.
        DataUnavailable: a known data set that is not here; the message says how to get it.
        ValueError: anything else that cannot be trained, in one sentence.
    """
    name, n_samples, n_classes = _data(dataset)
    if (key := method.strip().lower()) in EXPLORED:
        _refuse_settings(key, preset=preset, budget=budget_min, set=changes, epochs=epochs, devices=n_devices > 1)
        sizes = {"n_samples": _limited(n_samples, limit), "n_classes": n_classes}
        own = {"seed": seed, "limit": limit, "launcher": launcher, "title": title, "tags": tags}
        return baseline_run.spec_of(name, key, **sizes, clusters=clusters, preprocessing=preprocessing, **own)
    about = card(_closest(method))
    preset = preset or about.default_preset
    n_samples, n_clusters = _limited(n_samples, limit), clusters if clusters is not None else n_classes
    read = lru_cache(maxsize=1)(lambda: catalogue.load(name, limit=limit))
    facts = facts_of(about, preset, name, n_samples, n_clusters, read)
    budget_min = _budget(about, preset, budget_min)
    chosen = about.preset(preset, name, facts, budget_min=budget_min)
    _check_whole("seed", seed, 0, MAX_SEED)
    epochs = chosen.epochs if epochs is None else _check_whole("epochs", epochs, 1, MAX_EPOCHS)
    if evaluate_every is None:
        evaluate_every = max(1, epochs // (chosen.n_evaluations or 100))
    _check_whole("evaluate_every", evaluate_every, 1, MAX_EPOCHS)
    _check_whole("n_snapshots", n_snapshots, 1, 1000)
    _check_clusters(n_clusters, n_samples, Path(name).name)
    usual = about.resolve(name, preset, {}, facts=facts, budget_min=budget_min)
    n_train = n_trained(about, usual["batch_size"], n_samples, read)
    config = about.resolve(name, preset, changes or {}, n_samples=n_train, facts=facts, budget_min=budget_min)
    if preprocessing is None:
        # A change that the method prepares the data for, such as convolutions, outweighs the preset's preprocessing.
        of_method = about.preprocessing(config)
        asked = of_method != about.preprocessing(usual)
        preprocessing = of_method if asked or chosen.preprocessing is None else chosen.preprocessing
    spec = RunSpec(
        dataset=name,
        method=about.name,
        config=config,
        epochs=epochs,
        preprocessing=preparation.parse(preprocessing),
        seed=seed,
        n_clusters=clusters,
        limit=limit,
        preset=preset,
        auto=_left_open(chosen, budget_min, changes or {}, suggested),
        device=_device(device),
        precision=usual_precision(chosen, device) if precision is None else _precision(precision, device),
        execution=_execution(execution),
        devices=n_devices,
        launcher=launcher,
        evaluate_every=evaluate_every,
        n_snapshots=min(n_snapshots, chosen.n_evaluations or n_snapshots),
        title=title.strip(),
        tags=tuple(tags),
    )
    if reason := spec.why_alone():
        raise ValueError(reason)
    return spec


def _left_open(
    chosen: Preset, budget_min: float | None, changes: Mapping[str, Any], suggested: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a run of preset auto goes by when it begins; empty for other presets."""
    if not chosen.plan:
        return {}
    more = {"clusters": dict(suggested)} if suggested else {}
    return {**chosen.plan, "budget_min": budget_min, "fixed": sorted(changes), **more}


def _refuse_settings(name: str, **settings: Any) -> None:
    """Refuse what a baseline does not have."""
    if given := [setting for setting, value in settings.items() if value]:
        raise ValueError(f"{EXPLORED[name].title} is a baseline without {' and '.join(given)}; leave that out")


def facts_of(
    about: MethodCard, preset: str, name: str, n_samples: int, n_clusters: int, read: Callable[[], MultiViewDataset]
) -> Facts | None:
    """What preset auto goes by; None for presets that go by nothing.

    Args:
        about: the method.
        preset: that is asked for.
        name: of the data set.
        n_samples: of the run.
        n_clusters: to look for.
        read: gives the data; called where the method trains on a part of them.
    """
    if not about.is_automatic(preset):
        return None
    views = catalogue.describe(name).views
    if not about.several_views and any(view.kind != "image" for view in views):
        return None  # `validate` says that the method cannot take them
    n_train = n_samples if about.train_part == "all" else len(read().part(about.train_part))
    return Facts(n_samples=n_train, n_clusters=n_clusters, views=views)


def _budget(about: MethodCard, preset: str, budget_min: float | None) -> float | None:
    """Minutes to plan for; None where the preset plans for none.

    Raises:
        ValueError: no budget, or one for a preset without.
    """
    if not about.is_automatic(preset):
        if budget_min is not None:
            raise ValueError(f"a budget belongs to preset auto, {preset} has its own length; leave out one of them")
        return None
    if budget_min is None:
        return BUDGETS_MIN[preset]
    if not 0 < budget_min <= LONGEST_MIN:
        raise ValueError(f"budget={budget_min:g} is not allowed; give minutes, more than 0 and up to {LONGEST_MIN:g}")
    return budget_min


def validate(spec: RunSpec) -> str | None:
    """Why the method cannot take the data as configured, in one sentence; None when it can. Imports torch."""
    if spec.method in EXPLORED:
        return None  # baselines take all data
    about = card(spec.method)
    prepared = preparation.spec_after(catalogue.describe(spec.dataset), spec.preprocessing)
    return method_class(spec.method).validate(prepared, about.config(**spec.config))


def n_trained(about: MethodCard, batch_size: int, n_samples: int, read: Callable[[], MultiViewDataset]) -> int | None:
    """How many samples a method trains on; None where it is a part of them that surely holds a batch.

    Args:
        about: the method.
        batch_size: its samples in a batch.
        n_samples: of the data set, or of the random sample of it.
        read: gives these data; called where the batch may have more samples than the part to train on.
    """
    if about.train_part == "all":
        return n_samples
    if batch_size <= SMALLEST_PART * n_samples:
        return None
    return len(read().part(about.train_part))


def look(spec: RunSpec, read: Read | None = None) -> tuple[str, ...]:
    """Look at the samples themselves before a run: what a user should know of them and of the method's settings.

    Large image sets are not read for this: their readers have looked at the pixels.

    Args:
        spec: of the run.
        read: gives the data set of a name or path and a limit, where they are kept in memory; None reads them here.

    Raises:
        ValueError: nothing can be learned from them as they are, e.g. NaN in a view.
    """
    if spec.method in EXPLORED:
        dataset = (read or _load)(spec.dataset, spec.limit)
        preparation.check(dataset, steps=spec.preprocessing)
        return preparation.warnings(dataset, spec.preprocessing)
    about, batch_size = card(spec.method), spec.config["batch_size"]
    load = partial(read or _load, spec.dataset, spec.limit)
    if all(view.kind == "image" for view in catalogue.describe(spec.dataset).views):
        n_samples = _limited(_data(spec.dataset)[1], spec.limit)
        n_train = n_trained(about, batch_size, n_samples, load)
        _check_batch(spec, n_train)
        return _method_warnings(spec, n_samples, n_train)
    dataset = load()
    n_train = n_trained(about, batch_size, dataset.n_samples, lambda: dataset)
    n_clusters = dataset.spec.n_clusters if spec.n_clusters is None else spec.n_clusters
    _check_clusters(n_clusters, dataset.n_samples, Path(spec.dataset).name)
    _check_batch(spec, n_train)
    preparation.check(dataset, steps=spec.preprocessing, declared=about.preprocessing(spec.config))
    return preparation.warnings(dataset, spec.preprocessing) + _method_warnings(spec, dataset.n_samples, n_train)


def refusals(specs: Sequence[RunSpec], read: Read | None = None) -> list[str | None]:
    """Why each of many runs cannot be trained, by `objection` and `look`, in one sentence; None for those that can.

    Args:
        specs: of the runs; those that differ in nothing that matters for it, such as the seed, are looked at once.
        read: as for `look`.
    """
    read = read or lru_cache(maxsize=1)(_load)
    of_methods: dict[Hashable, str | None] = {}
    of_samples: dict[Hashable, str | None] = {}
    found = []
    for spec in specs:
        alike = (spec.method, spec.dataset, spec.preprocessing)
        if (known := (*alike, *sorted(spec.config.items()))) not in of_methods:
            of_methods[known] = validate(spec)
        steps = card(spec.method).preprocessing(spec.config)
        asked = (*alike, steps, spec.limit, spec.n_clusters, spec.config["batch_size"])
        if of_methods[known] is None and asked not in of_samples:
            of_samples[asked] = _refusal(spec, read)
        found.append(of_methods[known] or of_samples.get(asked))
    return found


def _refusal(spec: RunSpec, read: Read) -> str | None:
    try:
        look(spec, read)
    except ValueError as error:
        return str(error)
    return None


def _load(dataset: str, limit: int | None) -> MultiViewDataset:
    return catalogue.load(dataset, limit=limit)


def _method_warnings(spec: RunSpec, n_samples: int, n_train: int | None) -> tuple[str, ...]:
    """What the method says of these settings, e.g. of small batches."""
    about = card(spec.method)
    # Lengths of auto are steps of whatever batch there is; others are epochs of the preset's batch.
    note = "" if spec.auto else about.smaller_batch(spec.dataset, spec.preset, spec.config["batch_size"], n_train)
    if spec.auto and not about.several_views and (few := _few_updates(about, spec, n_train or n_samples)):
        note = few
    prepared = preparation.spec_after(catalogue.describe(spec.dataset), spec.preprocessing)
    if spec.n_clusters is not None:
        prepared = replace(prepared, n_clusters=spec.n_clusters)
    of_method = method_class(spec.method).warnings(prepared, about.config(**spec.config), n_samples)
    n_clusters = prepared.n_clusters
    if n_samples < WARN_BELOW_SAMPLES * n_clusters:
        of_method += (
            f"{n_clusters:,} clusters of {n_samples:,} samples have {n_samples / n_clusters:.2g} samples each, too few "
            "to tell a cluster from chance; choose fewer clusters.",
        )
    return (note, *of_method) if note else of_method


def _few_updates(about: MethodCard, spec: RunSpec, n_train: int) -> str:
    """A warning where a run is too short to learn anything; empty elsewhere."""
    n_steps = spec.epochs * max(1, n_train // (spec.config["batch_size"] or n_train))
    n_updates = n_steps // about.steps_per_update(spec.config)
    if n_updates >= WARN_BELOW_UPDATES:
        return ""
    return (
        f"{spec.epochs} epochs are {n_updates} updates of the encoder, too few to learn much: below "
        f"{WARN_BELOW_UPDATES} the result is often one cluster; give more epochs, or leave them to the preset."
    )


def expected_memory(
    dataset: str, about: MethodCard, *, batch_size: int, n_clusters: int | None = None, limit: int | None = None
) -> Footprint:
    """How much memory a run will take (see `mmclust.footprint`).

    Args:
        dataset: name or path.
        about: the method.
        batch_size: 0 for all samples.
        n_clusters: None for as many as there are classes.
        limit: train on a random sample of this size; None for all.
    """
    _, n_samples, n_classes = _data(dataset)
    return expected(
        about,
        catalogue.describe(dataset).views,
        n_samples=_limited(n_samples, limit),
        n_clusters=n_clusters or n_classes,
        batch_size=batch_size,
    )


def _data(dataset: str) -> tuple[str, int, int]:
    """Name that the run remembers, number of samples and of classes."""
    entry = catalogue.find(dataset)
    if entry is None:
        spec, n_samples = catalogue.sized(dataset)
        return answered.resolved(dataset), n_samples, spec.n_clusters
    if not entry.available():
        raise catalogue.DataUnavailable(f"{entry.title} is not here yet. {entry.how_to_get}")
    if entry.as_found:
        found = catalogue.load(entry.name)
        return entry.name, found.n_samples, found.spec.n_clusters
    return entry.name, entry.n_samples, entry.n_clusters


def _closest(method: str) -> str:
    """The method's key in any case; an unknown one is reported with the closest known."""
    key = method.strip().lower()
    if key not in METHODS and (close := difflib.get_close_matches(key, METHODS, n=1)):
        raise ValueError(f"method {method!r} is not known; did you mean {close[0]}? Known are {', '.join(METHODS)}")
    return key


def _check_whole(name: str, value: int, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name}={value} is not allowed; give a whole number from {low} to {high}")
    return value


def _limited(n_samples: int, limit: int | None) -> int:
    """How many samples a run sees."""
    if limit is None:
        return n_samples
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 2:
        raise ValueError(f"limit={limit} leaves nothing to cluster; give 2 or more, or no limit")
    return min(limit, n_samples)


def _check_clusters(clusters: int, n_samples: int, name: str) -> None:
    if most_clusters(n_samples) < 2:
        samples = "sample" if n_samples == 1 else "samples"
        raise ValueError(f"{name} holds {n_samples} {samples}; at least {2 * FEWEST_EACH} are needed to cluster")
    if isinstance(clusters, bool) or not isinstance(clusters, int) or clusters < 2:
        raise ValueError(
            f"clusters={clusters} is not allowed for {name}; give the number of clusters to look for, 2 or more"
        )
    if clusters > MOST_CLUSTERS:
        raise ValueError(
            f"clusters={clusters:,} is more than the {MOST_CLUSTERS:,} that a run may have; lower clusters"
        )
    if clusters > n_samples:
        raise ValueError(f"clusters={clusters} exceeds the {n_samples} samples; lower clusters or use more samples")
    if clusters > (most := most_clusters(n_samples)):
        raise ValueError(
            f"clusters={clusters:,} for {n_samples:,} samples would leave single samples as clusters; give the number "
            f"of clusters to look for, from 2 to {most:,}"
        )


def _check_batch(spec: RunSpec, n_samples: int | None) -> None:
    """Refuse batches of more samples than there are to train on."""
    about = card(spec.method)
    if n_samples is None or spec.config["batch_size"] <= n_samples:
        return
    smallest = (
        next(hyperparameter.low for hyperparameter in about.hyperparameters if hyperparameter.name == "batch_size") or 0
    )
    if smallest > n_samples:
        raise ValueError(
            f"{Path(spec.dataset).name} has {n_samples} samples to train on, and {about.title} needs {smallest:g} or "
            "more for a batch; add samples"
        )
    raise ValueError(
        f"batch_size={spec.config['batch_size']} exceeds the {n_samples} samples to train on; lower batch_size to "
        f"{n_samples} or less, or use more data"
    )


def _device(device: str) -> Device:
    if device not in get_args(Device):
        raise ValueError(f"device {device!r} is not known; choose one of {', '.join(get_args(Device))}")
    if device == "cuda" and not any(name.startswith("cuda") for name in devices()):
        raise ValueError("device cuda is not on this machine; choose cpu or auto, or install a CUDA build of torch")
    return cast(Device, device)


def usual_precision(preset: Preset, device: str) -> Precision:
    """The preset's precision, or float32 on a device that has no other."""
    return preset.precision if computes_bf16(device) else "float32"


def _execution(execution: str) -> Execution:
    if execution not in get_args(Execution):
        raise ValueError(f"execution {execution!r} is not known; choose one of {', '.join(get_args(Execution))}")
    return cast(Execution, execution)


def _precision(precision: str, device: str) -> Precision:
    if precision not in get_args(Precision):
        raise ValueError(f"precision {precision!r} is not known; choose one of {', '.join(get_args(Precision))}")
    if precision == "bf16" and not computes_bf16(device):
        raise ValueError(
            "precision bf16 needs a processor that calculates in bfloat16, and this one would only imitate it, slowly; "
            "choose float32"
        )
    return cast(Precision, precision)
