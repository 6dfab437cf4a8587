"""`query`: the samples of a run that a line asks for, or the columns it can ask about."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmclust.cli.output import print_json, print_table

if TYPE_CHECKING:
    import numpy as np

    from mmclust.columns.table import RunTable

SHOWN = 20
"""Ids that stand in a line for people; programs ask for --json or --out."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("query", help="find samples of a run by any column")
    parser.add_argument("run_id", metavar="RUN_ID", help="as printed by `runs`")
    parser.add_argument(
        "query",
        nargs="?",
        metavar="QUERY",
        help="such as 'confidence < 0.6 and font == \"STIX\"', or a SELECT from run whose first column is sample; "
        "without it the columns are listed",
    )
    parser.add_argument("--epoch", type=int, metavar="N", help="a saved epoch; by default the last")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write the samples with all columns to this file")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer and print."""
    from mmclust.columns import query

    table = _table(args.run_id, args.epoch)
    if args.query is None:
        _print_columns(table, as_json=args.json)
        return 0
    rows = query.select(table, args.query)
    if args.out:
        _write(table, rows, args.out)
    ids = table.clustering.ids[rows].tolist()
    about = {"run_id": args.run_id, "epoch": table.clustering.epoch, "query": args.query, "count": len(ids)}
    if args.json:
        print_json({**about, "ids": ids, "out": str(args.out) if args.out else None})
        return 0
    print(f"{len(ids):,} of {len(table.clustering.ids):,} samples")
    if ids:
        print(", ".join(map(str, ids[:SHOWN])) + (" …" if len(ids) > SHOWN else ""))
    return 0


def _table(run_id: str, epoch: int | None) -> "RunTable":
    from mmclust.clustering import cluster_snapshot
    from mmclust.columns import table
    from mmclust.data import catalogue
    from mmclust.runs.store import RunStore

    store = RunStore()
    found = store.get(run_id)
    snapshot = found.snapshot(epoch)
    try:
        data = catalogue.load(found.spec.dataset, limit=found.spec.limit)
    except ValueError:  # quantities of the run need no data
        data = None
    record = found.record()
    return table.of(cluster_snapshot(record, found, 0, snapshot, data), table.other_seeds(store, record))


def _print_columns(table: "RunTable", *, as_json: bool) -> None:
    about = [
        {"name": column.name, "kind": column.kind, "source": column.source, "cost": column.cost, "help": column.help}
        for column in table.columns.values()
    ]
    if as_json:
        print_json({"run_id": table.clustering.record.run_id, "epoch": table.clustering.epoch, "columns": about})
        return
    print_table(list(about[0]), [list(column.values()) for column in about])
    if table.clustering.dataset is None:
        print(f"The data set {table.clustering.record.spec.dataset} is not at hand; put it back for its columns.")


def _write(table: "RunTable", rows: "np.ndarray", path: Path) -> None:
    """A CSV of samples with every column that is ready."""
    from mmclust.columns import saving

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(saving.csv(table, rows), encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror or error}; choose another file") from error
