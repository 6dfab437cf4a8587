"""The store is away for a while, and the process that trains does not live to see it come back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from postgresql import PostgreSQL
from programs import Program
from sqlalchemy import text

from mmclust import worker
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

CHILD = """
import sys
from mmclust.engine import trainer
from mmclust.runs import database
trainer.CHECKPOINT_EVERY_S, database.BUSY_TIMEOUT_S = 0.2, 0.1
from mmclust.worker import main
main()
"""


def created(store: RunStore) -> Run:
    return store.create(
        build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, epochs=400, limit=192, seed=3)
    )


@contextmanager
def away(store: RunStore, url: str, request: pytest.FixtureRequest) -> Iterator[None]:
    if not url.startswith("sqlite"):
        server: PostgreSQL = request.getfixturevalue("postgresql")
        server.stop()
        yield
        return server.start()
    with store.writing() as connection:
        connection.execute(text("SELECT 1"))
        yield


def wait_until(reached, child: Program) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)


def finish(store: RunStore, run: Run) -> None:
    active = store.claim(run.id)
    assert active is not None and worker.execute(active) == "finished"


@pytest.mark.slow
def test_a_run_killed_while_its_store_was_away_ends_like_one_that_was_not(
    store_url: str, request: pytest.FixtureRequest, tmp_path: Path
):
    store = RunStore()
    run = created(store)
    child = Program(CHILD, run.id, output=tmp_path / "output.txt", complaints=tmp_path / "complaints.txt")
    checkpoint = run.folder / "checkpoint.pt"
    wait_until(lambda: checkpoint.exists() and run.record().step > 0, child)
    with away(store, store_url, request):
        gone = time.time()
        wait_until(lambda: checkpoint.stat().st_mtime > gone + 1.5, child)
        child.kill()
        child.wait()
    stored = run.record().step
    with store.writing() as connection:  # the half minute after which a silent run counts as interrupted
        connection.execute(text("UPDATE runs SET heartbeat = heartbeat - 60"))
        connection.execute(text("UPDATE leases SET heartbeat = heartbeat - 60"))
    store.requeue(run.id, "thread")
    finish(store, run)
    whole = created(store)  # earlier, it would stand before the other in the queue for some seconds
    finish(store, whole)
    assert stored < whole.record().step, "killed too late to prove anything"
    assert run.record().metrics == whole.record().metrics
    columns = ["step", "epoch", "name", "value"]
    assert run.metrics()[columns].equals(whole.metrics()[columns])
    np.testing.assert_array_equal(run.snapshot().logits, whole.snapshot().logits)
