"""What speaks against a run: whether the method takes the data, and what the samples themselves tell."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from mmclust.baselines.exploring import EXPLORED
from mmclust.data import catalogue
from mmclust.data import preprocessing as preparation
from mmclust.data.dataset import MultiViewDataset
from mmclust.methods import card, method_class
from mmclust.methods.automatic import WARN_BELOW_UPDATES
from mmclust.methods.card import MethodCard
from mmclust.runs.spec import RunSpec
from mmclust.specs import sizes

Read = Callable[[str, int | None], MultiViewDataset]
"""Gives the data set of a name or path and a limit."""
WARN_BELOW_SAMPLES = 10
"""Samples for each cluster, on average."""


def validate(spec: RunSpec) -> str | None:
    """Why the method cannot take the data as configured, in one sentence; None when it can. Imports torch."""
    if spec.method in EXPLORED:
        return None  # baselines take all data
    about = card(spec.method)
    prepared = preparation.spec_after(catalogue.describe(spec.dataset), spec.preprocessing)
    return method_class(spec.method).validate(prepared, about.config(**spec.config))


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
        n_samples = sizes.limited(sizes.of_data(spec.dataset)[1], spec.limit)
        n_train = sizes.n_trained(about, batch_size, n_samples, load)
        _check_batch(spec, n_train)
        return _method_warnings(spec, n_samples, n_train)
    dataset = load()
    n_train = sizes.n_trained(about, batch_size, dataset.n_samples, lambda: dataset)
    n_clusters = dataset.spec.n_clusters if spec.n_clusters is None else spec.n_clusters
    sizes.check_clusters(n_clusters, dataset.n_samples, Path(spec.dataset).name)
    _check_batch(spec, n_train)
    preparation.check(dataset, steps=spec.preprocessing, declared=about.preprocessing(spec.config))
    return preparation.warnings(dataset, spec.preprocessing) + _method_warnings(spec, dataset.n_samples, n_train)


def refusals(specs: Sequence[RunSpec], read: Read | None = None) -> list[str | None]:
    """Why each of many runs cannot be trained, by `validate` and `look`, in one sentence; None for those that can.

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
