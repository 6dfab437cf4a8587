"""A sweep in a process of its own: it outlives the server or terminal that started it."""

import logging
import signal
import subprocess
import sys
import threading

from mmclust import audit
from mmclust.launch import ray
from mmclust.launch.process import environment
from mmclust.runs.queue import RAY, SWEEP
from mmclust.runs.store import RunStore
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.runner import run_sweep
from mmclust.sweeps.sweep import Sweep


def start(store: RunStore, sweep: Sweep, launcher: str = SWEEP, gpus_per_run: float = 1.0) -> None:
    """Carry a sweep out in the background, from where it is; returns at once. What comes of it is in the store.

    Args:
        store: the runs are in.
        sweep: what is asked for.
        launcher: `sweep` for processes of this machine, `ray` for a cluster.
        gpus_per_run: part of a GPU that a cluster keeps free for each run.

    Raises:
        ValueError: it is being carried out already, or the cluster does not answer.
    """
    if launcher == RAY:
        ray.check()
    if any(known.sweep_id == sweep.id and known.status == "running" for known in sweeps.listed(store)):
        raise ValueError(f"sweep {sweep.id} is running already; stop it first, or wait until it ends")
    sweeps.begin(store, sweep, n_runs=sweep.n_runs)
    audit.note(store.home, "start", sweep.id, launcher=launcher, n_runs=sweep.n_runs)
    with (store.home / "sweeps.log").open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "mmclust.sweeps.child", sweep.id, launcher, str(gpus_per_run)],
            env=environment(store),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C in the server's terminal is not meant for it
        )
    threading.Thread(target=child.wait, name=f"watch-{sweep.id}", daemon=True).start()


def main() -> None:
    """Entry of the child process; its arguments: id of a sweep in the store, launcher of its runs, GPUs for each."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    store = RunStore()
    sweep_id, launcher, gpus = sys.argv[1:]
    run_sweep(store, sweeps.get(store, sweep_id).sweep, launcher=launcher, gpus_per_run=float(gpus), stop=stop)


if __name__ == "__main__":
    main()
