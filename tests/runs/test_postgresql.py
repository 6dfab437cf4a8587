import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from postgresql import PostgreSQL

from mmclust import worker
from mmclust.runs import store_writer as module
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec


@pytest.fixture(autouse=True, params=["postgresql"])
def store_url(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MMCLUST_STORE", postgresql_url)
    return postgresql_url


@pytest.fixture
def broken(postgresql: PostgreSQL) -> Iterator[PostgreSQL]:
    """A server that the test may stop; it runs again afterwards."""
    yield postgresql
    if not postgresql.runs:
        postgresql.start()


def queued(store: RunStore, epochs: int = 40) -> Run:
    return store.create(
        build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, epochs=epochs, limit=192)
    )


def trained(run: Run) -> threading.Thread:
    active = RunStore().claim(run.id)
    assert active is not None
    job = threading.Thread(target=worker.execute, args=(active,))
    job.start()
    deadline = time.monotonic() + 120
    while run.record().step < 20 and job.is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return job


def assert_same_numbers(run: Run, whole: Run) -> None:
    """Evaluations are thinned by time, so curves are compared where both have a point."""
    assert run.record().metrics == whole.record().metrics
    np.testing.assert_array_equal(run.snapshot().logits, whole.snapshot().logits)
    curves = [one.metrics().set_index(["name", "step"])["value"] for one in (run, whole)]
    common = curves[0].index.intersection(curves[1].index)
    assert len(common) > 20 and curves[0].index.is_unique
    np.testing.assert_array_equal(curves[0][common], curves[1][common])


def test_an_address_without_a_server_is_one_sentence_without_the_password(tmp_path):
    with pytest.raises(StoreUnavailable, match="cannot be used: connection failed: .*refused") as caught:
        RunStore(tmp_path, "postgresql://someone:secret@127.0.0.1:1/runs")
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://root@localhost/runs", "no address at all"])
def test_other_databases_are_refused(url: str, tmp_path):
    with pytest.raises(StoreUnavailable, match="MMCLUST_STORE takes sqlite:///FILE or postgresql://"):
        RunStore(tmp_path, url)


def test_two_processes_may_open_an_empty_database_at_the_same_time(store_url: str, home):
    failed: list[BaseException] = []

    def opened() -> None:
        try:
            RunStore(home, store_url).list(examples=False)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=opened) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_a_text_with_a_zero_character_is_kept_without_it():
    run = queued(RunStore())
    run.write_note("before\0after")
    assert run.record().note == "beforeafter"


@pytest.mark.slow
def test_a_database_that_is_gone_for_a_while_costs_a_run_nothing(broken: PostgreSQL):
    store = RunStore()
    whole, run = queued(store), queued(store)
    trained(whole).join()
    job = trained(run)
    broken.stop()
    with pytest.raises(StoreUnavailable, match="does not answer"):
        run.record()
    time.sleep(1.5)
    broken.start()
    job.join(120)
    record = run.record()
    assert (record.status, record.step) == ("finished", whole.record().step)
    assert_same_numbers(run, whole)


@pytest.mark.slow
def test_a_run_that_outlasts_the_patience_goes_on_later_with_the_same_numbers(
    broken: PostgreSQL, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "STORE_TIMEOUT_S", 0.5)
    monkeypatch.setattr("mmclust.engine.trainer.CHECKPOINT_EVERY_S", 0.1)
    store = RunStore()
    whole, run = queued(store, epochs=400), queued(store, epochs=400)  # longer than the patience on any machine
    trained(whole).join()
    job = trained(run)
    broken.stop()
    job.join(60)
    assert not job.is_alive()
    assert "does not answer" in (run.folder / "error.log").read_text()
    broken.start()
    with store.writing() as connection:  # the half minute after which a silent run counts as interrupted
        connection.exec_driver_sql("UPDATE runs SET heartbeat = heartbeat - 60")
        connection.exec_driver_sql("UPDATE leases SET heartbeat = heartbeat - 60")
    assert run.record().status == "interrupted"
    assert run.record().step < whole.record().step
    store.requeue(run.id, "thread")
    trained(run).join(120)
    assert run.record().status == "finished"
    assert_same_numbers(run, whole)
