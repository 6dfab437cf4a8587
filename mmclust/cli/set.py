"""`set`: change hyper-parameters of a run while it trains."""

import argparse
import json
from typing import Any

from mmclust.cli.train import changes


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "set",
        help="change settings of a run while it trains",
        description="Weights of losses, the learning rate and strengths of augmentations act from the next step on; "
        "every change is kept with the run, and repetitions make it too.",
    )
    parser.add_argument("run_id", metavar="RUN_ID", help="as printed by `runs`")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="without settings: list what can be changed")
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask for the changes, or print the values that the run has now."""
    from mmclust import interventions
    from mmclust.runs.store import RunStore

    found = RunStore().get(args.run_id)
    if args.settings:
        interventions.change(found, changes(args.settings))
        print(f"run {found.id} changes {' and '.join(args.settings)} before its next step", flush=True)
    record = found.record()
    now = interventions.values_now(record)
    values = {one.name: now[one.name] for one in interventions.adjustable(record.spec)}
    if args.json:
        print(json.dumps({"run_id": found.id, "values": values, "asked": found.store.pending_changes(found.id)}))
    elif not args.settings:
        for one in interventions.adjustable(record.spec):
            print(f"{one.name:16} {values[one.name]!s:10} {one.allowed()}")
    return 0
