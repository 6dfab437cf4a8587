"""From a user's commands to a run spec."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from mmclust.baselines import run as baseline_run
from mmclust.baselines.exploring import EXPLORED
from mmclust.data import catalogue
from mmclust.data import preprocessing as preparation
from mmclust.data.dataset import MultiViewDataset
from mmclust.footprint import Footprint, expected
from mmclust.methods import METHODS, card
from mmclust.methods.automatic import BUDGETS_MIN, LONGEST_MIN, Facts
from mmclust.methods.card import MethodCard, Preset
from mmclust.runs.devices import computes_bf16, devices
from mmclust.runs.spec import RunSpec
from mmclust.specs import sizes

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["float32", "bf16"]
Execution = Literal["eager", "auto"]
MAX_EPOCHS = 100_000
MAX_SEED = 2**31 - 1


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
    name, n_samples, n_classes = sizes.of_data(dataset)
    if (key := method.strip().lower()) in EXPLORED:
        _refuse_settings(key, preset=preset, budget=budget_min, set=changes, epochs=epochs, devices=n_devices > 1)
        counts = {"n_samples": sizes.limited(n_samples, limit), "n_classes": n_classes}
        own = {"seed": seed, "limit": limit, "launcher": launcher, "title": title, "tags": tags}
        return baseline_run.spec_of(name, key, **counts, clusters=clusters, preprocessing=preprocessing, **own)
    about = card(_closest(method))
    preset = preset or about.default_preset
    n_samples, n_clusters = sizes.limited(n_samples, limit), clusters if clusters is not None else n_classes
    read = lru_cache(maxsize=1)(lambda: catalogue.load(name, limit=limit))
    facts = facts_of(about, preset, name, n_samples, n_clusters, read)
    budget_min = _budget(about, preset, budget_min)
    chosen = about.preset(preset, name, facts, budget_min=budget_min)
    sizes.check_whole("seed", seed, 0, MAX_SEED)
    epochs = chosen.epochs if epochs is None else sizes.check_whole("epochs", epochs, 1, MAX_EPOCHS)
    if evaluate_every is None:
        evaluate_every = max(1, epochs // (chosen.n_evaluations or 100))
    sizes.check_whole("evaluate_every", evaluate_every, 1, MAX_EPOCHS)
    sizes.check_whole("n_snapshots", n_snapshots, 1, 1000)
    sizes.check_clusters(n_clusters, n_samples, Path(name).name)
    usual = about.resolve(name, preset, {}, facts=facts, budget_min=budget_min)
    n_train = sizes.n_trained(about, usual["batch_size"], n_samples, read)
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
    _, n_samples, n_classes = sizes.of_data(dataset)
    return expected(
        about,
        catalogue.describe(dataset).views,
        n_samples=sizes.limited(n_samples, limit),
        n_clusters=n_clusters or n_classes,
        batch_size=batch_size,
    )


def _closest(method: str) -> str:
    """The method's key in any case; an unknown one is reported with the closest known."""
    key = method.strip().lower()
    if key not in METHODS and (close := difflib.get_close_matches(key, METHODS, n=1)):
        raise ValueError(f"method {method!r} is not known; did you mean {close[0]}? Known are {', '.join(METHODS)}")
    return key


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
