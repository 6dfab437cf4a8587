"""Hands on a run: change its settings while it trains, fork it from a checkpoint, repeat it. Needs no torch to ask."""

import math
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmclust.methods import METHODS, card
from mmclust.methods.card import Hyperparameter
from mmclust.runs import checkpoints, journal
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

HELD = "command"
"""Launcher of new runs until they are whole: no server takes them."""
TRIALS = "trials"
"""Folder of the candidates of preset auto while they train."""


def adjustable(spec: RunSpec) -> tuple[Hyperparameter, ...]:
    """What can be changed while such a run trains: weights of losses, learning rate, strengths of augmentations.

    A weight that was 0 when the networks were built has no network to act on, where its method makes none then.
    """
    if spec.method not in METHODS:
        return ()
    without = {"over_weight"} if not spec.config.get("over_weight", 1) else set()
    return tuple(one for one in card(spec.method).hyperparameters if one.live and one.name not in without)


def trial_of(record: RunRecord) -> str:
    """The candidate of preset auto that trains now; empty where there is one training alone."""
    names = list(record.spec.auto.get("candidates", ()))
    if not names:
        return ""
    done = record.step / record.total_steps if record.total_steps else 0.0
    return names[min(int(done * len(names)), len(names) - 1)]


def values_now(record: RunRecord) -> dict[str, Any]:
    """Hyper-parameters as they are in the newest step, changes included."""
    spec, trial = record.spec, trial_of(record)
    fixed = spec.auto.get("fixed", ())
    tried = {k: v for k, v in spec.auto.get("candidates", {}).get(trial, {}).items() if k not in fixed}
    changed = {change["name"]: change["after"] for change in spec.changes if change["trial"] == trial}
    return {**spec.config, **tried, **changed}


def change(run: Run, values: Mapping[str, Any]) -> None:
    """Ask a run for other values of hyper-parameters; they act from its next step on.

    Raises:
        ValueError: the run has ended or is an example, or a value is not allowed; one sentence.
    """
    record = run.record()
    if record.example:
        raise ValueError(f"run {run.id} is an example and only shown; start a run of your own")
    run.store.submit_changes(run.id, _checked(record, values))


def _checked(record: RunRecord, values: Mapping[str, Any]) -> dict[str, Any]:
    known = {one.name: one for one in adjustable(record.spec)}
    if not values:
        raise ValueError(f"no setting came; {', '.join(known)} can be changed while the run trains")
    for name in values:
        if name not in known:
            raise ValueError(
                f"{name} cannot be changed in a run of {record.spec.method}; {_either(known)} can be while it trains"
            )
    checked = {name: known[name].check(value) for name, value in values.items()}
    if broken := [name for name, value in checked.items() if not math.isfinite(value)]:
        raise ValueError(f"{broken[0]}={checked[broken[0]]} is no finite number; {known[broken[0]].allowed()}")
    weights = {term.weight for term in card(record.spec.method).terms if term.weight} & set(known)
    after = values_now(record) | checked
    if weights & set(checked) and not any(after[name] for name in weights):
        raise ValueError(
            f"all weights would be 0, and nothing left to train on; keep one of {', '.join(weights)} above"
        )
    return checked


def _either(known: Mapping[str, Any]) -> str:
    return ", ".join(known) if known else "nothing"


def repeat(store: RunStore, run: Run) -> Run:
    """A queued run that makes the same training again, changes included; `launch.submit` or `run_here` executes it."""
    return store.create(replace(run.record().spec, parent={}, title="", launcher=HELD))


def fork_points(run: Run) -> dict[int, Path]:
    """Checkpoints that a run can be forked from, by epochs done, the first one first; the newest is the last."""
    folder = _training_folder(run)
    return checkpoints.kept(folder)


def in_trial(run: Run) -> bool:
    """Whether a candidate of preset auto has written a checkpoint that a fork may go on from."""
    return (_training_folder(run) / "state.pt").exists()


def fork(store: RunStore, run: Run, values: Mapping[str, Any], *, epoch: int | None = None) -> Run:
    """A queued twin of a run that goes on from a checkpoint of it, with one thing changed.

    What the parent did up to there, its curves and snapshots, is the twin's too. `launch.submit` or `run_here` executes
    it.

    Args:
        store: to put it in.
        run: to fork, whether it trains or not.
        values: the hyper-parameters to change from there on.
        epoch: of a kept checkpoint (see `fork_points`); None for the newest there is.

    Raises:
        ValueError: there is no checkpoint, none of that epoch, or a value is not allowed; one sentence.
    """
    record = run.record()
    values = _checked(record, values)
    state, reached = _state(run, record, epoch)
    step, trial = state["step"], trial_of(record)
    spec = replace(
        record.spec,
        changes=(*_before(record.spec, step, trial), *_at(record, values, step, reached, trial)),
        parent={"run": run.id, "epoch": reached, "step": step},
        auto=_only(record.spec.auto, trial),
        launcher=HELD,
        title="",
    )
    twin = store.create(spec)
    _fill(twin, run, state, trial)
    return twin


def _state(run: Run, record: RunRecord, epoch: int | None) -> tuple[dict[str, Any], float]:
    """The state to go on from, and the epochs that it has behind it."""
    kept = fork_points(run)
    if epoch is not None and epoch not in kept:
        known = f"kept are those of epochs {', '.join(map(str, kept))}" if kept else "none is kept"
        raise ValueError(f"run {run.id} has no checkpoint of epoch {epoch}; {known}")
    if epoch is not None:
        return checkpoints.read(kept[epoch]), epoch
    state = _newest(run)
    if state is None or record.status == "finished":  # the end leaves nothing to train
        if not kept:
            raise ValueError(f"run {run.id} has no checkpoint to fork from; let it train until one is written")
        return checkpoints.read(list(kept.values())[-1]), list(kept)[-1]
    per_epoch = record.step / record.epoch if record.epoch else 1.0
    return state, state["step"] / max(per_epoch, 1e-9)


def _newest(run: Run) -> dict[str, Any] | None:
    """The newest resumable state, of the candidate that trains where preset auto tries several."""
    trial = _training_folder(run) / "state.pt"
    if trial.exists():
        return checkpoints.read(trial)["state"]
    return checkpoints.newest(run.folder, "cpu")[0]


def _training_folder(run: Run) -> Path:
    """Where the training keeps its states: the folder of the run, or of the candidate that trains."""
    trials = run.folder / TRIALS
    if not trials.is_dir():
        return run.folder
    now = trials / trial_of(run.record())
    return now if now.is_dir() else run.folder


def _before(spec: RunSpec, step: int, trial: str) -> list[dict[str, Any]]:
    return [change for change in spec.changes if change["step"] < step and change["trial"] == trial]


def _at(record: RunRecord, values: Mapping[str, Any], step: int, epoch: float, trial: str) -> list[dict[str, Any]]:
    """The changes that make the twin."""
    earlier = {change["name"]: change["after"] for change in _before(record.spec, step, trial)}
    own = record.spec.config | record.spec.auto.get("candidates", {}).get(trial, {}) | earlier
    about = {"step": step, "epoch": epoch, "trial": trial}
    found = [{**about, "name": n, "before": own[n], "after": v} for n, v in values.items() if own[n] != v]
    if not found:
        raise ValueError("the fork would be the same run; change a setting to another value")
    return found


def _only(auto: Mapping[str, Any], trial: str) -> dict[str, Any]:
    """The plan of preset auto with the candidate that is forked alone."""
    return {**auto, "candidates": {trial: auto["candidates"][trial]}} if trial else dict(auto)


def _fill(twin: Run, parent: Run, state: dict[str, Any], trial: str) -> None:
    """Give the twin the parent's past: the state, the curves and the snapshots up to it."""
    from mmclust.evaluation.snapshot import Snapshot

    with parent.store.reading() as connection:
        entries = [entry for entry in journal.entries_of(connection, parent.id) if entry.step <= state["step"]]
    folder = twin.folder
    if trial:
        folder = twin.folder / TRIALS / trial
        (folder / "snapshots").mkdir(parents=True)
        logged = [{"values": entry.values, "step": entry.step, "epoch": entry.epoch} for entry in entries]
        checkpoints.write_state(folder / "state.pt", {"state": state, "logged": logged})
    else:
        journal.append(folder, entries)
        checkpoints.write(folder, state | {"n_points": sum(len(entry.values) for entry in entries)})
    for _, file in parent.snapshots():
        if Snapshot.load(file, scores_only=True).step <= state["step"]:
            shutil.copyfile(file, folder / "snapshots" / file.name)
