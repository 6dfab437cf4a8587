"""`import`: opens a bundle that `export --bundle` wrote, here or elsewhere."""

import argparse
from pathlib import Path
from typing import Any

from mmclust.cli.output import print_json


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "import",
        help="add the runs of a bundle to the store",
        description="Nothing in a bundle is executed; invalid content is refused before anything is stored.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="file written by `export --bundle`")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Keep the runs and name them."""
    from mmclust import bundle
    from mmclust.runs.store import RunStore

    opened = bundle.read(RunStore(), args.file)
    if args.json:
        print_json({"run_ids": list(opened.run_ids), "n_known": opened.n_known, "sweep_id": opened.sweep_id or None})
        return 0
    for run_id in opened.run_ids:
        print(run_id)
    known = f", {opened.n_known} of them here already" if opened.n_known else ""
    sweep = f" of sweep {opened.sweep_id}" if opened.sweep_id else ""
    print(f"{len(opened.run_ids)} run{'s' if len(opened.run_ids) > 1 else ''}{sweep}{known}")
    return 0
