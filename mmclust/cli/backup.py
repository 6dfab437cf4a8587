"""`backup`: a copy of the store that is whole, also while runs are trained."""

import argparse
from pathlib import Path
from typing import Any

from mmclust.cli.output import print_json


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "backup",
        help="write a consistent copy of the store, even during training",
        description="The files of the runs are in MMCLUST_HOME/runs; copy that folder with any program.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="output file; an existing file is replaced")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Copy the store."""
    from mmclust.runs import backup
    from mmclust.runs.store import RunStore

    backup.copy(RunStore(), args.file)
    size = args.file.stat().st_size
    if args.json:
        print_json({"file": str(args.file), "bytes": size})
    else:
        print(f"{args.file}: {size / 2**20:.1f} MiB; to go back, put it in the place of store.sqlite")
    return 0
