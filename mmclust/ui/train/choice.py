"""What the form of the Train page says, and what follows from it: defaults, schedule, memory, remarks on the data."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from mmclust import launch, specs
from mmclust.data import catalogue, preprocessing
from mmclust.escaping import markdown
from mmclust.methods.automatic import Facts
from mmclust.methods.card import MethodCard
from mmclust.runs.queue import RAY
from mmclust.ui.shell import cache
from mmclust.ui.train.cluster_count import Count


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the form says."""

    dataset: str
    method: MethodCard
    preset: str
    facts: Facts | None
    """What preset auto goes by; None for other presets."""
    budget_min: float | None
    """Minutes that the user plans for; None for the preset's."""
    epochs: int
    seed: int
    clusters: Count
    limit: int | None
    launcher: str
    device: str
    precision: str
    changes: dict[str, Any]
    """Hyper-parameters that differ from the preset."""

    @property
    def n_train(self) -> int | None:
        """Samples to train on, where they may be fewer than a batch."""
        return n_trained(self.dataset, self.method, self.preset, self.limit)

    @property
    def values(self) -> dict[str, Any]:
        """Every hyper-parameter."""
        return self.method.resolve(
            self.dataset,
            self.preset,
            self.changes,
            n_samples=self.n_train,
            facts=self.facts,
            budget_min=self.budget_min,
        )


def facts(dataset: str, method: MethodCard, preset: str, limit: int | None, n_clusters: int) -> Facts | None:
    """What preset auto goes by; None for other presets, and for data not here yet."""
    entry = catalogue.find(dataset)
    if entry is None or not entry.available() or not method.is_automatic(preset):
        return None
    n_samples = cache.dataset(dataset).n_samples if entry.as_found else entry.n_samples
    n_samples = min(limit or n_samples, n_samples)
    return specs.facts_of(method, preset, dataset, n_samples, n_clusters, lambda: cache.dataset(dataset, limit))


def n_trained(dataset: str, method: MethodCard, preset: str, limit: int | None) -> int | None:
    """How many samples the method trains on, where that may be fewer than its batch; None for data not here yet."""
    entry = catalogue.find(dataset)
    if entry is None or not entry.available():
        return None
    n_samples = cache.dataset(dataset).n_samples if entry.as_found else entry.n_samples
    n_samples = min(limit or n_samples, n_samples)
    batch_size = method.resolve(dataset, preset, {})["batch_size"]
    return specs.n_trained(method, batch_size, n_samples, lambda: cache.dataset(dataset, limit))


def schedule(choice: Choice, n_candidates: int) -> str:
    """The length of the training in optimiser steps, with epochs beside."""
    batch_size = choice.values.get("batch_size") or 0
    n_train = choice.n_train or (choice.facts.n_samples if choice.facts else None)
    if not n_train:
        return ""
    per_epoch = max(1, n_train // min(batch_size or n_train, n_train))
    n_steps = choice.epochs * per_epoch
    text = f"Schedule: **{n_steps:,} optimiser steps** ({choice.epochs:,} epochs of {per_epoch:,})"
    if (per_update := choice.method.steps_per_update(choice.values)) > 1:
        text += f", {n_steps // per_update:,} of them update the encoder"
    return text + (
        f"; {n_candidates} settings of augmentation are each tried for this long." if n_candidates > 1 else "."
    )


def memory(choice: Choice, place: Any) -> None:
    """The memory that the run will take; much of what is free is offered a process of its own."""
    entry = catalogue.find(choice.dataset)
    if choice.launcher == RAY or (entry is not None and not entry.available()):
        return
    launch.prepare(cache.store(), choice.launcher)
    expected = specs.expected_memory(
        choice.dataset,
        choice.method,
        batch_size=choice.values.get("batch_size") or 0,
        n_clusters=choice.clusters.n_clusters if choice.clusters.is_known else None,
        limit=choice.limit,
    )
    own = choice.launcher == "process"
    place.caption(
        f"Memory: {expected.sentence(own_process=own)}", help="Estimated from data, network, batch and layouts."
    )
    if not own and expected.is_large:
        place.warning(
            "This run may take more than half of the free memory. In a process of its own it cannot take this server "
            "down.",
            icon=":material/memory:",
        )
        place.button(
            "Run in a process of its own",
            icon=":material/call_split:",
            on_click=lambda: st.session_state.update({"form:launcher": "process"}),
            help="Sets 'Runs in' to process.",
        )


def notes(choice: Choice) -> None:
    """How the method has the data prepared, and what is odd about them, such as constant columns."""
    entry = catalogue.find(choice.dataset)
    if entry is None or not entry.available():
        return
    chosen = choice.method.preprocessing(choice.values)
    if chosen:
        meanings = {name: preprocessing.meaning(name) for name in chosen}
        st.caption(
            f"Preprocessing: {', '.join(chosen)}",
            help="\n".join(f"- {name}: {meaning}" for name, meaning in meanings.items()),
        )
    small = choice.method.smaller_batch(choice.dataset, choice.preset, choice.values["batch_size"], choice.n_train)
    for warning in (*cache.warnings(choice.dataset, choice.limit, chosen), *[small] * bool(small)):
        st.caption(f":material/info: {markdown(warning)}")
