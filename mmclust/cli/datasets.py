"""`datasets`: what can be clustered, and how to get what is not here."""

import argparse
from typing import Any

from mmclust.cli.output import print_json, print_table


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("datasets", help="list the data sets: views, samples, classes, whether they are here")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the catalogue."""
    from mmclust.data.catalogue import DATASETS

    if args.json:
        listed = [
            {
                "name": entry.name,
                "views": list(entry.views),
                "n_samples": entry.n_samples,
                "n_clusters": entry.n_clusters,
                "available": entry.available(),
                "how_to_get": entry.how_to_get,
            }
            for entry in DATASETS.values()
        ]
        print_json({"datasets": listed})
        return 0
    rows = [
        (e.name, ", ".join(e.views), f"{e.n_samples:,}", str(e.n_clusters), "here" if e.available() else e.how_to_get)
        for e in DATASETS.values()
    ]
    print_table(("NAME", "VIEWS", "SAMPLES", "CLASSES", "AVAILABLE"), rows)
    return 0
