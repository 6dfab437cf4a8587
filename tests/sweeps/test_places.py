"""The queue that runs of sweeps have for themselves."""

import time

from sqlalchemy import update

from mmclust.runs.queue import SWEEP
from mmclust.runs.record import HEARTBEAT_LIMIT_S
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.runs.tables import LEASES, RUNS


def queued(store: RunStore, launcher: str = SWEEP) -> Run:
    return store.create(RunSpec(dataset="digits", method="dccs", config={}, epochs=3, launcher=launcher))


def test_as_many_runs_of_sweeps_share_a_device_as_there_are_places(store: RunStore):
    runs = [queued(store) for _ in range(3)]
    taken = [store.claim(run.id, places=2) for run in runs]
    assert [run and run.device for run in taken] == ["cpu", "cpu", None]
    told = store.record(runs[2].id).waiting_for
    assert told == f"It waits for cpu/sweep-1 or cpu/sweep-2, used by {runs[0].id}, {runs[1].id}."
    assert taken[0] is not None
    taken[0].finish("finished")
    assert store.claim(runs[2].id, places=2) is not None


def test_sweeps_and_ordinary_runs_do_not_wait_for_each_other(store: RunStore):
    ordinary, second = queued(store, "command"), queued(store, "thread")
    for _ in range(2):
        assert store.claim(queued(store).id, places=2) is not None
    assert store.claim(ordinary.id) is not None
    assert store.claim(second.id) is None
    assert "one more" not in store.record(second.id).waiting_for


def test_an_ordinary_claim_takes_no_run_of_a_sweep_and_the_other_way_round(store: RunStore):
    queued(store)
    assert store.claim() is None
    queued(store, "thread")
    one = store.claim(places=1)
    assert one is not None and one.spec.launcher == SWEEP
    assert store.claim(places=1) is None


def test_the_place_of_a_dead_worker_is_free(store: RunStore):
    silent, waiting = queued(store), queued(store)
    assert store.claim(silent.id, places=1) is not None
    with store.writing() as connection:
        old = {"heartbeat": time.time() - HEARTBEAT_LIMIT_S - 1}
        connection.execute(update(RUNS).where(RUNS.c.run_id == silent.id).values(**old))
        connection.execute(update(LEASES).values(**old))
    assert store.claim(waiting.id, places=1) is not None
    assert store.record(silent.id).status == "interrupted"
