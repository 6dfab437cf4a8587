"""The run that every fault is measured by, and what is compared with it."""

import logging
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import bundle
from mmclust.analysis.projection import cached_projection, is_cached
from mmclust.data import catalogue, uploads
from mmclust.errors import is_for_the_user
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

SPEC = {"preset": "paper", "changes": {"width": 0.125}, "epochs": 30, "limit": 192, "seed": 3}
N_BYTES = 64
SLOW_S = 600
"""How long a step of a fault may take on a machine that is busy with other things."""
LAYOUT: dict[str, Any] = {"kind": "tsne", "seed": 1}
Numbers = dict[str, Any]


class Wrong(Exception):
    """What a fault has done that it must not do."""


class Original:
    """An undisturbed run with a layout, a data set that was added, and a bundle of the run."""

    def __init__(self, home: Path, longest_s: float, visitors: tuple[int, ...] = ()) -> None:
        self.home, self.longest_s, self.visitors = home, longest_s, visitors
        store = RunStore(home)
        self.run_id = store.create(self.spec()).id
        ends(training(store, self.run_id))
        assert store.record(self.run_id).status == "finished", store.record(self.run_id).error
        self.numbers = numbers(store, self.run_id)
        self.layout = laid_out(store, self.run_id)
        self.data = catalogue.load("digits", limit=200).views[0]
        os.environ["MMCLUST_HOME"] = str(home)  # where data are added
        self.dataset = uploads.keep(catalogue.load("digits", limit=200), uploads.About(title="Before"))
        self.bundle = home.parent / "whole.mmclust"
        bundle.write(store, self.run_id, self.bundle)
        store.close()

    def spec(self) -> RunSpec:
        """What is trained."""
        return build_spec("digits", "dccs", **SPEC)


def numbers(store: RunStore, run_id: str) -> Numbers:
    """All that a finished run says: metrics, curves, codes."""
    run = store.get(run_id)
    record, snapshot = run.record(), run.snapshot()
    return {
        "status": record.status,
        "metrics": record.metrics,
        "step": record.step,
        "logits": snapshot.logits.copy(),
        "curves": sorted(map(repr, run.metrics()[["step", "epoch", "name", "value"]].values.tolist())),
    }


def laid_out(store: RunStore, run_id: str) -> np.ndarray:
    """A map of a run's codes, kept beside it."""
    run = store.get(run_id)
    return cached_projection(run.folder / "layouts", run.snapshot().spaces["z"], **LAYOUT)


def has_layout(store: RunStore, run_id: str) -> bool:
    """Whether that map is kept, as it was written."""
    run = store.get(run_id)
    return is_cached(run.folder / "layouts", run.snapshot().spaces["z"], **LAYOUT)


def compare(found: Numbers, whole: Numbers) -> None:
    """Raise where the numbers of a finished run are others.

    Raises:
        Wrong: they are.
    """
    for name, value in whole.items():
        same = np.array_equal(found[name], value) if name == "logits" else found[name] == value
        if not same:
            raise Wrong(f"{name} differ")


def read(home: Path, whole: Original, look: Callable[[RunStore], Numbers]) -> str:
    """How reading a home ends: with the numbers of the original, or with a sentence."""
    try:
        store = RunStore(home)
        found = look(store)
        store.close()
    except Exception as error:
        if is_for_the_user(error):
            return "said"
        raise
    if found["status"] == "finished":
        compare(found, whole.numbers)
    return "unharmed"


def damage(path: Path, chance: random.Random) -> None:
    """Flip bytes of a file at random places, or cut it off."""
    content = bytearray(path.read_bytes())
    if chance.random() < 0.2:
        content = content[: chance.randrange(len(content))]
    for _ in range(min(N_BYTES, len(content))):
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    path.write_bytes(content)


def silence(store: RunStore) -> None:
    """Let the half minute pass after which a silent run counts as interrupted."""
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET heartbeat = heartbeat - 60")
        connection.exec_driver_sql("UPDATE leases SET heartbeat = heartbeat - 60")


_CHILDREN = multiprocessing.get_context("forkserver")
_CHILDREN.set_forkserver_preload(
    ["mmclust.worker", "mmclust.engine.trainer", "mmclust.bundle", "mmclust.report.export"]
)


def child_of(home: Path, url: str, work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that works on a home; it has torch loaded already."""
    child = _CHILDREN.Process(target=_work, args=(str(home), url, work, arguments), daemon=True)
    child.start()
    return child


def _work(home: str, url: str, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.environ.update({"MMCLUST_HOME": home, "MMCLUST_STORE": url, "MMCLUST_THREADS": "1", "MMCLUST_RESERVE_MIB": "0"})
    logging.disable(logging.CRITICAL)
    work(*arguments)


def training(store: RunStore, run_id: str, timeout_s: float = 60.0) -> BaseProcess:
    """A process that executes a queued run.

    Args:
        store: where it is queued.
        run_id: the run.
        timeout_s: how long it goes on while the store is away.
    """
    return child_of(store.home, store.url, train, run_id, timeout_s)


def train(run_id: str, timeout_s: float) -> None:
    """Execute a run with a checkpoint after each few steps, in this process."""
    from mmclust import worker
    from mmclust.engine import trainer
    from mmclust.runs import database, store_writer

    trainer.CHECKPOINT_EVERY_S, database.BUSY_TIMEOUT_S = 0.2, 1
    store_writer.STORE_TIMEOUT_S = worker.STORE_TIMEOUT_S = timeout_s
    worker.execute_when_free(RunStore(), run_id)


def ends(child: BaseProcess) -> None:
    """Wait until a process has ended.

    Raises:
        Wrong: it hangs.
    """
    child.join(SLOW_S)
    if child.is_alive():
        child.kill()
        raise Wrong("a process does not end")


def trains(run: Run, child: BaseProcess) -> bool:
    """Wait until a run has made a step; false where its process ended before.

    Raises:
        Wrong: nothing happens.
    """
    until = time.monotonic() + SLOW_S
    while child.is_alive():
        record = run.record()
        if record.status == "running" and record.step:
            return True
        if time.monotonic() > until:
            raise Wrong("no step was made")
        time.sleep(0.02)
    return False


def finish(whole: Original, store: RunStore, run: Run, *, allowed: tuple[str, ...] = ("interrupted",)) -> None:
    """Resume a run until it has finished, and compare it with the original.

    Raises:
        Wrong: it is in another state than those from which it can be resumed, or has other numbers.
    """
    for _ in range(5):
        silence(store)
        record = run.record()
        if record.status == "finished":
            return compare(numbers(store, run.id), whole.numbers)
        _is_allowed(record, allowed)
        if record.status != "queued":
            store.requeue(run.id, "thread")
        ends(training(store, run.id))
    raise Wrong(f"a run that was resumed five times is {run.record().status}: {run.record().error}")


def _is_allowed(record: RunRecord, allowed: tuple[str, ...]) -> None:
    if record.status not in (*allowed, "queued"):
        raise Wrong(f"a disturbed run is {record.status}: {record.error}")
    if record.status == "failed" and record.error.startswith("The program failed"):
        raise Wrong(f"no sentence: {record.error}")


Kind = Callable[[Original, Path, random.Random], Iterator[str]]
"""Does one fault in an empty folder; gives a word for each thing that ended well."""
