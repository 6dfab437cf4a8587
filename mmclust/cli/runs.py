"""`runs`: what was trained, and how well."""

import argparse
from typing import Any

from mmclust.cli.output import duration, figures, fraction, print_json, print_table
from mmclust.evaluation.figures import MAIN


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("runs", help="list the runs: status, data set, method, ACC / NMI / ARI, time")
    parser.add_argument("--delete", metavar="RUN_ID", help="remove a run and its files, also one that cannot be read")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the runs of the store, newest first."""
    from mmclust.runs.store import RunStore

    store = RunStore()
    if args.delete is not None:
        store.delete(args.delete)
        print_json({"deleted": args.delete}) if args.json else print(f"{args.delete} is deleted")
        return 0
    records, damaged = store.list(examples=False), store.unreadable()
    if args.json:
        listed = [
            {
                "run_id": r.run_id,
                "status": r.status,
                "dataset": r.spec.dataset,
                "method": r.spec.method,
                "seed": r.spec.seed,
                "epoch": r.epoch,
                "epochs": r.epochs,
                "metrics": figures(r.metrics),
                "seconds": r.seconds,
            }
            for r in records
        ]
        unreadable = [{"run_id": run.run_id, "reason": run.reason} for run in damaged]
        print_json({"runs": listed, "unreadable": unreadable})
        return 0
    for run in damaged:
        print(f"{run.run_id} cannot be read ({run.reason}); `python -m mmclust runs --delete {run.run_id}` removes it")
    if not records and not damaged:
        print("No runs yet: python -m mmclust train --dataset digits --method dccs")
        return 0
    rows = [
        (
            r.run_id,
            r.status,
            r.spec.dataset,
            r.spec.method,
            str(r.spec.seed),
            f"{r.epoch:.0f}/{r.epochs}",
            *(fraction(r.metrics, name) for name in MAIN),
            duration(r.seconds),
            r.error or r.waiting_for or r.title,
        )
        for r in records
    ]
    if rows:
        print_table(("RUN", "STATUS", "DATA", "METHOD", "SEED", "EPOCH", "ACC", "NMI", "ARI", "TIME", ""), rows)
    return 0
