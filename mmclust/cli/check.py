"""`check`: does the store agree with the files of its runs, and are these as they were written, kept data too."""

import argparse
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mmclust.cli.output import print_json

if TYPE_CHECKING:
    from mmclust.runs.mend import Fault
    from mmclust.runs.store import RunStore


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "check",
        help="compare the store with the files of its runs, and repair it",
        description=(
            "Reads every file of every run and of kept data. --repair sets an unreadable store aside and rebuilds it."
        ),
    )
    parser.add_argument("--repair", action="store_true", help="repair what the files of the runs allow")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every fault; 0 when there is none that is left."""
    from mmclust.runs import mend

    store = _opened(repair=args.repair)
    every = [*mend.faults(store), *_of_data()]
    found = [(fault, args.repair and _is_mended(store, fault)) for fault in every]
    left = [fault for fault, mended in found if not mended]
    if args.json:
        print_json({"ok": not left, "faults": [asdict(fault) | {"mended": mended} for fault, mended in found]})
        return 1 if left else 0
    for fault, mended in found:
        remedy = "mended" if mended else "--repair mends it" if fault.repair else "nothing here can mend it"
        print(f"{fault.run_id} {fault.sentence}: {remedy}")
    if not found:
        print("Store and files agree, and every file is as it was written.")
    return 1 if left else 0


def _of_data() -> "list[Fault]":
    """Kept data sets that are not as they were written."""
    from mmclust.data import uploads
    from mmclust.runs.mend import Fault

    return [
        Fault(run_id=name, sentence=f"has damaged files: {', '.join(files)}; delete it, add it again")
        for name, files in uploads.damaged().items()
    ]


def _opened(*, repair: bool) -> "RunStore":
    from mmclust.runs.backup import put_aside
    from mmclust.runs.errors import StoreUnavailable
    from mmclust.runs.store import RunStore

    try:
        return RunStore()
    except StoreUnavailable:
        if not repair or not put_aside():
            raise
        return RunStore()


def _is_mended(store: "RunStore", fault: "Fault") -> bool:
    from mmclust.runs import mend

    if fault.repair:
        with suppress(ValueError):  # told as what is left
            mend.repair(store, fault)
            return True
    return False
