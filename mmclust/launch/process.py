"""Training in a child process: a crash in torch, or of this server, does not reach the other."""

import os
import subprocess
import sys
import threading

from mmclust.runs.store import RunStore
from mmclust.settings import PACKAGE

PACKAGE_ROOT = PACKAGE.parent


def start(store: RunStore, run_id: str) -> None:
    """Start a child that waits for the run's device and executes it. It outlives this process."""
    with (store.folder(run_id) / "worker.log").open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "mmclust.worker", run_id],
            env=environment(store),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C in the server's terminal is not meant for it
        )
    threading.Thread(target=_watch, args=(store, run_id, child), name=f"watch-{run_id}", daemon=True).start()


def environment(store: RunStore) -> dict[str, str]:
    """Variables for a child that finds the same package and works on the same store."""
    paths = filter(None, (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")))
    own = {"MMCLUST_HOME": str(store.home), "MMCLUST_STORE": store.url, "PYTHONPATH": os.pathsep.join(paths)}
    return os.environ | own


def _watch(store: RunStore, run_id: str, child: subprocess.Popen[bytes]) -> None:
    """Wait for the child, so that it does not stay a zombie, and tell the store if it died."""
    code = child.wait()
    if code:
        how = f"was killed by signal {-code} (often memory)" if code < 0 else f"ended with code {code}"
        store.mark_dead(run_id, f"Its process {how}; worker.log in the run's folder may say why, resume to go on.")
