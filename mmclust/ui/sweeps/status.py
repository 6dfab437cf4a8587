"""How far a sweep is, what of it failed, and its buttons to stop and to resume."""

from collections.abc import Mapping
from statistics import fmean

import streamlit as st

from mmclust import settings
from mmclust.escaping import markdown
from mmclust.runs.queue import RAY, SWEEP
from mmclust.runs.record import RunRecord
from mmclust.sweeps import child
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.record import SweepRecord
from mmclust.ui.components import run_descriptions
from mmclust.ui.shell import cache, frame, login

TICK_S = 2.0
BADGES = {
    "running": ":green-badge[:material/play_arrow: running]",
    "finished": ":blue-badge[:material/check: finished]",
    "stopped": ":gray-badge[:material/stop: stopped]",
    "interrupted": ":orange-badge[:material/bolt: interrupted]",
}


def status(record: SweepRecord) -> None:
    """Status, progress with time left, and what can be done; redraws itself while the sweep runs."""
    running = record.status == "running"
    st.fragment(_status, run_every=TICK_S if running else None)(record.sweep_id, running)


def _status(sweep_id: str, was_running: bool) -> None:
    with frame.messages():
        store = cache.store()
        record = sweeps.get(store, sweep_id)
        if was_running and record.status != "running":
            st.rerun()
        done = runs_of(record)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(BADGES[record.status], width="content")
            n_finished = sum(run.status == "finished" for run in done.values())
            words = f"{n_finished} of {record.sweep.n_runs} runs finished"
            words += f", {len(record.failures)} failed" if record.failures else ""
            st.caption(words, width="stretch")
            began = {run.creator for run in done.values() if run.created >= record.created}  # others were there before
            if not all(map(login.may_change, began)):
                st.caption("Started by another user.")
            elif record.status == "running":
                if st.button(
                    "Stop", icon=":material/stop:", help="Runs save their checkpoints; Resume continues them."
                ):
                    sweeps.ask_to_stop(store, sweep_id)
                    st.toast("The sweep will stop within seconds.", icon=":material/stop:")
            elif n_finished < record.sweep.n_runs and st.button(
                "Resume", icon=":material/play_arrow:", help="Train missing and failed runs."
            ):
                login.check_quota()
                there = [run.spec.gpus for run in done.values() if run.launcher == RAY]  # it goes on where it was begun
                child.start(store, record.sweep, RAY if there else SWEEP, min(there, default=1.0))
                st.rerun()
        if record.status == "running":
            left = _seconds_left(record, done)
            text = f"about {run_descriptions.duration(left)} left" if left is not None else "first runs in progress"
            parts = sum(min(1.0, run.epoch / run.epochs) for run in done.values())
            st.progress(min(1.0, parts / record.sweep.n_runs), text=text)
        holes: dict[str, list[str]] = {}
        for (cell, seed), why in record.failures.items():
            holes.setdefault(why, []).append(f"{record.sweep.cells[cell].title or 'the setting'}, seed {seed}")
        for why, where in list(holes.items())[:3]:
            more = f" and {len(where) - 2} more" if len(where) > 2 else ""
            st.caption(f":material/error: {markdown('; '.join(where[:2]))}{more}: {markdown(why)}")


def runs_of(record: SweepRecord) -> dict[str, RunRecord]:
    """The runs of a sweep that are there, by id."""
    wanted = set(record.runs.values())
    return {run.run_id: run for run in login.runs(examples=False) if run.run_id in wanted}


def _seconds_left(record: SweepRecord, runs: Mapping[str, RunRecord]) -> float | None:
    """From the runs that are done or under way; None before there is any."""
    speeds = [run.seconds / run.epoch for run in runs.values() if run.epoch > 0 and run.seconds > 0]
    if not speeds:
        return None
    epochs = [run.epochs for run in runs.values()]
    left = sum(run.epochs - run.epoch for run in runs.values())
    left += (record.sweep.n_runs - len(runs) - len(record.failures)) * fmean(epochs)
    return max(0.0, left) * fmean(speeds) / settings.n_cores()
