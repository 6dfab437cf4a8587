"""Sweeps from the browser: the form that plans one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from mmclust import settings
from mmclust.data import catalogue
from mmclust.escaping import markdown
from mmclust.methods import METHODS, card
from mmclust.methods.card import PRESETS, Hyperparameter, MethodCard
from mmclust.reproduction.forecast import forecast
from mmclust.runs.queue import RAY, SWEEP
from mmclust.sweeps import child
from mmclust.sweeps.outcome import SweepOutcome
from mmclust.sweeps.record import SweepRecord
from mmclust.sweeps.runner import LAUNCHERS, LEAST_GPU, look_up
from mmclust.sweeps.sweep import ABLATION, Cell, Sweep, ablations, axis_values, grid, limited, seed_numbers
from mmclust.ui.components import run_descriptions
from mmclust.ui.shell import cache, forms, frame, jobs, login

ASK_ABOVE = 60
"""A sweep of more runs asks before it starts."""
SAVED = "sweep-form"
"""Session key of the form's values, which outlast a change of page."""
NONE = "nothing"
MOST_TOLD = 3
"""Reasons that are given, and settings that are named for each."""


def form() -> str | None:
    """Draw the form of a new sweep; gives the id of a sweep that was started now."""
    left, right = st.columns([6, 5], gap="large")
    sweep = None
    with left, frame.messages():
        base, about = _base()
        sweep = _asked(base, about)
    with right, frame.messages():
        if sweep is not None:
            return _before(sweep)
    return None


def extend(record: SweepRecord) -> None:
    """Fill the form with what a sweep asks for, so that values and seeds can be added; what is trained is reused."""
    first, axes = record.sweep.cells[0], record.sweep.axes()
    values: dict[str, Any] = {"dataset": first.dataset, "method": first.method, "preset": first.preset}
    values |= {"epochs": first.epochs or 0, "limit": first.limit or 0, "title": record.title}
    values |= {"seeds": ",".join(map(str, record.sweep.seeds)), "kind": ABLATION if ABLATION in axes else "settings"}
    for place, (name, on_axis) in enumerate(list(axes.items())[:2], start=1):
        values |= {f"hyperparameter{place}": name, f"values{place}": ", ".join(map(_written, on_axis))}
    values["changes"] = {name: value for name, value in first.changes.items() if name not in axes}
    for name in [str(key) for key in st.session_state if str(key).startswith("sweep:")]:
        del st.session_state[name]
    st.session_state[SAVED] = values


def _written(value: Any) -> str:
    """A value as it is typed: 2 for 2.0."""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kept(name: str, default: Any) -> Any:
    """A value of this form, else of the form of the Train page: a sweep begins where a run was planned."""
    return st.session_state.get(SAVED, {}).get(name, st.session_state.get(forms.SAVED, {}).get(name, default))


def _keep(name: str, value: Any) -> Any:
    st.session_state.setdefault(SAVED, {})[name] = value
    return value


def _choose(name: str, label: str, options: list[str], show: Any = str, **more: Any) -> str:
    key = f"sweep:{name}"
    if st.session_state.get(key) not in options:
        wanted = _kept(name, options[0])
        st.session_state[key] = wanted if wanted in options else options[0]
    index = options.index(st.session_state[key])
    return _keep(name, st.selectbox(label, options, index, key=key, format_func=show, **more) or options[0])


def _text(name: str, label: str, default: str, **more: Any) -> str:
    key = f"sweep:{name}"
    if key not in st.session_state:
        st.session_state[key] = str(_kept(name, default))
    return _keep(name, st.text_input(label, st.session_state[key], key=key, **more) or "")


def _number(name: str, label: str, default: int, **more: Any) -> int:
    key = f"sweep:{name}"
    if key not in st.session_state:
        wanted = str(_kept(name, default))
        st.session_state[key] = int(wanted) if wanted.isdigit() else default
    return _keep(name, int(st.number_input(label, 0, 10**9, st.session_state[key], step=1, key=key, **more)))


def _base() -> tuple[Cell, MethodCard]:
    known = [entry.name for entry in catalogue.DATASETS.values() if entry.available()]
    one, two, three = st.columns(3)
    with one:
        dataset = _choose("dataset", "Data set", known, run_descriptions.dataset_title, help="Data set of all runs.")
    several = len(cache.describe(dataset).views) > 1
    with two:
        fitting = [name for name in METHODS if card(name).several_views == several]
        method = card(
            _choose(
                "method", "Method", fitting, lambda name: card(name).title, help="Methods that accept this data set."
            )
        )
    with three:
        presets = [name for name in PRESETS if name in method.presets]
        preset = _choose(
            "preset", "Preset", presets, str.capitalize, help="Values of the hyperparameters that do not vary."
        )
    one, two, three = st.columns(3)
    with one:
        epochs = _number(
            "epochs",
            "Epochs (0: preset)",
            0,
            help=f"Number of passes over the data per run; the preset uses {method.preset(preset, dataset).epochs}.",
        )
    with two:
        limit = _number("limit", "Samples (0: all)", 0, help="Train on a random subset of this size.")
    with three:
        seeds = _text("seeds", "Seeds", "0-1", help="Each setting is trained with all seeds, e.g. 0,1,2 or 0-9.")
    known_knobs = {hyperparameter.name for hyperparameter in method.hyperparameters}
    changes = {name: value for name, value in _kept("changes", {}).items() if name in known_knobs}
    if changes:
        st.caption("Also set in all runs: " + ", ".join(f"{name}={value}" for name, value in changes.items()))
    _keep("changes", changes)
    st.session_state["sweep:asked-seeds"] = seeds
    base = Cell(dataset=dataset, method=method.name, preset=preset, epochs=epochs or None, limit=limit or None)
    return replace(base, changes=changes), method


def _asked(base: Cell, about: MethodCard) -> Sweep | None:
    """What the form asks for; None while a value of it cannot be understood, which is said beside it."""
    seeds = seed_numbers(st.session_state["sweep:asked-seeds"])
    kinds = ["settings", ABLATION] if about.ablations else ["settings"]
    kind = "settings"
    if len(kinds) > 1:
        kind = _choose(
            "kind",
            "Vary",
            kinds,
            lambda name: "one or two hyperparameters" if name == "settings" else "the paper's ablation table",
            help="The ablation table turns off terms of the objective, row by row.",
        )
    title = _text("title", "Title", "", placeholder=f"{about.title} on {run_descriptions.dataset_title(base.dataset)}")
    if kind == ABLATION:
        st.caption("Rows: " + "; ".join(about.ablations))
        return ablations(base, about.ablations, seeds=seeds, title=title)
    axes: dict[str, list[Any]] = {}
    hyperparameters = {hyperparameter.name: hyperparameter for hyperparameter in about.hyperparameters}
    names = [*hyperparameters, "epochs", "clusters"]
    for place in (1, 2):
        left, right = st.columns([2, 3])
        with left:
            options = names if place == 1 else [NONE, *(name for name in names if name not in axes)]
            name = _choose(
                f"hyperparameter{place}",
                "Hyperparameter" if place == 1 else "Second hyperparameter",
                options,
                lambda name: name.replace("_", " ").capitalize(),
                help="Shown on the horizontal axis."
                if place == 1
                else "With two hyperparameters, every combination is trained.",
            )
        if name == NONE:
            continue
        with right:
            _refill(place, name)
            text = _text(
                f"values{place}",
                "Values",
                _suggested(hyperparameters.get(name), base, about),
                help="Comma-separated values, or a range FROM:TO:STEP, e.g. 0:1:0.1.",
            )
        values = axis_values(text)
        if name in hyperparameters:
            values = [hyperparameters[name].check(value) for value in values]
        axes[name] = values
    return grid(base, axes, seeds=seeds, title=title)


def _refill(place: int, name: str) -> None:
    """Another setting has other values: what was suggested for the one before is taken away."""
    before = st.session_state.get(SAVED, {}).get(f"of{place}", name)
    if before != name:
        st.session_state.pop(f"sweep:values{place}", None)
        st.session_state[SAVED].pop(f"values{place}", None)
    _keep(f"of{place}", name)


def _suggested(hyperparameter: Hyperparameter | None, base: Cell, about: MethodCard) -> str:
    """Five values across the range of a setting."""
    if hyperparameter is None:
        return "5, 10, 20"
    if hyperparameter.kind is bool:
        return "false, true"
    if hyperparameter.choices:
        return ", ".join(map(str, hyperparameter.choices))
    default = about.resolve(base.dataset, base.preset or about.default_preset, {})[hyperparameter.name]
    if hyperparameter.low is None or hyperparameter.high is None:
        return ", ".join(f"{default * factor:g}" for factor in (0.5, 1, 2)) if default else "0, 1, 2"
    if hyperparameter.log:
        stops = forms.log_stops(hyperparameter.low, hyperparameter.high)
        return ", ".join(f"{stop:g}" for stop in stops[:: max(1, len(stops) // 5)])
    found = [hyperparameter.low + (hyperparameter.high - hyperparameter.low) * part / 4 for part in range(5)]
    return ", ".join(f"{round(value) if hyperparameter.kind is int else value:g}" for value in found)


def _before(sweep: Sweep) -> str | None:
    """What a sweep would cost, and the button that starts it."""
    n_all = sweep.n_runs
    at_most = n_all
    if n_all > ASK_ABOVE:
        at_most = int(
            st.number_input(
                "Maximum number of runs",
                len(sweep.seeds),
                n_all,
                min(n_all, ASK_ABOVE),
                key=f"sweep:limit-{sweep.id}",
                help="If lower than the total, settings are sampled evenly from the grid.",
            )
        )
        sweep = limited(sweep, at_most)
    with st.container(border=True):
        axes = " x ".join(f"{len(values)} {name}" for name, values in sweep.axes().items()) or "one setting"
        n_seeds = len(sweep.seeds)
        st.markdown(f"**{sweep.n_runs:,} runs** :gray[{axes} x {n_seeds} seed{'s' if n_seeds > 1 else ''}]")
        found = jobs.result(
            ("forecast", sweep.to_json()),
            lambda report: _looked_up(sweep),
            label="Training a few steps to estimate the time per run",
            height=64,
            border=False,
        )
        if found is None:
            return None
        outcome, expected = found
        if outcome.failures:
            st.warning(_refused(outcome), icon=":material/info:")
            if len(outcome.failures) == sweep.n_runs:
                return None
        if outcome.n_reused:
            st.caption(f"{outcome.n_reused} of them are already finished and are reused.")
        duration = st.container()
        sure = n_all <= ASK_ABOVE or sweep.n_runs <= ASK_ABOVE
        if not sure:
            sure = st.checkbox(
                f"Yes, start {sweep.n_runs:,} runs",
                key=f"sweep:sure-{sweep.id}",
                help="Estimated time for this many runs on this machine; lower the limit to try a part first.",
            )
        launcher = _launcher()
        gpus = _gpus_per_run() if launcher == RAY else 1.0
        duration.caption(_duration(expected, launcher))
        if st.button("Start the sweep", type="primary", icon=":material/play_arrow:", disabled=not sure):
            login.check_quota()
            child.start(cache.store(), sweep, launcher, gpus)
            jobs.forget(("forecast", sweep.to_json()))
            return sweep.id
    return None


def _looked_up(sweep: Sweep) -> tuple[SweepOutcome, dict[str, Any]]:
    """What there is of a sweep, what of it cannot be had, and how long the rest would take."""
    outcome = look_up(cache.store(), sweep, cache.dataset)
    return outcome, forecast(outcome)


def _refused(outcome: SweepOutcome) -> str:
    """Markdown: the settings that cannot be trained, and why."""
    reasons: dict[str, dict[str, None]] = {}
    for (cell, _), why in outcome.failures.items():
        reasons.setdefault(why, {})[outcome.sweep.cells[cell].title or "the setting"] = None
    lines = []
    for why, titles in list(reasons.items())[:MOST_TOLD]:
        more = f" and {len(titles) - MOST_TOLD} more" if len(titles) > MOST_TOLD else ""
        where = markdown("; ".join(list(titles)[:MOST_TOLD]))
        lines.append(f"- {where}{more}: {markdown(frame.sentence(ValueError(why)))}")
    head = f"{len(outcome.failures):,} of the {outcome.sweep.n_runs:,} runs cannot be trained and are skipped:"
    return "\n".join([head, *lines])


def _duration(expected: Mapping[str, Any], launcher: str) -> str:
    """How long a sweep is going to take, in a sentence."""
    if not expected["n_left"]:
        return "All runs are already finished; results are shown immediately."
    seconds, at_a_time = expected["seconds_left"], expected["n_workers"]
    if launcher == RAY:
        of_all = run_descriptions.duration(seconds * at_a_time)
        return (
            f"About {of_all} (h:mm:ss or m:ss) of training at this machine's speed; the cluster runs as many "
            "in parallel as its resources allow."
        )
    return (
        f"Estimated time on this machine: {run_descriptions.duration(seconds)} (h:mm:ss or m:ss), {at_a_time} runs "
        "in parallel."
    )


def _launcher() -> str:
    """Where the runs are trained; there is a choice once a cluster is named."""
    if not settings.ray_address():
        return SWEEP
    return (
        st.segmented_control(
            "Runs in",
            list(LAUNCHERS),
            key="sweep:launcher",
            default=SWEEP,
            required=True,
            format_func=lambda name: "processes on this machine" if name == SWEEP else "the Ray cluster",
            help="The cluster at MMCLUST_RAY_ADDRESS runs as many in parallel as its resources allow; see "
            "docs/deploy.md.",
        )
        or SWEEP
    )


def _gpus_per_run() -> float:
    return float(
        st.number_input(
            "GPUs per run",
            LEAST_GPU,
            1.0,
            1.0,
            0.25,
            key="sweep:gpus",
            help="Fraction of a GPU reserved for each run: with 0.25, four runs share one GPU and its memory. "
            "Ignored without GPUs.",
        )
    )
