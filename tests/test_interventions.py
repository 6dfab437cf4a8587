"""Hands on a run: changes while it trains act at once, are kept, and are made again where it is resumed or repeated."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from mmclust import events, interventions, worker
from mmclust.cli.main import main
from mmclust.engine import trainer
from mmclust.methods import METHODS, card
from mmclust.runs.active import ActiveRun
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

EPOCHS = 8
SMALL = {"width": 0.125, "batch_size": 16}


def small(method: str = "dccs", dataset: str = "digits", *, epochs: int = EPOCHS, **changes: Any) -> Run:
    """A queued run of some seconds."""
    spec = build_spec(dataset, method, preset="paper", changes=SMALL | changes, limit=192, epochs=epochs)
    return RunStore().create(spec)


def execute(run: Run, watch: Callable[[ActiveRun], Callable[..., None]] | None = None) -> str:
    """Train a queued run; `watch` gives what is told of every point."""
    active = RunStore().claim(run.id)
    assert active is not None
    if watch is not None:
        active.listeners.append(watch(active))
    return worker.execute(active)


def curves(run: Run) -> pd.DataFrame:
    return run.metrics().drop(columns="id").sort_values(["name", "step"], ignore_index=True)


def assert_equal_numbers(left: Run, right: Run) -> None:
    pd.testing.assert_frame_equal(curves(left), curves(right), check_exact=True)


def pause_after(step: int) -> Callable[[ActiveRun], Callable[..., None]]:
    def watch(active: ActiveRun) -> Callable[..., None]:
        def told(values: object, at: int, epoch: float) -> None:
            if at >= step:
                active.has_to_pause = "The test pauses it."

        return told

    return watch


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are heard at every step."""
    monkeypatch.setattr(trainer, "POLL_EVERY_S", -1.0)


def changed(eager: None) -> Run:
    """A run that was paused in its second epoch, changed, resumed and finished."""
    run = small()
    assert execute(run, pause_after(20)) == "paused"
    interventions.change(run, {"beta_aug": "6", "learning_rate": 0.002})
    run.store.requeue(run.id, "command")
    assert execute(run) == "finished"
    return run


def test_a_change_is_kept_with_its_step_and_a_repetition_has_equal_numbers(home, eager: None) -> None:
    run = changed(eager)
    kept = run.record().spec.changes
    assert [(change["name"], change["before"], change["after"]) for change in kept] == [
        ("beta_aug", 2.0, 6.0),
        ("learning_rate", 1e-4, 0.002),
    ]
    assert all(20 <= change["step"] < run.record().total_steps for change in kept)
    assert run.store.pending_changes(run.id) == {}
    marks = [event for event in events.of_run(run) if event.kind == "intervention"]
    assert [mark.words for mark in marks] == ["Augmentation weight 2 → 6", "Learning rate 0.0001 → 0.002"]
    assert marks[0].step == kept[0]["step"] and 0 < marks[0].epoch < EPOCHS

    again = interventions.repeat(RunStore(), run)
    assert execute(again) == "finished"
    assert_equal_numbers(run, again)

    other = small()
    execute(other)
    assert not curves(other).equals(curves(run)), "the change has to change something"


def test_a_run_that_is_resumed_after_its_change_ends_with_equal_numbers(home, eager: None) -> None:
    run = changed(eager)
    again = interventions.repeat(RunStore(), run)
    assert execute(again, pause_after(run.record().spec.changes[0]["step"] + 4)) == "paused"
    again.store.requeue(again.id, "command")
    assert execute(again) == "finished"
    assert_equal_numbers(run, again)


def test_a_training_run_takes_a_change_between_two_steps(home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmclust.runs.store_writer.WRITE_EVERY_S", 0.02)
    run = small(epochs=20)
    asked_at: list[int] = []

    def watch(active: ActiveRun) -> Callable[..., None]:
        def told(values: object, step: int, epoch: float) -> None:
            if step >= 20 and not asked_at:
                asked_at.append(step)
                interventions.change(run, {"beta_mi": 1.5})

        return told

    assert execute(run, watch) == "finished"
    (change,) = run.record().spec.changes
    assert asked_at[0] <= change["step"] < run.record().total_steps
    again = interventions.repeat(RunStore(), run)
    execute(again)
    assert_equal_numbers(run, again)


def test_a_fork_shares_the_past_and_parts_from_there(home) -> None:
    run = small()
    execute(run)
    assert list(interventions.fork_points(run)) == [2, 4, 6]
    twin = interventions.fork(RunStore(), run, {"beta_aug": 9}, epoch=4)
    parent = twin.record().spec.parent
    assert (parent["run"], parent["epoch"]) == (run.id, 4)
    assert execute(twin) == "finished"
    ours, theirs = curves(run), curves(twin)
    shared = f"step <= {parent['step']}"
    pd.testing.assert_frame_equal(
        ours.query(shared).reset_index(drop=True), theirs.query(shared).reset_index(drop=True), check_exact=True
    )
    assert not ours.equals(theirs)
    assert ours["step"].tolist()[-1] == theirs["step"].tolist()[-1]
    assert [epoch for epoch, _ in twin.snapshots()] == [epoch for epoch, _ in run.snapshots()]
    assert "fork" in {event.kind for event in events.of_run(twin)}

    straight = interventions.repeat(RunStore(), twin)
    execute(straight)
    assert_equal_numbers(twin, straight)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"beta_aug": 99}, "beta_aug may be 0 to 10"),
        ({"beta_aug": "much"}, "is not a number"),
        ({"beta_aug": float("nan")}, "out of range|no finite number"),
        ({"style_dim": 3}, "style_dim cannot be changed in a run of dccs; beta_aug, .* can be while it trains"),
        ({}, "no setting came"),
    ],
)
def test_a_change_that_is_not_allowed_is_refused_in_a_sentence(home, values: dict[str, Any], words: str) -> None:
    run = small()
    with pytest.raises(ValueError, match=words):
        interventions.change(run, values)
    assert run.store.pending_changes(run.id) == {}


def test_a_run_that_has_ended_or_is_an_example_is_not_changed(home) -> None:
    run = small()
    run.request("stop")
    with pytest.raises(ValueError, match="is stopped, so nothing can be changed in it any more; fork it"):
        interventions.change(run, {"beta_aug": 3})
    with pytest.raises(ValueError, match="has no checkpoint to fork from"):
        interventions.fork(RunStore(), run, {"beta_aug": 3})
    with pytest.raises(ValueError, match="has no checkpoint of epoch 7; none is kept"):
        interventions.fork(RunStore(), run, {"beta_aug": 3}, epoch=7)
    example = RunStore.example()
    if example is not None:
        with pytest.raises(ValueError, match="is an example and only shown"):
            interventions.change(example.get(example.list()[0].run_id), {"beta_aug": 3})


def test_a_fork_that_changes_nothing_is_refused(home) -> None:
    run = small()
    execute(run)
    with pytest.raises(ValueError, match="the fork would be the same run"):
        interventions.fork(RunStore(), run, {"beta_aug": 2}, epoch=4)


def test_settings_are_changed_from_the_command_line(home, capsys: pytest.CaptureFixture) -> None:
    run = small()
    assert main(["set", run.id, "beta_aug=3", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["asked"] == {"beta_aug": 3.0} and said["values"]["beta_aug"] == 2.0
    assert main(["set", run.id, "beta_aug=300"]) == 2
    assert "beta_aug may be 0 to 10" in capsys.readouterr().err
    assert main(["fork", run.id, "--set", "beta_aug=3"]) == 2
    assert "no checkpoint to fork from" in capsys.readouterr().err


def test_every_method_names_weights_and_its_learning_rate_as_live() -> None:
    for name in METHODS:
        live = {one.name for one in card(name).hyperparameters if one.live}
        assert "learning_rate" in live
        assert {term.weight for term in card(name).terms if term.weight} <= live
