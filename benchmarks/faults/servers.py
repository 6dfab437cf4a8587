"""Stops of a server in every phase: it ends by itself, and what it trained can be resumed."""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from benchmarks.faults.original import SLOW_S, Original, Wrong, finish
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.settings import TOP

ABORTED = ("Traceback", "terminate called", "Fatal Python error", "core dumped")
PHASES = ("cold", "warming", "queued", "training")


def stops(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Start a server that finds a queued run, and stop it in some phase."""
    home.mkdir()
    store = RunStore(home / "home")
    run = store.create(whole.spec())
    phase, how = chance.choice(PHASES), chance.choice((signal.SIGINT, signal.SIGTERM))
    with (home / "server.log").open("wb") as log:
        server, port = _started(store, log)
        try:
            _reach(phase, server, port, run)
            time.sleep(chance.uniform(0.0, 1.5))
            server.send_signal(how)
            code = server.wait(SLOW_S)
        finally:
            server.kill()
            server.wait()
    written = (home / "server.log").read_text(errors="replace")
    # Streamlit's command line ends with 1 and the word Aborted after every Ctrl-C.
    clean = (0, -how, 128 + how, *[1] * (how is signal.SIGINT))
    if code not in clean or any(sign in written for sign in ABORTED):
        raise Wrong(f"{how.name} while {phase} ended a server with {code}: {written[-300:]}")
    yield f"{how.name} while {phase}"
    finish(whole, store, run)
    store.close()
    yield "resumed"


def _started(store: RunStore, log: IO[bytes]) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"MMCLUST_HOME": str(store.home), "MMCLUST_STORE": store.url, "MMCLUST_THREADS": "1"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    server = subprocess.Popen(command, cwd=TOP, env=os.environ | own, stdout=log, stderr=log)
    return server, port


def _reach(phase: str, server: subprocess.Popen[bytes], port: int, run: Run) -> None:
    """Wait until the server is in a phase; it takes the queue up once a browser has shown a page."""
    if phase == "cold":
        return
    until = time.monotonic() + SLOW_S
    _wait(lambda: _answers(port, "/_stcore/health"), server, until)
    if phase == "queued":
        return
    _open_page(port)
    if phase == "training":
        _wait(lambda: bool(run.record().step), server, until)


def _open_page(port: int) -> None:
    """Open the first page as a browser does, which begins to load torch and then takes the queue up."""
    from benchmarks.sessions import response_times

    response_times(f"http://127.0.0.1:{port}", ("",), "", sessions=1, visits=1, thinking_s=0.1)
    _answers(port, "/shown")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 300
    except OSError:
        return False
    finally:
        connection.close()


def _wait(is_so: Callable[[], bool], server: subprocess.Popen[bytes], until: float) -> None:
    while not is_so():
        if server.poll() is not None or time.monotonic() > until:
            raise Wrong("a server did not start")
        time.sleep(0.1)
