"""`reproduce`: a table or figure of a paper, its numbers beside ours."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from mmclust.cli.output import print_json, print_table
from mmclust.cli.sweep import Lines, stopping, workers


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "reproduce",
        help="reproduce a table or figure of a paper: reported numbers, and our mean and deviation",
        description="Runs are kept: the same command continues where an earlier one ended, and more seeds are added.",
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="e.g. msdib-table2; without a name, list all")
    parser.add_argument("--seeds", type=_count, metavar="N", help="seeds 0 to N-1; default: as many as in the paper")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="check that the command runs: two seeds, preset quick, at most two data sets",
    )
    parser.add_argument(
        "--coarse", action="store_true", help="for a figure over values: fewer values, each trained in full"
    )
    parser.add_argument(
        "--dataset", action="append", default=[], metavar="NAME", help="only on this data set; may be repeated"
    )
    parser.add_argument(
        "--show", action="store_true", help="do not train: show existing results and the estimated time for the rest"
    )
    parser.add_argument("--workers", type=workers, metavar="N", help="runs in parallel; default: one per core")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE.md",
        help="also write the section to this file, in place of its earlier version",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE.svg",
        help=(
            "draw a figure (.svg, .png, .pdf); with --out, figures are drawn into the folder pictures next to that file"
        ),
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make it and print; 0 when all runs finished."""
    from mmclust.reproduction.experiments import EXPERIMENTS, find

    if args.name is None:
        return _list(list(EXPERIMENTS.values()), as_json=args.json)
    from mmclust.reproduction import markdown
    from mmclust.reproduction.reproduce import Extent, reproduce
    from mmclust.runs.store import RunStore

    experiment = find(args.name)
    extent = Extent(
        n_seeds=args.seeds,
        quick=args.quick,
        coarse=args.coarse,
        datasets=tuple(args.dataset),
        train=not args.show,
        n_workers=args.workers,
    )
    with stopping() as stop:
        document = reproduce(experiment, RunStore(), extent, progress=Lines(), say=_say, stop=stop)
    document["command"] = _command(args)
    document["picture"] = _picture(args, document)
    page = markdown.written(document, document["command"])
    if args.out:
        markdown.put_into(args.out, experiment.name, page)
    if args.json:
        print_json(document)
    else:
        print(f"\n{page}", end="")
    if document["stopped"]:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 1
    failed = [line for line in document["lines"] if line["failures"]]
    for line in failed:
        print(f"{line['label']} on {line['dataset']}: {line['failures'][0]}", file=sys.stderr)
    return 1 if failed else 0


def _picture(args: argparse.Namespace, document: dict[str, Any]) -> str:
    """Draw the experiment where it has something to draw; the file, as the page beside it names it."""
    from mmclust.plots import experiments as pictures

    path = args.picture or (args.out.parent / "pictures" / f"{args.name}.svg" if args.out else None)
    if path is None or not pictures.can_draw(document):
        return ""
    pictures.write(document, path)
    if not args.picture:
        return path.relative_to(args.out.parent).as_posix()
    print(f"Drawn into {path}", flush=True)
    return path.name


def _list(experiments: list[Any], *, as_json: bool) -> int:
    if as_json:
        print_json({"experiments": [{"name": e.name, "title": e.title, "paper": e.paper} for e in experiments]})
    else:
        print_table(("NAME", "WHAT"), [(e.name, f"{e.paper}: {e.title.partition(', ')[2]}") for e in experiments])
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _command(args: argparse.Namespace) -> str:
    """What makes the same table again; how many processes and where it is written do not matter for that."""
    words = ["python", "-m", "mmclust", "reproduce", args.name]
    words += ["--seeds", str(args.seeds)] if args.seeds else []
    words += ["--quick"] if args.quick else []
    words += ["--coarse"] if args.coarse else []
    words += [word for name in args.dataset for word in ("--dataset", name)]
    return shlex.join(words)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")
    return int(text)
