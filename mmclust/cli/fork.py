"""`fork`: go on from a checkpoint of a run with a setting changed, in a run of its own."""

import argparse
from typing import Any

from mmclust.cli.train import changes, follow


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "fork", help="train a twin of a run from one of its checkpoints, with a setting changed"
    )
    parser.add_argument("run_id", metavar="RUN_ID", help="as printed by `runs`")
    parser.add_argument(
        "--set", nargs="+", required=True, metavar="KEY=VALUE", help="hyperparameters to change from that checkpoint on"
    )
    parser.add_argument("--epoch", type=int, metavar="N", help="epoch of a saved checkpoint; default: the newest")
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the twin, train it here and print; 0 when it finished."""
    from mmclust import interventions
    from mmclust.runs.store import RunStore

    store = RunStore()
    twin = interventions.fork(store, store.get(args.run_id), changes(args.set), epoch=args.epoch)
    print(f"run {twin.id} forks {args.run_id} at epoch {twin.spec.parent['epoch']:g}", flush=True)
    return follow(store, twin.id, as_json=args.json)
