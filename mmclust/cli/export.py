"""`export`: everything a run found, as files that need no program of ours."""

import argparse
from pathlib import Path
from typing import Any

from mmclust.cli.output import print_json


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("export", help="write a run's spec, curves, assignments, codes and report")
    parser.add_argument("run_id", metavar="RUN_ID", help="as printed by `runs`")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder to write to; made if need be")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files and name them."""
    from mmclust.runs.store import RunStore

    found = RunStore().get(args.run_id)
    from mmclust.report.export import export  # plots and torch: late, so that a wrong id is told at once

    try:
        export(found, args.out)
    except OSError as error:
        raise ValueError(f"{args.out} cannot be written: {error.strerror or error}; choose another folder") from error
    files = sorted(path.name for path in args.out.iterdir() if path.is_file())
    if args.json:
        print_json({"run_id": found.id, "out": str(args.out), "files": files})
    else:
        print(f"{args.out}: {', '.join(files)}")
    return 0
