"""Servers: stopped in every phase, and visited by many at once.

A server that is stopped ends by itself, and what it trained can be resumed. What it is doing is read from its stacks,
which it writes when it is asked for them, and when it answers a signal.
"""

import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.faults.original import SLOW_S, Original, Wrong, finish
from benchmarks.sessions import response_times
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.settings import TOP

ABORTED = ("Traceback", "terminate called", "Fatal Python error", "core dumped")
PHASES = ("cold", "warming", *("queued", "training", "evaluating", "layout") * 2)
AT_WORK = {
    "warming": "torch/__init__.py",
    "training": "engine/trainer.py",
    "evaluating": "engine/evaluation.py",
    "layout": "analysis/projection.py",
}
"""What stands in the stacks of a server in a phase."""
LATER_S = {"cold": 1.5, "queued": 3.0, "training": 1.0}
"""How long after a phase was reached a signal comes at most; at once where nothing is said."""
SOON_S = (2, 10, 30, 120)
"""How soon a server ends, on a machine that may be busy with other things."""
USED_MIB = (50, 100, 200, 400, 800, 1600, 3200, 6400)
VISITED = ("", "data", "train", "map", "clusters", "confusion", "explain", "compare", "sensitivity")
VISITORS = (30, 30, 30, 100)
SERVE = """
import faulthandler, signal, sys
stacks = open(sys.argv.pop(1), "wb", buffering=0)
# By a handler of Python's, which has the interpreter to itself: faulthandler's own reads stacks that move meanwhile.
signal.signal(signal.SIGUSR1, lambda *_: faulthandler.dump_traceback(stacks, all_threads=True))
from mmclust.ui import ending
answer = ending._Ending.answer
def told(*about):
    faulthandler.dump_traceback(stacks, all_threads=True)
    answer(*about)
ending._Ending.answer = told
from mmclust.ui.__main__ import main
main()
"""


class Server:
    """The app on a free port, which can be asked for its stacks.

    Args:
        store: what it shows, and whose queue it serves.
        folder: for its log and its stacks.
    """

    def __init__(self, store: RunStore, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log, self._stacks, self._asked = folder / "server.log", folder / "stacks", 0
        own = {"MMCLUST_HOME": str(store.home), "MMCLUST_STORE": store.url, "MMCLUST_THREADS": "1"}
        command = [sys.executable, "-c", SERVE, str(self._stacks)]
        command += [f"--server.port={self.port}", "--server.headless=true", "--server.fileWatcherType=none"]
        with self._log.open("wb") as log:
            about = {"cwd": TOP, "env": os.environ | own, "stdout": log, "stderr": log}
            self.process = subprocess.Popen(command, preexec_fn=_hear, **about)

    @property
    def used_mib(self) -> float:
        """Memory of its own that it uses; 0 where the system does not say."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(errors="replace")

    def answers(self, path: str = "/_stcore/health") -> bool:
        """Whether it answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status < 300
        except OSError:
            return False
        finally:
            connection.close()

    def show(self, page: str = "", query: str = "") -> None:
        """Open a page as a browser does; the first one begins to load torch and then takes the queue up."""
        self.visited_by(1, (page,), query, visits=1, thinking_s=0.1)
        self.answers("/shown")

    def visited_by(self, n: int, pages: tuple[str, ...], query: str, *, visits: int, thinking_s: float) -> list[float]:
        """Milliseconds that pages took of so many visitors at once.

        Raises:
            Wrong: a page did not come, or failed.
        """
        about = {"sessions": n, "visits": visits, "thinking_s": thinking_s, "patience_s": SLOW_S}
        try:
            return response_times(f"http://127.0.0.1:{self.port}", pages, query, **about)
        except RuntimeError as error:
            raise Wrong(f"of {n} visitors: {error}; {self.log[-200:]}") from error

    def does(self, work: str) -> bool:
        """Whether a file stands in its stacks now; it has to answer already."""
        before = self._stacks.stat().st_size
        self.process.send_signal(signal.SIGUSR1)
        until = time.monotonic() + 1
        while self._stacks.stat().st_size == before and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(0.005)
        with self._stacks.open("rb") as file:
            file.seek(before)
            return work.encode() in file.read()

    def did(self, work: str) -> bool:
        """Whether a file stood in its stacks when it answered the signal that stopped it."""
        with self._stacks.open("rb") as file:
            file.seek(self._asked)
            return work.encode() in file.read()

    def wait(self, is_so: Callable[[], bool], pause_s: float = 0.1) -> None:
        """Wait until something is so.

        Raises:
            Wrong: it never is, or the server has ended.
        """
        until = time.monotonic() + SLOW_S
        while not is_so():
            if self.process.poll() is not None or time.monotonic() > until:
                raise Wrong(f"a server did not come so far: {self.log[-300:]}")
            time.sleep(pause_s)

    def stop(self, how: signal.Signals, phase: str) -> str:
        """Send it a signal; how soon it has ended.

        Raises:
            Wrong: it does not end, or not in good order.
        """
        began = time.monotonic()
        self._asked = self._stacks.stat().st_size if self._stacks.exists() else 0
        self.process.send_signal(how)
        try:
            code = self.process.wait(SLOW_S)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{how.name} while {phase} does not end a server: {self.log[-300:]}") from None
        took, log = time.monotonic() - began, self.log
        early = phase == "cold" and (code == -how or log.rstrip().endswith("KeyboardInterrupt"))  # by Python itself
        if not early and (code != 0 or any(sign in log for sign in ABORTED)):
            raise Wrong(f"{how.name} while {phase} ended a server with {code}: {log[-300:]}")
        return f"ended within {_within(took, SOON_S)} s"


def _within(value: float, steps: tuple[int, ...]) -> int:
    """The step that a value is below; the last one's double where it is below none."""
    return next((step for step in steps if value < step), 2 * steps[-1])


def _hear() -> None:
    """Let Ctrl-C end what is started: shells make those deaf to it that they start in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def served(store: RunStore, folder: Path) -> Iterator[Server]:
    """A server that is gone afterwards, whatever happens."""
    server = Server(store, folder)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def stops(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Start a server that finds queued runs, and stop it in some phase."""
    shutil.copytree(whole.home, home / "home")
    store = RunStore(home / "home")
    shutil.rmtree(store.folder(whole.run_id) / "layouts", ignore_errors=True)
    phase, how = chance.choice(PHASES), chance.choice((signal.SIGINT, signal.SIGTERM))
    n_runs = chance.choice((1, 2)) if phase == "queued" else 1  # alone, or behind one that trains
    runs = [store.create(whole.spec()) for _ in range(n_runs)]
    with served(store, home) as server:
        _reach(phase, server, runs, whole.run_id)
        time.sleep(chance.uniform(0.0, LATER_S.get(phase, 0.0)))
        is_early = phase == "cold" and not server.answers()
        soon = server.stop(how, phase)
        met = server.did(AT_WORK[phase]) if phase in AT_WORK else is_early
    if phase == "queued":
        met = runs[-1].record().status == "queued"
    yield f"{how.name} while {phase}" if met else f"{how.name} when {phase} was over"
    yield soon
    for run in runs:
        finish(whole, store, run)
    store.close()
    yield "resumed"


def _reach(phase: str, server: Server, runs: list[Run], shown: str) -> None:
    """Wait until the server is in a phase, or that was over before it was seen."""
    if phase == "cold":
        return
    server.wait(server.answers)
    if phase == "queued" and len(runs) == 1:
        return
    server.show("map" if phase == "layout" else "", f"run={shown}")
    first = runs[0]
    if phase in ("queued", "training", "evaluating"):
        server.wait(lambda: bool(first.record().step))
    if phase in LATER_S:
        return
    until = time.monotonic() + 60
    while time.monotonic() < until and first.record().status != "finished" and not server.does(AT_WORK[phase]):
        pass


def sessions(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Let many visitors look at every page while a run trains; no page fails, and the run has its numbers."""
    shutil.copytree(whole.home, home / "home")
    store = RunStore(home / "home")
    run, n = store.create(whole.spec()), chance.choice(whole.visitors or VISITORS)
    with served(store, home) as server:
        server.wait(server.answers)
        server.show()
        took, used = [], []
        for _ in range(2):
            took += server.visited_by(n, VISITED, f"run={whole.run_id}", visits=3, thinking_s=5.0)
            used.append(server.used_mib)
        if not server.answers():
            raise Wrong(f"a server is down after {n} visitors")
        yield f"{n} visitors, no page down"
        yield f"{n} visitors, half of the pages within {_within(median(took) / 1000, SOON_S)} s"
        yield f"{n} visitors, at most {_within(used[-1], USED_MIB)} MiB"
        yield f"{n} visitors, {_within(used[-1] - used[0], USED_MIB)} MiB more when they come again, at most"
        yield server.stop(signal.SIGTERM, "visited")
    finish(whole, store, run)
    store.close()
    yield "trained to the same numbers"
