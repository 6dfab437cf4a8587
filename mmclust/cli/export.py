"""`export`: everything a run or a sweep found, as files that need no program of ours; or one that `import` opens."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmclust.cli.output import print_json
from mmclust.exchange import FORMATS

if TYPE_CHECKING:
    from mmclust.report.export import Suggest
    from mmclust.runs.store import RunStore


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "export", help="write curves, assignments, codes and a report of a run, the report of a sweep, or a bundle"
    )
    parser.add_argument("run_id", metavar="RUN_ID", help="id of a run, as printed by `runs`, or of a sweep")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--out", type=Path, metavar="DIR", help="output folder, created if missing; with --format the file"
    )
    target.add_argument(
        "--bundle", type=Path, metavar="FILE", help="write one file with everything, for `import` on another machine"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="write one format of another program to --out instead: "
        + "; ".join(f"{one.name} ({one.about})" for one in FORMATS.values()),
    )
    parser.add_argument(
        "--clusters",
        type=_clusters,
        metavar="K",
        help=(
            "with --out: also write assignments-K.csv, the clusters merged along their tree to K of them; auto for the "
            "number suggested without labels"
        ),
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files and name them."""
    from mmclust.runs.annotations import Annotations
    from mmclust.runs.store import RunStore
    from mmclust.sweeps import record as sweeps

    store = RunStore()
    if args.clusters and (args.format or args.bundle is not None):
        raise ValueError("--clusters belongs to the tables of --out DIR; leave out --format and --bundle")
    if args.bundle is not None:
        if args.format:
            raise ValueError("--format and --bundle contradict each other; give --out PATH with --format")
        return _bundle(store, args)
    if args.format:
        return _format(store, args)
    is_sweep = any(record.sweep_id == args.run_id for record in sweeps.listed(store))
    found = None if is_sweep else store.get(args.run_id)
    from mmclust.report import export, sweep  # plots and torch: late, so that a wrong id is told at once

    try:
        if found is None:
            if args.clusters:
                raise ValueError(f"{args.run_id} is a sweep; --clusters is for one run")
            sweep.export(store, args.run_id, args.out)
        else:
            export.export(found, args.out, Annotations(store).of(found.id), n_clusters=args.clusters)
    except OSError as error:
        raise ValueError(f"{args.out} cannot be written: {error.strerror or error}; choose another folder") from error
    files = sorted(path.name for path in args.out.iterdir() if path.is_file())
    if args.json:
        print_json({"run_id": args.run_id, "out": str(args.out), "files": files})
    else:
        print(f"{args.out}: {', '.join(files)}")
    return 0


def _clusters(text: str) -> "int | Suggest":
    """A number of clusters; whether the run has as many is known later.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if text == "auto":
        return "auto"
    if not text.isdecimal() or not 0 < len(text) < 10:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of clusters; give a whole number or auto")
    return int(text)


def _format(store: "RunStore", args: argparse.Namespace) -> int:
    from mmclust import exchange

    try:
        exchange.write(store.get(args.run_id), args.format, args.out)
    except OSError as error:
        raise ValueError(f"{args.out} cannot be written: {error.strerror or error}; choose another place") from error
    if args.json:
        print_json({"run_id": args.run_id, "format": args.format, "out": str(args.out)})
    else:
        print(f"{args.out}: {FORMATS[args.format].about}")
    return 0


def _bundle(store: "RunStore", args: argparse.Namespace) -> int:
    from mmclust import bundle

    try:
        run_ids = bundle.write(store, args.run_id, args.bundle)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"{args.bundle} cannot be written: {reason}; choose another file") from error
    size = args.bundle.stat().st_size
    if args.json:
        print_json({"id": args.run_id, "bundle": str(args.bundle), "bytes": size, "run_ids": run_ids})
    else:
        print(f"{args.bundle}: {len(run_ids)} run{'s' if len(run_ids) > 1 else ''}, {size / 2**20:.1f} MiB")
    return 0
