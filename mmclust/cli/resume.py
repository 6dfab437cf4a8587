"""`resume`: continue a run from its last checkpoint, in this process."""

import argparse
from typing import Any

from mmclust.cli.train import add_launcher, follow


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("resume", help="continue a paused, stopped, failed or interrupted run")
    parser.add_argument("run_id", metavar="RUN_ID", help="as printed by `runs`")
    parser.add_argument("--devices", type=int, metavar="N", help="train on by N processes; default: as many as before")
    add_launcher(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train on and print; 0 when the run finished."""
    from mmclust.runs.store import RunStore

    store = RunStore()
    store.get(args.run_id).store.requeue(args.run_id, args.launcher, devices=args.devices)
    print(f"run {args.run_id} goes on", flush=True)
    return follow(store, args.run_id, as_json=args.json, launcher=args.launcher)
