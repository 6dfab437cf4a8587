"""`datasets`: what can be clustered, how to get what is not here, and what is understood of a file."""

import argparse
from pathlib import Path
from typing import Any

from mmclust.cli.output import print_json, print_table


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "datasets", help="list the data sets: views, samples, classes, whether they are here; or look at a file"
    )
    parser.add_argument("path", nargs="?", type=Path, help="a file or folder: say what is understood of it")
    parser.add_argument(
        "--answer",
        action="extend",
        nargs="+",
        default=[],
        metavar="QUESTION=ANSWER",
        help="what the file leaves open, as the output of `datasets PATH` asks it",
    )
    parser.add_argument("--keep", metavar="TITLE", help="keep what was read as a data set of your own")
    parser.add_argument("--delete", metavar="NAME", help="delete a data set of your own")
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
    from mmclust.data import catalogue, readers, uploads
    from mmclust.data.readers.reading import Reading, document, understood

    if not args.path.exists():
        raise ValueError(f"{args.path} is not there; give the path of a file or folder")
    reading = Reading(_answers(args.answer))
    place = str(args.path.resolve())
    # The path of an index file stands for the data set that it makes of other files.
    dataset = catalogue.load(place) if catalogue.find(place) else readers.read(args.path, reading)
    open_questions = {question.name: question for question in reading.questions}
    if unknown := [name for name in reading.answers if name not in open_questions]:
        asked = ", ".join(open_questions) or "nothing"
        raise ValueError(f"{args.path.name} leaves {unknown[0]!r} not open; it asks for {asked}")
    for name, answer in reading.answers.items():
        if answer not in open_questions[name].options:
            options = ", ".join(open_questions[name].options)
            raise ValueError(f"{name}={answer!r} is not possible; choose one of {options}")
    name = uploads.keep(dataset, uploads.About(title=args.keep, source=args.path.name)) if args.keep else None
    if args.json:
        print_json(document(dataset, reading) | {"classes": list(dataset.spec.classes), "name": name})
        return 0
    print(understood(dataset, reading))
    for question in reading.questions:
        print(f"open: {question.text} Taken as: {question.answer}.")
        for option in question.options:
            if option != question.answer:
                print(f"      --answer '{question.name}={option}'")
    if name:
        print(f"kept as {name}: python -m mmclust train --dataset {name} --method ...")
    return 0


def _answers(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, answer = pair.partition("=")
        if not (name and equals):
            raise ValueError(f"--answer {pair!r} is not understood; write --answer 'question=answer'")
        found[name.strip()] = answer.strip()
    return found


def _delete(name: str) -> int:
    from mmclust.data import uploads

    entry = uploads.find(name)
    if entry is None:
        known = ", ".join(entry.name for entry in uploads.entries()) or "none"
        raise ValueError(f"{name!r} is no data set of yours; yours are: {known}")
    uploads.delete(entry.name)
    print(f"deleted {entry.name}")
    return 0
