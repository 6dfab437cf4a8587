"""`datasets`: what can be clustered, how to get what is not here, and what is understood of a file."""

import argparse
import time
from pathlib import Path
from typing import Any

from mmclust.cli import understanding
from mmclust.cli.output import print_json, print_table
from mmclust.escaping import terminal

PREVIEW_S = 3.0
"""A file that is read within this time is read again for what other answers would make of it."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "datasets", help="list data sets with views, samples, classes and availability; or inspect a file"
    )
    parser.add_argument("path", nargs="?", type=Path, help="file or folder to inspect: prints how it is read")
    understanding.add_answer(parser)
    parser.add_argument("--keep", metavar="TITLE", help="save the file as one of your data sets")
    parser.add_argument("--delete", metavar="NAME", help="delete one of your data sets")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the catalogue, or what a file holds."""
    if args.delete:
        return _delete(args.delete)
    if args.path:
        return _look(args)
    if args.keep or args.answer:
        raise ValueError("--keep and --answer belong to a file; write `datasets PATH --keep TITLE`")
    return _list(as_json=args.json)


def _list(*, as_json: bool) -> int:
    from mmclust.data import uploads
    from mmclust.data.catalogue import DATASETS

    entries = [*DATASETS.values(), *uploads.entries()]
    if as_json:
        listed = [
            {
                "name": entry.name,
                "views": list(entry.views),
                "n_samples": entry.n_samples,
                "n_clusters": entry.n_clusters,
                "available": entry.available(),
                "how_to_get": entry.how_to_get,
            }
            for entry in entries
        ]
        print_json({"datasets": listed})
        return 0
    rows = [
        (e.name, ", ".join(e.views), f"{e.n_samples:,}", str(e.n_clusters), "here" if e.available() else e.how_to_get)
        for e in entries
    ]
    print_table(("NAME", "VIEWS", "SAMPLES", "CLASSES", "AVAILABLE"), rows)
    return 0


def _look(args: argparse.Namespace) -> int:
    """Say what is understood of a file, what it leaves open, and keep it where that is wanted."""
    from mmclust import fitting
    from mmclust.data import catalogue, readers, uploads
    from mmclust.data.readers.reading import Reading, document

    if not args.path.exists():
        raise ValueError(f"{args.path} is not there; give the path of a file or folder")
    reading, began = Reading(understanding.parsed(args.answer)), time.monotonic()
    place, name = str(args.path.resolve()), None
    # The path of an index file stands for the data set that it makes of other files.
    if catalogue.find(place):
        found = document(catalogue.load(place), reading)
    elif args.keep:
        dataset = readers.read(args.path, reading)
        understanding.check(reading, args.path)
        found = document(dataset, reading)
        name = uploads.keep(dataset, uploads.About(title=args.keep, source=args.path.name), understood=found)
    else:
        found = readers.look(args.path, reading)
    understanding.check(reading, args.path)
    found["advice"] += fitting.advice([tuple(shape) for shape in found["shapes"]])
    is_quick = time.monotonic() - began < PREVIEW_S
    seen = readers.previews(args.path, reading) if is_quick and not name else {}
    if args.json:
        for question in found["questions"]:
            question["previews"] = seen.get(question["name"], {})
        print_json(found | {"name": name})
        return 0
    print("\n".join(map(terminal, understanding.lines(found, seen))))
    if name:
        print(f"kept as {name}: python -m mmclust train --dataset {name} --method ...")
    return 0


def _delete(name: str) -> int:
    from mmclust.data import uploads

    entry = uploads.find(name)
    if entry is None:
        known = ", ".join(entry.name for entry in uploads.entries()) or "none"
        raise ValueError(f"{name!r} is no data set of yours; yours are: {known}")
    uploads.delete(entry.name)
    print(f"deleted {entry.name}")
    return 0
