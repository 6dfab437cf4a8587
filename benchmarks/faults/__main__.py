"""`python -m benchmarks.faults --minutes 5 --json benchmarks/results/faults.json`; see the package."""

import argparse
import json
import logging
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import benchmarks.faults
from benchmarks import machine
from benchmarks.faults import files, servers, sweeps, tasks, training, works
from benchmarks.faults.original import Kind, Original

KINDS: dict[str, Kind] = {
    "bundles": files.bundles,
    "disk": training.disk,
    "flips": files.flips,
    "full": works.full,
    "kills": training.kills,
    "outages": training.outages,
    "sessions": servers.sessions,
    "stops": servers.stops,
    "sweeps": sweeps.sweeps,
    "tasks": tasks.tasks,
    "works": works.works,
}
QUICK = ("bundles", "flips", "kills", "outages", "disk", "full", "works")
"""Kinds of the short version: those that start no server and no workers."""
TURNS = {"bundles": 20, "flips": 20, "sessions": 1, "sweeps": 2, "tasks": 1}
"""How many of a kind follow one another; three where nothing is said."""
SHOWN = 20

Report = dict[str, Any]


def main() -> None:
    """Do harm, look at what is left, report."""
    about = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks.faults", description=benchmarks.faults.__doc__, formatter_class=about
    )
    parser.add_argument("--minutes", type=float, default=5, help="how long to go on")
    parser.add_argument("--first", type=int, default=0, help="number of the first fault")
    parser.add_argument("--kinds", default=",".join(QUICK), help="which kinds take turns, with commas; or all")
    parser.add_argument("--longest", type=float, default=2, help="seconds that a store is away at most")
    parser.add_argument("--visitors", type=int, nargs="+", default=(), metavar="N", help="at once; default 30 or 100")
    parser.add_argument("--json", type=Path, help="where the report is written, after every fault")
    parser.add_argument("--resume", action="store_true", help="go on with the report in that file")
    args = parser.parse_args()
    kinds = list(KINDS) if args.kinds == "all" else args.kinds.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        parser.error(f"unknown kinds {', '.join(unknown)}; choose from {', '.join(KINDS)}")
    logging.disable(logging.CRITICAL)
    report: Report = {"bench": "faults", "minutes": 0.0, "faults": 0, "next": args.first, "ended": {}, "wrong": []}
    if args.resume:
        report |= json.loads(args.json.read_text())
    report |= {"longest_outage_s": args.longest, "machine": machine.describe()}
    with tempfile.TemporaryDirectory() as folder:
        whole = Original(Path(folder) / "whole", args.longest, tuple(args.visitors))
        try:
            for state in campaign(whole, report, args.minutes, kinds):
                if args.json:
                    args.json.write_text(json.dumps(state, indent=2) + "\n")
        finally:
            training.close()
    print(json.dumps(report, indent=2))
    sys.exit(1 if report["wrong"] else 0)


def campaign(whole: Original, report: Report, minutes: float, kinds: list[str]) -> Iterator[Report]:
    """Faults of all kinds in turn, for so long: how each ended, and those that ended wrong, after each of them.

    Args:
        whole: the undisturbed run.
        report: of earlier faults; added to.
        minutes: how long to go on.
        kinds: names of `KINDS`.
    """
    began, before = time.monotonic(), report["minutes"]
    turns = _turns(kinds)
    while (spent := (time.monotonic() - began) / 60) < minutes:
        kind = turns[report["next"] % len(turns)]
        _add(report, kind, whole)
        yield report | {"minutes": round(before + spent, 1)}
    report["minutes"] = round(before + spent, 1)


def _turns(kinds: list[str]) -> list[str]:
    """The order in which kinds come: quick ones in between the others, so that each has its turn soon."""
    places = [(turn / TURNS.get(kind, 3), kind) for kind in kinds for turn in range(TURNS.get(kind, 3))]
    return [kind for _, kind in sorted(places)]


def _add(report: Report, kind: str, whole: Original) -> None:
    """Do the next fault, and note how it ended."""
    number, ended = report["next"], Counter(report["ended"].get(kind, {}))
    place = whole.home.parent / f"fault-{number}"
    try:
        ended.update(KINDS[kind](whole, place, random.Random(number)))
    except Exception as error:
        ended["wrong"] += 1
        found = {"number": number, "kind": kind, "what": f"{type(error).__name__}: {error}"[:500]}
        report["wrong"] = [*report["wrong"], found][:SHOWN]
    shutil.rmtree(place, ignore_errors=True)
    report["ended"] = dict(sorted((report["ended"] | {kind: dict(sorted(ended.items()))}).items()))
    report |= {"faults": report["faults"] + 1, "next": number + 1}


if __name__ == "__main__":
    main()
