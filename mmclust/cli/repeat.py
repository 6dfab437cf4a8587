"""`repeat`: make the same training again, with everything that was changed while it trained."""

import argparse
from typing import Any

from mmclust.cli.train import follow


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("repeat", help="train a run again, with the changes that were made while it trained")
    parser.add_argument("run_id", metavar="RUN_ID", help="as printed by `runs`")
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train here and print; 0 when it finished."""
    from mmclust import interventions
    from mmclust.runs.store import RunStore

    store = RunStore()
    again = interventions.repeat(store, store.get(args.run_id))
    print(f"run {again.id} repeats {args.run_id}", flush=True)
    return follow(store, again.id, as_json=args.json)
