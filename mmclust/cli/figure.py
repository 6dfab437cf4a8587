"""`figure`: a figure of a run, of a sweep, or the film of a training, as a file."""

import argparse
from pathlib import Path
from typing import Any

from mmclust.cli.output import print_json


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("figure", help="write a figure of a run as SVG, PDF, PNG or CSV, or its film")
    parser.add_argument("run_id", metavar="RUN_ID", help="id of a run, as printed by `runs`, or of a sweep")
    parser.add_argument(
        "name",
        metavar="NAME",
        help="map, maps, curves, clusters, sizes, matrix, flows, views, probes, gradcam, attribution or film; "
        "of a sweep: sensitivity",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="output file; its ending selects the format"
    )
    parser.add_argument("--epoch", type=int, metavar="N", help="a saved epoch; by default the last")
    parser.add_argument("--dark", action="store_true", help="dark background")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the file and name it."""
    kind = args.out.suffix.lstrip(".").lower()
    content = _content(args, kind)
    try:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_bytes(content)
    except OSError as error:
        raise ValueError(f"{args.out} cannot be written: {error.strerror or error}; choose another file") from error
    if args.json:
        print_json({"run_id": args.run_id, "figure": args.name, "out": str(args.out), "bytes": len(content)})
    else:
        print(f"{args.out}: {len(content) / 1024:,.0f} KiB")
    return 0


def _content(args: argparse.Namespace, kind: str) -> bytes:
    from mmclust.report import figures, film
    from mmclust.runs.store import RunStore

    store = RunStore()
    if args.name == "sensitivity":
        from mmclust.report.figures import sweeps

        return figures.written(sweeps.sensitivity(store, args.run_id, dark=args.dark), kind)
    if args.name != "film":
        if args.name not in figures.FIGURES:
            known = ", ".join([*figures.FIGURES, "film", "sensitivity"])
            raise ValueError(f"there is no figure {args.name!r}; choose {known}")
        if kind not in figures.KINDS:
            raise ValueError(f"--out {args.out}: figures are written as {', '.join(figures.KINDS)}")
    clustering = _clustering(store, args.run_id, args.epoch)
    if args.name == "film":
        return film.film(clustering, kind, dark=args.dark)
    return figures.written(figures.draw(args.name, clustering, dark=args.dark), kind)


def _clustering(store: Any, run_id: str, epoch: int | None) -> Any:
    from mmclust.clustering import cluster_snapshot
    from mmclust.data import catalogue

    found = store.get(run_id)
    snapshot = found.snapshot(epoch)
    try:
        data = catalogue.load(found.spec.dataset, limit=found.spec.limit)
    except ValueError:  # what needs no data is drawn without them
        data = None
    return cluster_snapshot(found.record(), found, 0, snapshot, data)
