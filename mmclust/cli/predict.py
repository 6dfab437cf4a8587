"""`predict`: clusters of samples that a run was not trained on."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.cli.output import print_json
from mmclust.data import catalogue

FORMATS = (".csv", ".parquet")
NEIGHBOURS = 10
"""Columns of similar samples: as many as `mmclust.prediction` looks for, which is loaded when it is needed."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "predict",
        help="clusters of new samples by a finished run",
        description="Columns: number of the sample, cluster (from 0), confidence, probability of each cluster, and the "
        "numbers of the most similar samples of the run.",
    )
    parser.add_argument("run_id", metavar="RUN_ID", help="as printed by `runs`")
    parser.add_argument("dataset", metavar="PATH", help="file or folder of new samples, or the name of a data set")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="table to write: .csv or .parquet")
    parser.add_argument(
        "--neighbours",
        type=int,
        default=NEIGHBOURS,
        metavar="N",
        help=f"columns of similar samples, 0 to {NEIGHBOURS} (default); without any, large sets take half the time",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the table.

    Raises:
        ValueError: no such run, data it cannot take, or a file that cannot be written.
    """
    if args.out.suffix.lower() not in FORMATS:
        raise ValueError(f"--out {args.out} ends in none of {', '.join(FORMATS)}; choose one of them")
    if not 0 <= args.neighbours <= NEIGHBOURS:
        raise ValueError(f"--neighbours {args.neighbours} is not allowed; give a whole number from 0 to {NEIGHBOURS}")
    from mmclust.runs.store import RunStore

    found_run = RunStore().get(args.run_id)
    from mmclust.prediction import Predictor, table

    predictor = Predictor(found_run)
    dataset = catalogue.load(args.dataset)
    found = predictor(dataset)
    try:
        write(table(found, found_run.record().cluster_names, n_neighbours=args.neighbours), args.out)
    except OSError as error:
        raise ValueError(f"{args.out} cannot be written: {error.strerror or error}; choose another place") from error
    sizes = np.bincount(found.clusters, minlength=found.probs.shape[1])
    about = {"run_id": args.run_id, "out": str(args.out), "n_samples": len(found.probs), "by": found.by}
    if args.json:
        print_json(about | {"sizes": sizes.tolist()})
        return 0
    print(f"{args.out}: {len(found.probs)} samples; sizes of the clusters: {', '.join(map(str, sizes))}")
    if found.by == "neighbours":
        print("The run's result is not its network's, so the most similar samples of the run have voted.")
    return 0


def write(columns: dict[str, Any], file: Path) -> None:
    """The table by Arrow, which writes 70,000 rows in a tenth of the time that pandas takes."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    rows = pa.table(columns)
    if file.suffix.lower() == ".parquet":
        parquet.write_table(rows, file)
        return
    with file.open("wb") as out:
        out.write((",".join(columns) + "\n").encode())  # Arrow would put the names in quotation marks
        csv.write_csv(rows, out, csv.WriteOptions(include_header=False, quoting_style="needed"))
