"""Hands on the run that is shown: settings that act from its next step on, and twins that part from its checkpoints."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from mmclust import events, interventions, launch
from mmclust.escaping import markdown
from mmclust.methods.card import Hyperparameter
from mmclust.runs import checkpoints
from mmclust.runs.record import RunRecord
from mmclust.runs.records import CHANGEABLE
from mmclust.runs.run import Run
from mmclust.ui.shell import cache, forms, frame, login, state

NO_CHECKPOINT_YET = "No checkpoint yet: a run can be forked once it has written one."
NO_CHECKPOINT_LEFT = "The checkpoints of this run are gone, so it cannot be forked. Train it again to fork it."
NOT_YOURS = "Only the person who started this run can change it. Fork it to try other settings in a run of your own."
HELP = (
    "Weights of losses, the learning rate and strengths of augmentations act from the next step on. Every change is "
    "kept with its step, marked in the curves, and made again where the run is resumed or repeated."
)
FORK_HELP = (
    "Start a twin of this run from one of its checkpoints with one setting changed. Both share everything before; "
    "Compare shows where they part."
)
REFUSED = "hands-refused"
"""Session key: run, setting and value that were refused last; it is said once."""
NEWEST = -1
"""Stands for the newest checkpoint among the epochs of those that are kept."""


def panel(run_id: str) -> None:
    """Sliders of a run that can still be changed, and its forks; nothing for examples and baselines."""
    with frame.messages():
        run = cache.store().get(run_id)
        record = run.record()
        known = interventions.adjustable(record.spec)
        if record.example or not known:
            return
        lineage(record)
        left, right = st.columns(2, gap="small")
        if record.status in CHANGEABLE:
            with left.expander("Change while it trains", icon=":material/tune:", key="run-hands"):
                _sliders(run, record, known)
        with right.expander("Fork from here", icon=":material/call_split:", key="run-fork"):
            _fork(run, record, known)


def lineage(record: RunRecord) -> None:
    """Where a fork comes from and what it changed, with the way to both side by side."""
    if not (parent := record.spec.parent):
        return
    own = [e.words for e in events.of_spec(record.spec) if e.kind == "intervention" and e.step == parent["step"]]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Forked from `{parent['run']}` at epoch {parent['epoch']:.3g}: {markdown('; '.join(own))}",
            width="content",
        )
        for shown, title in (("maps", "Both maps"), ("flows", "Who parted"), ("curves", "Both curves")):
            if st.button(title, key=f"fork-{shown}", type="tertiary", icon=":material/compare_arrows:"):
                st.switch_page("compare.py", query_params={"runs": f"{parent['run']},{record.run_id}", "show": shown})


def _sliders(run: Run, record: RunRecord, known: tuple[Hyperparameter, ...]) -> None:
    allowed = login.may_change(record.creator)
    st.caption(HELP if allowed else NOT_YOURS)
    now = interventions.values_now(record)
    cells = st.columns(2, gap="medium")
    for number, one in enumerate(known):
        with cells[number % 2]:
            key = _follow(record.run_id, one.name, now[one.name])
            _slider(one, key, disabled=not allowed, on_change=_ask, args=(run, one.name, key))
    for mark in events.of_spec(record.spec):
        st.caption(f"Epoch {mark.epoch:.1f}: {markdown(mark.words)}")


def _follow(run_id: str, name: str, value: Any) -> str:
    """Session key of a slider; where the run's value was changed elsewhere, of a new one.

    A browser may still tell where the former slider stood; had both one key, that would undo the change.
    """
    base = _base(run_id, name)
    seen, number = st.session_state.get(f"{base}:seen", (value, 0))
    key = _numbered(base, number)
    if seen != value and st.session_state.get(key) != value:
        number, key = number + 1, _numbered(base, number + 1)
    st.session_state.setdefault(key, float(value))
    st.session_state[f"{base}:seen"] = value, number
    return key


def _base(run_id: str, name: str) -> str:
    return f"hands:{run_id}:{name}"


def _numbered(base: str, number: int) -> str:
    return f"{base}:{number}" if number else base


def _slider(one: Hyperparameter, key: str, **more: Any) -> Any:
    text, help_text = forms.label(one), one.help
    low, high = float(one.low or 0.0), float(one.high or 1.0)
    now = st.session_state[key]
    if one.log:
        stops = forms.log_stops(low, high, (now,))
        return st.select_slider(
            text, stops, float(now), key=key, help=help_text, format_func=lambda v: f"{v:g}", **more
        )
    step = None if one.step is None else float(one.step)
    return st.slider(text, low, high, forms.within(low, now, high), step=step, key=key, help=help_text, **more)


def _ask(run: Run, name: str, key: str) -> None:
    """Pass a slider's value on; a run that has just ended says so, and a slider that was replaced has no say."""
    base = _base(run.id, name)
    if key != _numbered(base, st.session_state[f"{base}:seen"][1]):
        return
    value = st.session_state[key]
    try:
        if not login.may_change(run.record().creator):
            raise ValueError(NOT_YOURS)
        interventions.change(run, {name: value})
    except ValueError as error:
        refused = (run.id, name, value)  # a browser that waits tells the same slider again with every tick
        if st.session_state.get(REFUSED) != refused:
            st.toast(markdown(frame.sentence(error)), icon=":material/info:")
        st.session_state[REFUSED] = refused
        return
    st.toast(f"{name} = {value:g} from the next step on.", icon=":material/tune:")


def _fork(run: Run, record: RunRecord, known: tuple[Hyperparameter, ...]) -> None:
    st.caption(FORK_HELP)
    points = _points(run, record)
    if not points:
        st.info(NO_CHECKPOINT_LEFT if record.status == "finished" else NO_CHECKPOINT_YET, icon=":material/info:")
        return
    left, right = st.columns(2, gap="medium")
    epoch = left.selectbox("Checkpoint", list(points), format_func=points.__getitem__, key="fork-epoch")
    by_name = {one.name: one for one in known}
    name = right.selectbox("Setting", list(by_name), format_func=lambda n: by_name[n].words, key="fork-setting")
    now, key = interventions.values_now(record), f"fork-value:{record.run_id}:{name}"
    st.session_state.setdefault(key, float(now[name]))
    value = _slider(by_name[name], key)
    if st.button("Start the twin", icon=":material/call_split:", key="fork-start", disabled=value == now[name]):
        _start(run, {name: value}, None if epoch == NEWEST else epoch)
    if value == now[name]:
        st.caption("Move the slider to another value first.")


def _points(run: Run, record: RunRecord) -> dict[int, str]:
    """Checkpoints by epoch, with their words; the newest of a run that has not finished first."""
    kept = {epoch: f"end of epoch {epoch}" for epoch in reversed(interventions.fork_points(run))}
    newest = record.status != "finished" and (checkpoints.exists(run.folder) or interventions.in_trial(run))
    return {**({NEWEST: "the newest"} if newest else {}), **kept}


def _start(run: Run, values: Mapping[str, Any], epoch: int | None) -> None:
    login.check_quota()
    store = cache.store()
    twin = interventions.fork(store, run, values, epoch=epoch)
    launch.submit(store, twin.id, "thread")
    state.choose_run(twin.id)
    st.rerun(scope="app")
