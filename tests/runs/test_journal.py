"""Numbers that the store missed, lost or may have kept: they come back from the journal in the run's folder."""

import errno
import os
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from sqlalchemy import delete, update

from mmclust.runs import journal
from mmclust.runs.active import ActiveRun
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import LEASES, METRICS, RUNS


def evaluation(value: float) -> dict[str, float]:
    return {f"eval/{name}": value for name in ("acc", "nmi", "ari")}


def resumed(active: ActiveRun) -> ActiveRun:
    """The run claimed anew after its process died."""
    with active.store.writing() as connection:
        connection.execute(update(RUNS).values(status="interrupted", token=None))
        connection.execute(delete(LEASES))
    active.store.requeue(active.id, "thread")
    again = RunStore().claim(active.id)
    assert again is not None
    return again


def broken(**_):
    raise StoreUnavailable("the run store does not answer")


def test_points_that_the_store_missed_before_a_death_come_back_from_the_folder(
    active: ActiveRun, run: Run, monkeypatch: pytest.MonkeyPatch
):
    active.log({"loss/a": 1.0, **evaluation(0.1)}, step=1, epoch=1)
    active.checkpoint({"step": 1})
    with monkeypatch.context() as away:
        away.setattr(run.store, "writing", broken)
        active.log({"loss/a": float("nan"), **evaluation(0.2)}, step=2, epoch=2)
        active.checkpoint({"step": 2})
        active.log({"loss/a": 3.0, **evaluation(0.3)}, step=3, epoch=3)
    assert run.metrics()["step"].tolist() == [1] * 4
    again = resumed(active)
    assert again.rewind(2, n_points=8) == 0
    again.finish("stopped")
    points = run.metrics(["loss/a"])
    assert points["step"].tolist() == [1, 2]
    np.testing.assert_array_equal(points["value"], [1.0, float("nan")])
    assert run.record().metrics == {"acc": 0.2, "nmi": 0.2, "ari": 0.2}


def test_a_run_counts_the_points_that_nobody_has(active: ActiveRun, run: Run):
    for step in (1, 2, 3):
        active.log({"loss/a": 1.0, "loss/b": 1.0}, step=step, epoch=step)
    active.checkpoint({"step": 3})
    with run.store.writing() as connection:
        connection.execute(delete(METRICS).where(METRICS.c.step > 1))
    damaged = run.folder / "journal.txt"
    damaged.write_bytes(damaged.read_bytes().replace(b"[2,", b"[1,"))
    assert resumed(active).rewind(3, n_points=6) == 2
    assert resumed(active).rewind(3, n_points=6) == 2
    assert run.metrics()["step"].tolist() == [1, 1, 3, 3]


def test_half_a_line_at_the_end_of_a_journal_harms_no_other(active: ActiveRun):
    active.log({"loss/a": 1.0}, step=1, epoch=1)
    active.checkpoint({"step": 1})
    with (active.folder / "journal.txt").open("ab") as file:
        file.write(b"0123abcd [2, 1.0, {")
    active.log({"loss/a": 1.0}, step=2, epoch=1)
    active.checkpoint({"step": 2})
    assert [entry.step for entry in journal.read(active.folder)] == [1, 2]


def test_a_journal_that_cannot_be_written_is_as_it_was_and_so_is_the_checkpoint(
    active: ActiveRun, monkeypatch: pytest.MonkeyPatch
):
    active.log({"loss/a": 1.0}, step=1, epoch=1)
    active.checkpoint({"step": 1})
    before = [(active.folder / name).read_bytes() for name in ("journal.txt", "checkpoint.pt")]

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        active.log({"loss/a": 1.0}, step=2, epoch=1)
        with pytest.raises(OSError, match="is full"):
            active.checkpoint({"step": 2})
    assert before == [(active.folder / name).read_bytes() for name in ("journal.txt", "checkpoint.pt")]
    active.checkpoint({"step": 2})
    assert [entry.step for entry in journal.read(active.folder)] == [1, 2]


def breaking(run: Run, monkeypatch: pytest.MonkeyPatch, *, kept: bool) -> None:
    """The next transaction breaks off at its end, and the store has kept it or not; those after it work."""
    working = run.store.writing

    @contextmanager
    def once(**options):
        monkeypatch.setattr(run.store, "writing", working)
        if kept:
            with working(**options) as connection:
                yield connection
        else:
            yield from _undone(working, options)
        raise StoreUnavailable("the run store does not answer: server closed the connection unexpectedly")

    monkeypatch.setattr(run.store, "writing", once)


def _undone(working, options):
    with suppress(ZeroDivisionError), working(**options) as connection:
        yield connection
        raise ZeroDivisionError


@pytest.mark.parametrize("kept", [True, False])
def test_points_of_a_transaction_that_was_not_confirmed_are_stored_once(
    active: ActiveRun, run: Run, kept: bool, monkeypatch: pytest.MonkeyPatch
):
    figures = {"acc": 0.5, "nmi": 0.4, "ari": 0.3}
    active.log({f"eval/{name}": value for name, value in figures.items()}, step=1, epoch=1)
    breaking(run, monkeypatch, kept=kept)
    active.writer.flush()
    active.log({"loss/a": 2.0}, step=2, epoch=2)
    active.writer.flush()
    active.finish("finished")
    assert run.metrics()[["step", "name"]].values.tolist() == [
        [1, "eval/acc"],
        [1, "eval/nmi"],
        [1, "eval/ari"],
        [2, "loss/a"],
    ]
    assert run.record().metrics == figures


@pytest.mark.parametrize("kept", [True, False])
def test_an_ending_that_was_not_confirmed_is_stored(
    active: ActiveRun, run: Run, kept: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mmclust.runs.store_writer.WRITE_EVERY_S", 0.01)
    active.log({"loss/a": 1.0}, step=1, epoch=1)
    breaking(run, monkeypatch, kept=kept)
    active.finish("finished")
    assert run.record().status == "finished" and len(run.metrics()) == 1
    assert RunStore().claim(RunStore().create(run.spec).id) is not None, "the device was not given back"


def test_points_that_a_store_confirmed_and_lost_are_there_at_the_end(active: ActiveRun, run: Run):
    active.log({"loss/a": 3.0}, step=1, epoch=1)
    active.log({"loss/a": 2.0}, step=2, epoch=2)
    active.writer.flush()
    with run.store.writing() as connection:  # as a database that was cut off before its log was on the disk
        connection.execute(METRICS.delete().where(METRICS.c.run_id == run.id, METRICS.c.step == 1))
    active.log({"loss/a": 1.0}, step=3, epoch=3)
    active.finish("finished")
    assert run.metrics()["value"].tolist() == [3.0, 2.0, 1.0]


def test_what_needs_the_store_waits_for_it(active: ActiveRun, run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmclust.runs.store_writer.WRITE_EVERY_S", 0.01)
    active.log({"loss/a": 1.0}, step=1, epoch=1)
    breaking(run, monkeypatch, kept=False)
    assert active.rewind(0) == 0
    active.finish("finished")
    assert run.metrics().empty
