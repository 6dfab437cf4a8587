"""Training in a child process: a crash in torch, or of this server, does not reach the other.

Loading torch takes seconds. A child that has done so can be kept ready, so that a run starts as soon as in a thread.

Workers of sweeps are copies of one process instead (`mmclust.sweeps.nursery`), which pays where there are hundreds of
them. A run needs no more than the one that is ready, which is a program started anew: it has a session of its own,
outlives the server, works with any variables, and on systems where a copy of a process with torch is not safe.
"""

import os
import subprocess
import sys
import threading
from typing import IO, Any

from mmclust import audit
from mmclust.runs.store import RunStore
from mmclust.settings import PACKAGE

PACKAGE_ROOT = PACKAGE.parent
WAIT = "--wait"
"""Tells the child to load everything and to read the run from its input."""

_ready: dict[tuple[tuple[str, str], ...], subprocess.Popen[bytes]] = {}
"""The children that wait, by their variables."""
_lock = threading.Lock()


def prepare(store: RunStore) -> None:
    """Have a child ready for the next start; returns at once. It ends with this process."""
    key = _key(store)
    with _lock:
        child = _ready.get(key)
        if child is None or child.poll() is not None:
            _ready[key] = _spawn(WAIT, dict(key), subprocess.PIPE, subprocess.DEVNULL)


def start(store: RunStore, run_id: str) -> None:
    """Start a child that waits for the run's device and executes it. It outlives this process."""
    child = _told(store, run_id)
    if child is None:
        with (store.folder(run_id) / "worker.log").open("ab") as output:
            child = _spawn(run_id, environment(store), subprocess.DEVNULL, output)
    threading.Thread(target=_watch, args=(store, run_id, child), name=f"watch-{run_id}", daemon=True).start()


def release() -> None:
    """Let the children go that wait for a run."""
    with _lock:
        children = list(_ready.values())
        _ready.clear()
    for child in children:
        child.kill()
        child.communicate()


def environment(store: RunStore) -> dict[str, str]:
    """Variables for a child that finds the same package and works on the same store, for the same user."""
    paths = filter(None, (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")))
    own = {"MMCLUST_HOME": str(store.home), "MMCLUST_STORE": store.url, "PYTHONPATH": os.pathsep.join(paths)}
    return os.environ | own | {audit.VARIABLE: audit.user()}


def _key(store: RunStore) -> tuple[tuple[str, str], ...]:
    """The variables of a child, which executes runs of all users."""
    return tuple(sorted((environment(store) | {audit.VARIABLE: ""}).items()))


def _spawn(argument: str, variables: dict[str, str], given: int, output: int | IO[Any]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "mmclust.worker", argument],
        env=variables,
        stdin=given,
        stdout=output,
        stderr=output,
        start_new_session=True,  # Ctrl-C in the server's terminal is not meant for it
    )


def _told(store: RunStore, run_id: str) -> subprocess.Popen[bytes] | None:
    """The child that was ready and has the run now; None where there was none."""
    with _lock:
        child = _ready.pop(_key(store), None)
    if child is None or child.stdin is None:
        return None
    try:
        child.stdin.write(f"{run_id}\n".encode())
        child.stdin.close()
    except OSError:  # it has ended meanwhile
        child.wait()
        return None
    return child


def _watch(store: RunStore, run_id: str, child: subprocess.Popen[bytes]) -> None:
    """Wait for the child, so that it does not stay a zombie, and tell the store if it died."""
    code = child.wait()
    if code:
        how = f"was killed by signal {-code} (often memory)" if code < 0 else f"ended with code {code}"
        store.mark_dead(run_id, f"Its process {how}; worker.log in the run's folder may say why, resume to go on.")
