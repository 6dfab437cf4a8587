"""The form of the Train page: what to train on, with which method and settings."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from mmclust import fitting, launch, specs
from mmclust.data import catalogue, preprocessing
from mmclust.escaping import markdown
from mmclust.methods import card
from mmclust.methods.automatic import BUDGETS_MIN, LONGEST_MIN, Facts
from mmclust.methods.card import PRESETS, MethodCard, Preset
from mmclust.runs.queue import RAY
from mmclust.runs.spec import RunSpec
from mmclust.sweeps import known
from mmclust.ui.components import descriptions, pictures, run_descriptions, sample_cards
from mmclust.ui.shell import cache, forms, frame, login, state
from mmclust.ui.train import cluster_count
from mmclust.ui.train.cluster_count import Count

MAX_EPOCHS = 5000
_FOR_ALL = ("dataset", "method", "preset", "seed", "launcher", "device")
"""What stays when another data set, method or preset is chosen."""
_DEPENDENT = ("form:epochs", *cluster_count.KEYS, "form:limit", "form:precision", "form:budget")
"""Session keys of the other settings, whose defaults depend on that choice."""
_AGAIN = "form-again-wanted"
"""Session key: a run that is there already is wanted once more."""
_USEFUL = ("finished", "running", "queued", "paused")
"""Status of runs that are offered in place of an identical one."""
STARTED = "training-started"
"""In the session: a run was started, so that the page shows it next."""
_CHOSEN = "form-chosen"
"""Session key of the data set, method and preset of the last visit."""


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
        return _n_trained(self.dataset, self.method, self.preset, self.limit)

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


_METHOD_HELP = "Methods that accept this data set: some are for images, others for multi-view data."
_PRESET_HELP = (
    "Auto, Quick and Best-known decide everything by the data, without labels and without their name; they differ in "
    "the time they plan for. Paper: the published settings."
)
_BUDGET_HELP = "Minutes of one processor core that the training is planned for, start and evaluations included."


def form() -> Choice | None:
    """Draw the form; the start button is part of it. None for data that no method takes, which is said."""
    dataset = _dataset()
    shapes = [view.shape for view in cache.describe(dataset).views]
    methods = fitting.fitting_methods(shapes)
    if not methods:
        st.info(" ".join(fitting.advice(shapes)), icon=":material/info:")
        if st.button("Open on the Data page", icon=":material/arrow_forward:", help="Explore it with baselines there."):
            st.switch_page("data.py", query_params={"dataset": dataset})
        return None
    told = st.container()
    method = card(_pick("method", "Method", methods, lambda name: card(name).title, help=_METHOD_HELP))
    presets = [p for p in PRESETS if p in method.presets]
    preset = _pick("preset", "Preset", presets, lambda p: _with_length(method, p), segmented=True, help=_PRESET_HELP)
    _follow_url(dataset, method.name, preset)
    note, start, plan, count = (st.container() for _ in range(4))
    with st.expander("Data and device"):
        limit = forms.number("limit", "Samples (0: all)", 0, 0, 10**9, "Train on a random subset of this size.") or None
        more = st.container()
    with count:
        clusters = cluster_count.choose(dataset, limit)
    left, right = plan.columns(2, gap="small")
    with left:
        budget_min = _budget(method, preset)
    facts = _facts(dataset, method, preset, limit, clusters.n_clusters)
    about = method.preset(preset, dataset, facts, budget_min=budget_min)
    if about.note:
        note.caption(about.note)
    with right:
        seed = forms.number("seed", "Seed", 0, 0, 2**31 - 1, "Random seed: the same seed reproduces a run.")
    with left if budget_min is None and not method.is_automatic(preset) else plan:
        epochs = forms.number("epochs", "Epochs", about.epochs, 1, MAX_EPOCHS, "Number of passes over the data.")
    schedule = plan.container()
    with more:
        settings = _machine(about)
    defaults = method.resolve(
        dataset,
        preset,
        {},
        n_samples=_n_trained(dataset, method, preset, limit),
        facts=facts,
        budget_min=budget_min,
    )
    _ablations(method)
    changes = forms.hyperparameters(method, defaults, open_groups=("Objective",))
    if changes:
        st.button(
            f"Reset to preset ({len(changes)} changed)", icon=":material/undo:", on_click=forms.reset, args=(method,)
        )
    choice = Choice(
        dataset=dataset,
        method=method,
        preset=preset,
        facts=facts,
        budget_min=budget_min,
        epochs=epochs,
        seed=seed,
        clusters=clusters,
        limit=limit,
        changes=changes,
        **settings,
    )
    _memory(choice, schedule)
    schedule.caption(_schedule(choice, len(about.plan.get("candidates", ())) or 1))
    with told:
        _notes(choice)
    with start:
        _start(choice)
    return choice


def _with_length(method: MethodCard, preset: str) -> str:
    """A preset with the time that it plans for, where it plans for one."""
    if not method.is_automatic(preset):
        return preset.capitalize()
    minutes = BUDGETS_MIN[preset]
    return (
        f"{preset.capitalize()} · {60 * minutes:.0f} s" if minutes < 1 else f"{preset.capitalize()} · {minutes:g} min"
    )


def _budget(method: MethodCard, preset: str) -> float | None:
    """Minutes that a run of preset auto plans for, as the user wants them; None for the preset's own."""
    if not method.is_automatic(preset):
        return None
    key, default = "form:budget", round(BUDGETS_MIN[preset], 2)
    if key not in st.session_state:
        st.session_state[key] = _minutes(forms.saved("budget", default), default)
    value = float(st.number_input("Budget (minutes)", 0.1, LONGEST_MIN, step=0.5, key=key, help=_BUDGET_HELP))
    forms.save_change("budget", value, default)
    return None if forms.same(value, default) else value


def _minutes(text: Any, default: float) -> float:
    try:
        return min(LONGEST_MIN, max(0.1, float(text)))
    except ValueError:
        return default


def _schedule(choice: Choice, n_candidates: int) -> str:
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


def _memory(choice: Choice, place: Any) -> None:
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


def _notes(choice: Choice) -> None:
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


def _facts(dataset: str, method: MethodCard, preset: str, limit: int | None, n_clusters: int) -> Facts | None:
    """What preset auto goes by; None for other presets, and for data not here yet."""
    entry = catalogue.find(dataset)
    if entry is None or not entry.available() or not method.is_automatic(preset):
        return None
    n_samples = cache.dataset(dataset).n_samples if entry.as_found else entry.n_samples
    n_samples = min(limit or n_samples, n_samples)
    return specs.facts_of(method, preset, dataset, n_samples, n_clusters, lambda: cache.dataset(dataset, limit))


def _n_trained(dataset: str, method: MethodCard, preset: str, limit: int | None) -> int | None:
    """How many samples the method trains on, where that may be fewer than its batch; None for data not here yet."""
    entry = catalogue.find(dataset)
    if entry is None or not entry.available():
        return None
    n_samples = cache.dataset(dataset).n_samples if entry.as_found else entry.n_samples
    n_samples = min(limit or n_samples, n_samples)
    batch_size = method.resolve(dataset, preset, {})["batch_size"]
    return specs.n_trained(method, batch_size, n_samples, lambda: cache.dataset(dataset, limit))


def _dataset() -> str:
    there = {entry.name: entry for entry in (*catalogue.DATASETS.values(), *login.entries()) if entry.available()}
    # Only names of the catalogue and of the user's own data: what stands in a URL never becomes a path.
    first = forms.saved("dataset")
    names = list(there) + ([first] if first in catalogue.DATASETS and first not in there else [])
    name = _pick("dataset", "Data set", names, run_descriptions.dataset_title)
    entry = catalogue.find(name)
    if entry and entry.available():
        st.html(preview(name))
        st.caption(markdown(descriptions.summary(entry)))
    return name


def preview(name: str, count: int = 9) -> str:
    """HTML of a few images of a data set, of different classes where these are known."""
    data = cache.dataset(name)
    picks = np.random.default_rng(3).permutation(data.n_samples)[: 50 * count]
    if data.labels is not None:
        _, first = np.unique(data.labels[picks], return_index=True)
        picks = picks[np.sort(first)]
    if len(data.views) > 1:
        return sample_cards.cards(data, picks[: max(1, count // (2 * len(data.views)))], height=40)
    picks = picks[:count]
    texts = [f"An image of {run_descriptions.dataset_title(name)}"] * len(picks)
    if data.labels is not None and data.spec.classes:
        texts = [f"Class {data.spec.classes[data.labels[i]]}" if data.labels[i] >= 0 else "No class" for i in picks]
    return pictures.grid([pictures.source(data, int(i)) for i in picks], texts, px=32)


def _pick(
    name: str, label: str, options: list[str], show: Any, *, segmented: bool = False, help: str | None = None
) -> str:
    """A choice that is kept in the URL; a new choice takes the sliders back to the preset."""
    key = f"form:{name}"
    if st.session_state.get(key) not in options:
        wanted = forms.saved(name)
        st.session_state[key] = wanted if wanted in options else options[0]
    if segmented:
        value = st.segmented_control(
            label, options, key=key, format_func=show, on_change=_fresh, required=True, help=help
        )
    else:
        value = st.selectbox(label, options, key=key, format_func=show, on_change=_fresh, help=help)
    forms.save(name, value)
    forms.write_url({name: value})
    return value or options[0]


def _fresh() -> None:
    """Another data set, method or preset has other defaults."""
    _forget_settings()
    for name in list(st.query_params):
        if name not in (*_FOR_ALL, state.RUN):
            del st.query_params[name]


def _follow_url(*chosen: str) -> None:
    """Where the URL has brought another data set, method or preset, only the settings that it names are kept."""
    if st.session_state.get(_CHOSEN, chosen) != chosen:
        _forget_settings()
    st.session_state[_CHOSEN] = chosen


def _forget_settings() -> None:
    for key in [str(k) for k in st.session_state]:
        if key.startswith(forms.PREFIX) or key in _DEPENDENT:
            del st.session_state[key]
    kept = st.session_state.get(forms.SAVED, {})
    st.session_state[forms.SAVED] = {name: value for name, value in kept.items() if name in _FOR_ALL}


def _machine(about: Preset) -> dict[str, Any]:
    """Where and in which numbers the training runs."""
    device = _choice("device", "Device", ["auto", "cpu", "cuda"], "auto uses a GPU if available.")
    precision = _choice(
        "precision",
        "Precision",
        ["float32", "bf16"],
        "bf16 is faster on processors that support it.",
        default=specs.usual_precision(about, device),
    )
    launcher = _choice(
        "launcher",
        "Runs in",
        list(launch.LAUNCHERS),
        "thread: in this server. process: in a separate process.",
    )
    return {"device": device, "precision": precision, "launcher": launcher}


def _choice(name: str, label: str, options: list[str], text: str, default: str | None = None) -> str:
    key = f"form:{name}"
    default = default or options[0]
    if st.session_state.get(key) not in options:
        wanted = forms.saved(name, default)
        st.session_state[key] = wanted if wanted in options else default
    value = st.segmented_control(label, options, key=key, help=text, required=True) or default
    forms.save_change(name, value, default)
    return value


def _ablations(method: MethodCard) -> None:
    if not method.ablations:
        return
    with st.popover("Ablations from the paper", icon=":material/science:", width="stretch"):
        st.caption(
            "Rows of the paper's ablation table. Each sets the weights of the loss terms; then press Start training."
        )
        for name, values in method.ablations.items():
            st.button(name, key=f"ablation-{name}", on_click=forms.set_values, args=(method, values), width="stretch")


def _start(choice: Choice) -> None:
    entry = catalogue.find(choice.dataset)
    missing = entry is not None and not entry.available()
    if entry is not None and missing:
        st.warning(f"{entry.title} is not available on this machine. {entry.how_to_get}", icon=":material/download:")
    waits = missing or not choice.clusters.is_known
    busy = next((record for record in login.runs(examples=False) if record.active), None)
    if busy is not None:
        st.caption(f"**New run**, beside {markdown(run_descriptions.title(busy))}, which is {busy.status}.")
    # the run that trains is what counts now: nothing is louder than it
    kind = "primary" if busy is None else "secondary"
    asked = st.button("Start training", type=kind, icon=":material/play_arrow:", width="stretch", disabled=waits)
    if asked or _wanted_again():
        try:
            spec = plan(choice)
            if asked and _offers(spec):
                return
            run = submit(spec)
        except ValueError as error:
            st.warning(markdown(frame.sentence(error)), icon=":material/info:")
            return
        state.choose_run(run)
        st.session_state[STARTED] = True
        st.rerun()


def _wanted_again() -> bool:
    """Whether the user wants a run that is there already once more."""
    return bool(st.session_state.pop(_AGAIN, False))


def _offers(spec: RunSpec) -> bool:
    """Offer an identical run that has finished, trains or waits, rather than repeat it; whether there is one."""
    wanted = known.key(spec)
    same = next((r for r in login.runs(examples=False) if r.status in _USEFUL and known.key(r.spec) == wanted), None)
    if same is None:
        return False
    with st.container(border=True):
        st.markdown(f"This run is there already: **{markdown(run_descriptions.line(same))}**.")
        with st.container(horizontal=True):
            st.button("Open it", type="primary", key="form-open-same", on_click=_open, args=(same.run_id,))
            st.button("Train it again", key="form-again", on_click=st.session_state.update, args=({_AGAIN: True},))
    return True


def _open(run_id: str) -> None:
    state.choose_run(run_id)
    st.session_state["training-tab"] = "Training"


def plan(choice: Choice) -> RunSpec:
    """The spec of the run that the form asks for.

    Raises:
        ValueError: it is not possible; the sentence says why.
    """
    login.check_quota()
    n_classes = cache.describe(choice.dataset).n_clusters
    spec = specs.build_spec(
        choice.dataset,
        choice.method.name,
        preset=choice.preset,
        changes=choice.changes,
        budget_min=choice.budget_min,
        epochs=choice.epochs,
        seed=choice.seed,
        clusters=None if choice.clusters.n_clusters == n_classes else choice.clusters.n_clusters,
        suggested=choice.clusters.suggested,
        limit=choice.limit,
        device=choice.device,
        precision=choice.precision,
        launcher=choice.launcher,
    )
    if reason := specs.validate(spec):
        raise ValueError(reason)
    specs.look(spec, cache.dataset)
    return spec


def submit(spec: RunSpec) -> str:
    """Store and hand over a run; gives its id."""
    run = cache.store().create(spec)
    launch.submit(cache.store(), run.id, spec.launcher)
    return run.id
