"""The form of the Train page: what to train on, with which method and settings."""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from mmclust import fitting, launch, specs
from mmclust.data import catalogue
from mmclust.escaping import markdown
from mmclust.methods import card
from mmclust.methods.automatic import BUDGETS_MIN, LONGEST_MIN
from mmclust.methods.card import PRESETS, MethodCard, Preset
from mmclust.ui.components import descriptions, pictures, run_descriptions, sample_cards
from mmclust.ui.shell import cache, forms, login, state
from mmclust.ui.train import choice, cluster_count, start
from mmclust.ui.train.choice import Choice

MAX_EPOCHS = 5000
_FOR_ALL = ("dataset", "method", "preset", "seed", "launcher", "device")
"""What stays when another data set, method or preset is chosen."""
_DEPENDENT = ("form:epochs", *cluster_count.KEYS, "form:limit", "form:precision", "form:budget")
"""Session keys of the other settings, whose defaults depend on that choice."""
_CHOSEN = "form-chosen"
"""Session key of the data set, method and preset of the last visit."""


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
    note, begin, plan, count = (st.container() for _ in range(4))
    with st.expander("Data and device"):
        limit = forms.number("limit", "Samples (0: all)", 0, 0, 10**9, "Train on a random subset of this size.") or None
        more = st.container()
    with count:
        clusters = cluster_count.choose(dataset, limit)
    left, right = plan.columns(2, gap="small")
    with left:
        budget_min = _budget(method, preset)
    facts = choice.facts(dataset, method, preset, limit, clusters.n_clusters)
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
    chosen = Choice(
        dataset=dataset,
        method=method,
        preset=preset,
        facts=facts,
        budget_min=budget_min,
        epochs=epochs,
        seed=seed,
        clusters=clusters,
        limit=limit,
        changes={},
        **settings,
    )
    chosen = replace(chosen, changes=_hyperparameters(chosen))
    choice.memory(chosen, schedule)
    schedule.caption(choice.schedule(chosen, len(about.plan.get("candidates", ())) or 1))
    with told:
        choice.notes(chosen)
    with begin:
        start.button(chosen)
    return chosen


def _hyperparameters(chosen: Choice) -> dict[str, Any]:
    """Sliders of the method; the values that differ from the preset's."""
    _ablations(chosen.method)
    changes = forms.hyperparameters(chosen.method, chosen.values, open_groups=("Objective",))
    if changes:
        label = f"Reset to preset ({len(changes)} changed)"
        st.button(label, icon=":material/undo:", on_click=forms.reset, args=(chosen.method,))
    return changes


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
    now = float(st.session_state[key])
    value = float(st.number_input("Budget (minutes)", 0.1, LONGEST_MIN, now, step=0.5, key=key, help=_BUDGET_HELP))
    forms.save_change("budget", value, default)
    return None if forms.same(value, default) else value


def _minutes(text: Any, default: float) -> float:
    try:
        return min(LONGEST_MIN, max(0.1, float(text)))
    except ValueError:
        return default


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
    now = st.session_state[key]
    if segmented:
        value = st.segmented_control(
            label, options, default=now, key=key, format_func=show, on_change=_fresh, required=True, help=help
        )
    else:
        value = st.selectbox(label, options, options.index(now), key=key, format_func=show, on_change=_fresh, help=help)
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
    now = st.session_state[key]
    value = st.segmented_control(label, options, default=now, key=key, help=text, required=True) or default
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
