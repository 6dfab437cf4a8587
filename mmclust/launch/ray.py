"""Training on a Ray cluster: the same `execute(run)` as tasks, on as many devices as the cluster has.

A supervisor, a light actor that outlives whoever started it, sends the queued runs of a store to the cluster and has a
run go on from its last checkpoint when its worker dies. All it knows is in the store, so a supervisor that dies itself
is replaced by the cluster. A run of several devices gets a placement group of as many places, and its task starts the
processes that train with it (`mmclust.launch.ray_helpers`). This process never joins the cluster: a program of its own,
`python -m mmclust.launch.ray`, starts the supervisor, because Ray ends every process whose cluster has gone.
"""

import importlib.util
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmclust import settings, worker
from mmclust.errors import first_line
from mmclust.launch.process import environment
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.queue import RAY
from mmclust.runs.record import RunRecord, Status
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.util.placement_group import PlacementGroup

    from mmclust.launch.ray_helpers import RayHelpers
    from mmclust.runs.active import ActiveRun

NAMESPACE = "mmclust"
TURN_S = 1.0
KEEP_S = 3.0
"""How often waiting runs are told that somebody serves them."""
REACHABLE_S = 5.0
START_LIMIT_S = 120.0
SERVED_S = 60.0
"""A supervisor that was started so recently is not started again: it finds new runs by itself."""
MAX_DEATHS = 3
"""A run whose workers died so often is given up."""
PASSED_ON = (
    *("MMCLUST_HOME", "MMCLUST_STORE", "MMCLUST_DATA", "MMCLUST_THREADS", "PYTHONPATH"),
    *("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"),
)
DIED = "Its worker in the Ray cluster died (often memory, or a machine that left); resume to go on."

log = logging.getLogger(__name__)


class _Starter:
    """Starts the supervisor of a store, one attempt at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.attempt: threading.Thread | None = None
        self.served_since = float("-inf")
        self.waiting: list[str] = []

    def start(self, store: RunStore, run_id: str) -> None:
        with self.lock:
            if time.monotonic() - self.served_since < SERVED_S:
                return
            self.waiting.append(run_id)
            if self.attempt is None:
                self.attempt = threading.Thread(target=self._start, args=(store,), name="ray-supervisor", daemon=True)
                self.attempt.start()

    def _start(self, store: RunStore) -> None:
        failure = self._attempt(store)
        with self.lock:
            waiting, self.waiting, self.attempt = self.waiting, [], None
            self.served_since = float("-inf") if failure else time.monotonic()
        for run_id in waiting if failure else ():
            store.mark_dead(run_id, _sentence(failure))

    def _attempt(self, store: RunStore) -> str:
        """Why the supervisor could not be started; empty when it runs."""
        command = [sys.executable, "-m", "mmclust.launch.ray"]
        program = subprocess.Popen(
            command, env=environment(store), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            store.keep_waiting(self.waiting, "The Ray cluster is being asked.")
            try:
                told = program.communicate(timeout=KEEP_S)[1].strip().splitlines()
                return (told or ["the Ray cluster could not be asked"])[-1] if program.returncode else ""
            except subprocess.TimeoutExpired:
                continue
        program.kill()
        program.communicate()
        return f"the Ray cluster did not answer within {START_LIMIT_S:.0f} s; check that it runs, then resume"


_starters: dict[tuple[str, str], _Starter] = {}
_starters_lock = threading.Lock()


def start(store: RunStore, run_id: str) -> None:
    """Have the cluster of MMCLUST_RAY_ADDRESS execute a queued run; returns at once.

    Raises:
        ValueError: Ray is not installed, no cluster is named or it does not answer; the run's record says so too.
    """
    try:
        check()
    except ValueError as error:
        store.mark_dead(run_id, _sentence(str(error)))
        raise
    with _starters_lock:
        starter = _starters.setdefault((str(store.home), store.url), _Starter())
    starter.start(store, run_id)


def check() -> str:
    """Address of the cluster, which is there as far as a short look can tell.

    Raises:
        ValueError: Ray is not installed, no cluster is named or it does not answer.
    """
    if importlib.util.find_spec("ray") is None:
        raise ValueError("Ray is not installed; `pip install -r requirements-ray.txt` brings it, or choose another way")
    address = settings.ray_address()
    if not address:
        raise ValueError(
            "no Ray cluster is named; set MMCLUST_RAY_ADDRESS to its address, e.g. 10.0.0.1:6379, or to auto for the "
            "one on this machine"
        )
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=REACHABLE_S).close()
        except OSError as error:
            raise ValueError(
                f"no Ray cluster answers at {address} ({error.strerror or error}); start it with `ray start --head`, "
                "or set MMCLUST_RAY_ADDRESS"
            ) from None
    return address


def main() -> None:
    """Entry of the program that starts the supervisor of this home's store, where it does not run yet."""
    try:
        _connect(check())
        store = RunStore()
        _check_store(store)
        _supervisor(store)
    except ValueError as error:
        sys.exit(str(error))


def _connect(address: str) -> None:
    import ray

    variables = {name: os.environ[name] for name in PASSED_ON if os.environ.get(name)}
    threads = str(_n_threads())
    variables |= dict.fromkeys(("MMCLUST_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    try:
        ray.init(
            address=address,
            namespace=NAMESPACE,
            runtime_env={"env_vars": variables},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RuntimeError, OSError, ImportError) as error:
        raise ValueError(f"the Ray cluster at {address} cannot be used: {first_line(error)}") from error


def _check_store(store: RunStore) -> None:
    import ray

    machines = {node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"]}
    if store.url.startswith("sqlite") and len(machines) > 1:
        raise ValueError(
            f"the Ray cluster has {len(machines)} machines, which cannot share an SQLite store; set MMCLUST_STORE to a "
            "PostgreSQL database and MMCLUST_HOME to a folder that all machines share"
        )


def _supervisor(store: RunStore) -> None:
    """Find the supervisor of a store or start it, and have it look at the queue."""
    import ray

    name = sha256(f"{store.home} {store.url}".encode()).hexdigest()[:16]
    options: dict[str, Any] = {"name": name, "get_if_exists": True, "lifetime": "detached", "num_cpus": 0}
    actor = ray.remote(Supervisor).options(max_restarts=-1, max_task_retries=3, **options)
    try:
        ray.get(actor.remote(str(store.home), store.url).wake.remote(), timeout=START_LIMIT_S)
    except Exception as error:  # of the cluster or of our constructor there, where the store may be out of reach
        cause = getattr(error, "cause", None) or error
        raise ValueError(f"the Ray cluster cannot serve this store: {str(cause).strip().splitlines()[-1]}") from error


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _n_threads() -> int:
    return settings.n_threads(at_most=1)


class Supervisor:
    """Sends the queued `ray` runs of a store to the cluster, each as a task, until the cluster ends.

    Args:
        home: folder of the runs, the same on all machines.
        url: address of the store.
    """

    def __init__(self, home: str, url: str) -> None:
        self.store = RunStore(Path(home), url)
        self.tasks: dict[ObjectRef[None], str] = {}
        self.groups: dict[str, PlacementGroup] = {}
        """Places of the runs of several devices."""
        self.deaths: Counter[str] = Counter()
        self.kept = float("-inf")
        self.changed = threading.Event()
        self._adopt()
        threading.Thread(target=self._serve, name="mmclust-queue", daemon=True).start()

    def wake(self) -> None:
        """Look at the queue now."""
        self.changed.set()

    def _runs(self, status: Status) -> list[RunRecord]:
        """The cluster's runs of a status, oldest first."""
        return [r for r in reversed(self.store.list(examples=False)) if r.launcher == RAY and r.status == status]

    def _adopt(self) -> None:
        """Tasks die with the supervisor that sent them: what an earlier one had running is sent anew."""
        for record in self._runs("running"):
            self.store.mark_dead(record.run_id, DIED, sure=True)
            self.store.requeue(record.run_id, RAY)

    def _serve(self) -> None:
        while True:
            try:
                self._record_ended()
                self._send()
            except StoreUnavailable as error:
                log.warning("%s", error)
            self.changed.wait(TURN_S)
            self.changed.clear()

    def _record_ended(self) -> None:
        """Take note of tasks that have ended; runs of dead workers queue again."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        ended, _ = ray.wait(list(self.tasks), num_returns=len(self.tasks), timeout=0) if self.tasks else ([], [])
        for task in ended:
            run_id = self.tasks[task]
            try:
                ray.get(task)
            except RayTaskError as error:  # our package is not there, or of another version
                cause = str(error.cause).strip().splitlines()
                self.store.mark_dead(run_id, f"The Ray cluster cannot execute it: {cause[-1]}", sure=True)
            except RayError as error:
                log.warning("run %s: %s", run_id, error)
                self.deaths[run_id] += 1
                self.store.mark_dead(run_id, DIED, sure=True)
                if self.deaths[run_id] < MAX_DEATHS and self.store.record(run_id).resumable:
                    self.store.requeue(run_id, RAY)
            self._free_places(run_id)
            del self.tasks[task]  # last: when the store is lost in between, all is done again

    def _send(self) -> None:
        """Send queued runs; a task whose run leaves the queue before the task's turn comes ends at once."""
        queued = self._runs("queued")
        sent = set(self.tasks.values())
        for record in queued:
            if record.run_id not in sent:
                self.tasks[self._task(record)] = record.run_id
        if queued and time.monotonic() - self.kept > KEEP_S:
            self.kept = time.monotonic()
            waiting = [record.run_id for record in queued]
            self.store.keep_waiting(waiting, "It waits for a free place in the Ray cluster.")

    def _task(self, record: RunRecord) -> "ObjectRef[None]":
        import ray

        wanted = resources(record.spec, has_gpus=ray.cluster_resources().get("GPU", 0) > 0)
        options = wanted | self._places(record, wanted)
        task = ray.remote(_execute).options(**options, max_retries=0, name=record.run_id)
        return task.remote(str(self.store.home), self.store.url, record.run_id, wanted)

    def _places(self, record: RunRecord, wanted: dict[str, float]) -> dict[str, Any]:
        """Options of a run's task; one of several devices begins once the cluster keeps a place for each of them."""
        if record.spec.devices == 1:
            return {}
        from ray.util.placement_group import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        self._free_places(record.run_id)
        each = {"CPU": wanted["num_cpus"], "GPU": wanted["num_gpus"]}
        bundles = [{name: number for name, number in each.items() if number} for _ in range(record.spec.devices)]
        group = self.groups[record.run_id] = placement_group(bundles)
        return {"scheduling_strategy": PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=0)}

    def _free_places(self, run_id: str) -> None:
        from ray.util.placement_group import remove_placement_group

        if (group := self.groups.pop(run_id, None)) is not None:
            remove_placement_group(group)


def resources(spec: RunSpec, *, has_gpus: bool) -> dict[str, float]:
    """What the cluster keeps free for each process of a run; those that take part of a GPU share it, and its memory."""
    on_gpu = spec.device == "cuda" or (spec.device == "auto" and has_gpus)
    return {"num_cpus": _n_threads(), "num_gpus": spec.gpus if on_gpu else 0}


def _execute(home: str, url: str, run_id: str, wanted: dict[str, float]) -> None:
    """Body of a task: train a run, unless it has left the queue, alone or with tasks that want the same resources."""
    store = RunStore(Path(home), url)
    folder = store.folder(run_id)
    if not folder.is_dir():
        store.mark_dead(
            run_id,
            f"Machine {socket.gethostname()} of the Ray cluster does not see {folder}; MMCLUST_HOME has to be a folder "
            "that all machines share.",
        )
        return
    with _logged(folder / "worker.log"):
        run = store.claim_assigned(
            run_id, "cuda:0" if wanted["num_gpus"] else "cpu"
        )  # Ray shows a task its own GPUs only
        if run is not None:
            log.info("run %s on %s", run_id, socket.gethostname())
            log.info("run %s is %s", run_id, worker.execute(run, partial(_crew, wanted)))


def _crew(wanted: dict[str, float], run: "ActiveRun") -> "RayHelpers":
    """What trains with this task; torch is imported here, when the run's heart beats."""
    from mmclust.launch.ray_helpers import RayHelpers

    return RayHelpers(run, wanted)


@contextmanager
def _logged(file: Path) -> Iterator[None]:
    """Everything that is logged meanwhile goes to a file too."""
    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()


if __name__ == "__main__":
    from mmclust.launch import ray as this

    this.main()  # by the module's own name, under which the cluster's workers find its classes too
