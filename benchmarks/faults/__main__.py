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
from pathlib import Path
from typing import Any

import benchmarks.faults
from benchmarks import machine
from benchmarks.faults import files, servers, training, works
from benchmarks.faults.original import Kind, Original

KINDS: dict[str, Kind] = {
    "bundles": files.bundles,
    "disk": training.disk,
    "flips": files.flips,
    "full": works.full,
    "kills": training.kills,
    "outages": training.outages,
    "stops": servers.stops,
    "works": works.works,
}
QUICK = ("bundles", "flips", "kills", "outages", "disk", "full", "works")
"""Kinds of the short version: those that start no server."""
TURNS = {"bundles": 10, "flips": 10}
"""How many of a kind follow one another, where they take no second each."""
SHOWN = 10


def main() -> None:
    """Do harm, look at what is left, report."""
    about = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks.faults", description=benchmarks.faults.__doc__, formatter_class=about
    )
    parser.add_argument("--minutes", type=float, default=5, help="how long to go on")
    parser.add_argument("--first", type=int, default=0, help="number of the first fault")
    parser.add_argument("--kinds", default=",".join(QUICK), help="which kinds take turns, with commas; all: also stops")
    parser.add_argument("--longest", type=float, default=2, help="seconds that a store is away at most")
    parser.add_argument("--json", type=Path, help="where the report is written")
    args = parser.parse_args()
    kinds = list(KINDS) if args.kinds == "all" else args.kinds.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        parser.error(f"unknown kinds {', '.join(unknown)}; choose from {', '.join(KINDS)}")
    logging.disable(logging.CRITICAL)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = campaign(Path(folder), args.minutes * 60, args.first, kinds, args.longest)
        finally:
            training.close()
    report = {"bench": "faults", "minutes": round((time.monotonic() - began) / 60, 1), **found}
    report |= {"longest_outage_s": args.longest, "machine": machine.describe()}
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    sys.exit(1 if found["wrong"] else 0)


def campaign(folder: Path, seconds: float, first: int, kinds: list[str], longest_s: float) -> dict[str, Any]:
    """Faults of all kinds in turn, for so long: how each ended, and those that ended wrong."""
    until, number = time.monotonic() + seconds, first
    whole = Original(folder / "whole", longest_s)
    ended: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    wrong: list[dict[str, Any]] = []
    turns = [kind for kind in kinds for _ in range(TURNS.get(kind, 1))]
    while time.monotonic() < until:
        kind = turns[number % len(turns)]
        place = folder / f"fault-{number}"
        try:
            ended[kind].update(KINDS[kind](whole, place, random.Random(number)))
        except Exception as error:
            ended[kind]["wrong"] += 1
            wrong.append({"number": number, "kind": kind, "what": f"{type(error).__name__}: {error}"[:500]})
        shutil.rmtree(place, ignore_errors=True)
        number += 1
    counts = {kind: dict(sorted(one.items())) for kind, one in ended.items()}
    return {"faults": number - first, "ended": counts, "n_wrong": len(wrong), "wrong": wrong[:SHOWN]}


if __name__ == "__main__":
    main()
