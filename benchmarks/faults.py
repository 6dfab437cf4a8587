"""Faults at random moments and places: no run may be finished and wrong, and nothing finished may be lost.

    python -m benchmarks.faults --minutes 5 --json benchmarks/results/faults.json

Three kinds take turns. *kills*: a training process is killed, half of the time while another process holds the store,
and resumed until it ends; its numbers are compared with those of an undisturbed run. *flips*: 64 bytes of a file of a
home are flipped; whatever is read afterwards must be as it was, or refused in a sentence. *bundles*: bytes of a bundle
are changed; it is refused in a sentence, or its run has the numbers of the original. A fault depends on its number
alone (`--first`).
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from mmclust import bundle, worker
from mmclust.errors import is_for_the_user
from mmclust.runs import mend
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

CHILD = """
import sys
from mmclust.engine import trainer
from mmclust.runs import database
trainer.CHECKPOINT_EVERY_S, database.BUSY_TIMEOUT_S = 0.2, 0.1
from mmclust.worker import main
main()
"""
SPEC = {"preset": "paper", "changes": {"width": 0.125}, "epochs": 150, "limit": 192, "seed": 3}
N_BYTES = 64
SHOWN = 5
Numbers = dict[str, Any]


class Wrong(Exception):
    """What a fault has done that it must not do."""


def main() -> None:
    """Do harm, look at what is left, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5, help="how long to go on")
    parser.add_argument("--first", type=int, default=0, help="number of the first fault")
    parser.add_argument("--only", choices=sorted(KINDS), help="one kind alone")
    parser.add_argument("--json", type=Path, help="where the report is written")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(Path(folder), args.minutes * 60, args.first, [args.only] if args.only else list(KINDS))
    report = {"bench": "faults", **found, "machine": machine.describe()}
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    sys.exit(1 if found["wrong"] else 0)


def campaign(folder: Path, seconds: float, first: int, kinds: list[str]) -> dict[str, Any]:
    """Faults of all kinds in turn, for so long: how each ended, and those that ended wrong."""
    whole = Original(folder / "whole")
    ended: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    wrong: list[dict[str, Any]] = []
    until, number = time.monotonic() + seconds, first
    while time.monotonic() < until:
        kind = kinds[number % len(kinds)]
        place = folder / "fault"
        try:
            ended[kind].update(KINDS[kind](whole, place, random.Random(number)))
        except Exception as error:
            ended[kind]["wrong"] += 1
            wrong.append({"number": number, "kind": kind, "what": f"{type(error).__name__}: {error}"[:500]})
        shutil.rmtree(place, ignore_errors=True)
        number += 1
    n_faults = sum(sum(one.values()) for one in ended.values())
    return {"faults": n_faults, "ended": {k: dict(one) for k, one in ended.items()}, "wrong": wrong[:SHOWN]}


class Original:
    """An undisturbed run, and its bundle."""

    def __init__(self, home: Path) -> None:
        self.home = home
        store = RunStore(home)
        self.run_id = store.create(build_spec("digits", "dccs", **SPEC)).id
        active = store.claim(self.run_id)
        assert active is not None and worker.execute(active) == "finished"
        self.numbers = numbers(store, self.run_id)
        self.bundle = home.parent / "whole.mmclust"
        bundle.write(store, self.run_id, self.bundle)
        store.close()


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


def compare(found: Numbers, whole: Numbers) -> None:
    """Raise where the numbers of a finished run are others.

    Raises:
        Wrong: they are.
    """
    for name, value in whole.items():
        same = np.array_equal(found[name], value) if name == "logits" else found[name] == value
        if not same:
            raise Wrong(f"{name} differ")


def kills(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Kill a training at random moments until it ends, and compare it with one that was not disturbed."""
    store = RunStore(home)
    run = store.create(build_spec("digits", "dccs", **SPEC))
    environment = os.environ | {"MMCLUST_HOME": str(home), "MMCLUST_STORE": store.url, "MMCLUST_THREADS": "1"}
    while True:
        child = subprocess.Popen([sys.executable, "-c", CHILD, run.id], env=environment, stderr=subprocess.DEVNULL)
        began = time.monotonic()
        while child.poll() is None and not (run.record().status == "running" and run.record().step):
            if time.monotonic() - began > 300:
                child.kill()
                raise Wrong("no step within five minutes")
            time.sleep(0.02)
        try:
            child.wait(chance.uniform(0.1, 4.0))
            break
        except subprocess.TimeoutExpired:
            with held(store) if chance.random() < 0.5 else nothing():
                time.sleep(chance.uniform(0, 1.5))
                child.kill()
                child.wait()
        yield "killed"
        silence(store)
        if (status := run.record().status) == "finished":
            break
        if status != "interrupted":
            raise Wrong(f"a killed run is {status}")
        store.requeue(run.id, "thread")
    compare(numbers(store, run.id), whole.numbers)


@contextmanager
def held(store: RunStore) -> Iterator[None]:
    """Nobody else can write into the store."""
    with closing(sqlite3.connect(str(store.file), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def nothing() -> Iterator[None]:
    """The store stays free."""
    yield


def silence(store: RunStore) -> None:
    """Let the half minute pass after which a silent run counts as interrupted."""
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET heartbeat = heartbeat - 60")
        connection.exec_driver_sql("UPDATE leases SET heartbeat = heartbeat - 60")


def flips(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Damage a file of a home, read everything, repair."""
    shutil.copytree(whole.home, home)
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.stat().st_size)
    path = chance.choice(files)
    damage(path, chance)
    yield read(home, whole, lambda store: numbers(store, whole.run_id))
    yield read(home, whole, lambda store: repaired(store, whole.run_id))


def repaired(store: RunStore, run_id: str) -> Numbers:
    """What a run says after a repair."""
    for fault in list(mend.faults(store)):
        if fault.repair:
            mend.repair(store, fault)
    return numbers(store, run_id)


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


def bundles(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Import a damaged bundle into an empty home."""
    home.mkdir()
    copy = home / "damaged.mmclust"
    shutil.copy(whole.bundle, copy)
    damage(copy, chance)

    def imported(store: RunStore) -> Numbers:
        (run_id,) = bundle.read(store, copy).run_ids
        return numbers(store, run_id)

    yield read(home / "home", whole, imported)


def damage(path: Path, chance: random.Random) -> None:
    """Flip bytes of a file at random places, or cut it off."""
    content = bytearray(path.read_bytes())
    if chance.random() < 0.2:
        content = content[: chance.randrange(len(content))]
    for _ in range(min(N_BYTES, len(content))):
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    path.write_bytes(content)


KINDS: dict[str, Callable[[Original, Path, random.Random], Iterator[str]]] = {
    "bundles": bundles,
    "flips": flips,
    "kills": kills,
}

if __name__ == "__main__":
    main()
