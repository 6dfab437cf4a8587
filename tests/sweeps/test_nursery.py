import os
import signal

import psutil
import pytest

from mmclust.runs.store import RunStore
from mmclust.sweeps import nursery
from mmclust.sweeps.pool import Answer, Pool
from mmclust.sweeps.sweep import Cell


def the_nursery() -> psutil.Process:
    """The one of this process."""
    return psutil.Process(nursery._nurseries[0].pid)


def answer(pool: Pool) -> Answer:
    found = pool.wait(120)
    assert found is not None
    return found


@pytest.mark.slow
def test_a_worker_outlives_its_nursery_and_the_next_one_comes_from_another(store: RunStore, base: Cell):
    pool = Pool(store, 2)
    first, second = (store.create(base.build_spec(seed)).id for seed in (0, 1))
    pool.give(first)
    assert answer(pool) == Answer(run_id=first)
    before = the_nursery()
    assert before.num_threads() == 1, "a copy of a process with threads is not whole"
    worker = before.children()[0]
    assert worker.cpu_times().user < before.cpu_times().user, "it has loaded everything anew"
    before.kill()
    before.wait(60)
    pool.give(second)
    assert answer(pool) == Answer(run_id=second)
    assert store.record(second).status == "finished"
    third = store.create(base.build_spec(2)).id
    os.kill(worker.pid, signal.SIGKILL)
    assert answer(pool) == Answer(run_id="", died="ended"), "how it ended is known to its nursery alone"
    pool.give(third)
    assert answer(pool) == Answer(run_id=third)
    assert the_nursery() != before
    pool.close()
    assert the_nursery().children() == []


def test_a_worker_that_cannot_start_says_so_and_does_not_end_its_nursery(store: RunStore):
    pool = Pool(store, 1)
    store.close()
    store.url = "nonsense"
    pool.prepare(1)
    assert answer(pool) == Answer(run_id="", died="ended with code 1")
    assert "address cannot be read" in (store.home / "sweeps.log").read_text()
    assert the_nursery().is_running()
