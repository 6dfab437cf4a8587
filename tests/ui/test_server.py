import asyncio
import threading
import time

import pytest
from starlette.requests import Request

from mmclust import launch
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec
from mmclust.ui import server


def test_a_run_that_an_earlier_server_left_in_the_queue_is_taken_up() -> None:
    store = RunStore()
    run = store.create(build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, epochs=1, limit=192))
    server._take_up_queue()
    try:
        deadline = time.monotonic() + 240
        while store.record(run.id).active:
            assert time.monotonic() < deadline, store.record(run.id)
            time.sleep(0.05)
    finally:
        launch.shutdown()
    assert store.record(run.id).status == "finished"


def test_torch_waits_until_a_browser_shows_the_first_page(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[str, ...]] = []
    warmer = server._Warmer()
    monkeypatch.setattr(server, "_warmer", warmer)
    monkeypatch.setattr(server, "_load", lambda names, stop: loaded.append(names))
    monkeypatch.setattr(server, "_take_up_queue", warmer.stop.set)
    monkeypatch.setattr(server, "REST_S", 0.0)
    thread = threading.Thread(target=warmer.run)
    thread.start()
    time.sleep(0.3)
    assert not loaded
    answer = asyncio.run(server._shown(Request({"type": "http"})))
    thread.join(10)
    assert answer.status_code == 204 and loaded == [server.LATE]


def test_a_server_that_is_stopped_while_torch_loads_begins_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    loading, loaded, begun = threading.Event(), threading.Event(), []
    warmer = server._Warmer()
    monkeypatch.setattr(server, "_warmer", warmer)
    monkeypatch.setattr(server, "import_module", lambda name: (begun.append(name), loading.set(), loaded.wait(60)))
    monkeypatch.setattr(server.jobs, "shutdown", lambda: None)  # other tests of this process have jobs of their own
    monkeypatch.setattr(server, "_take_up_queue", lambda: begun.append("the queue"))
    monkeypatch.setattr(server, "REST_S", 0.0)
    warmer.shown.set()
    warmer.thread = threading.Thread(target=warmer.run)
    warmer.thread.start()
    assert loading.wait(10)
    stopping = threading.Thread(target=lambda: asyncio.run(server.stop()))
    stopping.start()
    assert warmer.stop.wait(60)
    stopping.join(0.5)
    assert stopping.is_alive()  # a process that ends while torch loads is aborted
    loaded.set()
    stopping.join(30)
    assert not stopping.is_alive() and not warmer.thread.is_alive()
    assert begun == [server.LATE[0]]
