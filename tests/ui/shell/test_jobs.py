import threading
import time

import pytest

from mmclust.ui.shell import jobs
from mmclust.ui.shell.jobs import MAX_FINISHED, Cancelled, JobQueue


@pytest.fixture
def queue():
    queue = JobQueue(workers=2)
    yield queue
    queue.close()


def test_who_asks_for_the_same_thing_shares_one_job(queue: JobQueue) -> None:
    calls = []
    jobs = [queue.submit("layout", lambda report: calls.append(1) or 42) for _ in range(5)]
    assert jobs[0].done.wait(5)
    assert {id(job) for job in jobs} == {id(jobs[0])}
    assert (jobs[0].result, len(calls)) == (42, 1)


def test_progress_can_be_watched_and_stays_between_0_and_1(queue: JobQueue) -> None:
    go, seen = threading.Event(), threading.Event()

    def work(report):
        report(7.0)
        seen.set()
        go.wait(5)
        report(-1.0)

    job = queue.submit("slow", work)
    assert seen.wait(5)
    assert job.fraction == 1.0
    go.set()
    assert job.done.wait(5)
    assert job.fraction == 0.0


def test_a_failed_job_keeps_its_error_and_can_be_asked_for_again(queue: JobQueue) -> None:
    def fail(report):
        raise ValueError("too few samples")

    job = queue.submit("bad", fail)
    assert job.done.wait(5)
    assert str(job.error) == "too few samples"
    queue.forget("bad")
    again = queue.submit("bad", lambda report: "fine")
    assert again.done.wait(5)
    assert again.result == "fine"


def test_only_the_latest_results_are_kept(queue: JobQueue) -> None:
    for i in range(MAX_FINISHED + 10):
        assert queue.submit(i, lambda report: None).done.wait(5)
    assert len(queue.jobs) <= MAX_FINISHED + 1
    assert MAX_FINISHED + 9 in queue.jobs


def test_closing_ends_a_job_at_its_next_report() -> None:
    queue, started = JobQueue(workers=1), threading.Event()

    def work(report):
        started.set()
        while True:
            report(0.5)

    job = queue.submit("endless", work)
    assert started.wait(5)
    queue.close()
    assert job.done.is_set()
    assert isinstance(job.error, Cancelled)


def test_a_page_waits_for_all_its_jobs_together_and_not_again(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_queue", queue)
    monkeypatch.setattr(jobs, "WAIT_S", 2.5)
    go = threading.Event()
    names = ("one", "two")
    for name in names:
        jobs.start(name, lambda report: go.wait(30))
    began = time.monotonic()
    for name in names * 2:
        assert jobs.result(name, lambda report: None, label="Waiting") is None
    assert time.monotonic() - began < 4.9
    go.set()
    assert queue.jobs["two"].done.wait(5)
    assert [jobs.result(name, lambda report: None, label="Waiting") for name in names] == [True, True]
