import asyncio
import gc
import threading
import time
from importlib import import_module

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

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
    assert warmer.pages.wait(10)
    warmer.served.set()
    time.sleep(0.3)
    assert loaded == [server.PAGES]
    answer = asyncio.run(server._shown(Request({"type": "http"})))
    thread.join(10)
    assert answer.status_code == 204 and loaded == [server.PAGES, server.LATE]


def test_other_pages_are_loaded_after_the_first_is_shown_or_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[tuple[str, ...]] = []
    monkeypatch.setattr(server, "_load", lambda names, stop: loaded.append(names))
    for want in ("show", "wait_for_pages", "nobody"):
        loaded.clear()
        warmer = server._Warmer()
        monkeypatch.setattr(server, "_warmer", warmer)
        if want != "nobody":
            warmer.asked.set()  # a browser waits for the first page
        warmer.start()
        if want != "nobody":
            assert not warmer.pages.wait(0.2) and not loaded
            warmer.show() if want == "show" else server.wait_for_pages()
        assert warmer.pages.wait(10) and loaded == [server.PAGES]
        warmer.end()
        assert warmer.thread is not None
        warmer.thread.join(30)
        assert loaded == [server.PAGES], "a process that shows no page loads no torch"


def test_what_is_loaded_ahead_is_there_and_starts_nothing():
    for name in server.FIRST + server.PAGES + server.LAST:
        import_module(name)
    assert gc.isenabled(), "the module that starts a server did so"


def test_a_browser_connects_once_the_first_page_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[str] = []
    answers: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])
        if scope["type"] == "websocket":
            passed.extend([(await receive())["type"] for _ in range(2)])

    async def send(message: Message) -> None:
        answers.append(message["type"])

    async def story() -> None:
        loaded = asyncio.Event()

        async def load() -> None:
            await loaded.wait()

        monkeypatch.setattr(server.Opening, "ready", asyncio.create_task(load()))
        opening, staying, leaving = server.Opening(app), asyncio.Queue[Message](), asyncio.Queue[Message]()
        await opening({"type": "http"}, staying.get, send)
        for queue in (staying, leaving):
            queue.put_nowait({"type": "websocket.connect"})
        stays, leaves = (
            asyncio.create_task(opening({"type": "websocket"}, queue.get, send)) for queue in (staying, leaving)
        )
        leaving.put_nowait({"type": "websocket.disconnect"})
        await leaves
        assert passed == ["http"] and answers == ["websocket.close"] and server._warmer.asked.is_set()
        loaded.set()
        staying.put_nowait({"type": "websocket.receive"})
        await stays

    monkeypatch.setattr(server, "_warmer", server._Warmer())
    asyncio.run(story())
    assert passed == ["http", "websocket", "websocket.connect", "websocket.receive"]


def test_a_server_that_is_stopped_while_torch_loads_begins_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    loading, loaded, begun = threading.Event(), threading.Event(), []
    warmer = server._Warmer()
    monkeypatch.setattr(server, "_warmer", warmer)
    monkeypatch.setattr(server, "import_module", lambda name: (begun.append(name), loading.set(), loaded.wait(60)))
    for name in ("stop", "shutdown"):  # other tests of this process have jobs of their own
        monkeypatch.setattr(server.jobs, name, lambda: None)
    monkeypatch.setattr(server, "_take_up_queue", lambda: begun.append("the queue"))
    monkeypatch.setattr(server, "REST_S", 0.0)
    monkeypatch.setattr(warmer, "load_pages", lambda: None)
    warmer.served.set()
    warmer.show()
    warmer.start()
    assert loading.wait(10)
    stopping = threading.Thread(target=lambda: asyncio.run(server.stop()))
    stopping.start()
    assert warmer.stop.wait(60)
    stopping.join(0.5)
    assert stopping.is_alive()  # a process that ends by itself while torch loads is aborted
    loaded.set()
    stopping.join(30)
    assert warmer.thread is not None and not stopping.is_alive() and not warmer.thread.is_alive()
    assert begun == [server.LATE[0]]
