"""`runs`: what was trained, and how well."""

import argparse
from typing import Any

from mmclust.cli.output import duration, figures, fraction, print_json, print_table
from mmclust.evaluation.figures import MAIN


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("runs", help="list the runs: status, data set, method, ACC / NMI / ARI, time")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the runs of the store, newest first."""
    from mmclust.runs.store import RunStore

    records = RunStore().list(examples=False)
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
        print_json({"runs": listed})
        return 0
    if not records:
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
    print_table(("RUN", "STATUS", "DATA", "METHOD", "SEED", "EPOCH", "ACC", "NMI", "ARI", "TIME", ""), rows)
    return 0
