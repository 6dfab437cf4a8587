"""`embed`: from photographs to a clustering: features of two kinds become views, then a method is trained."""

import argparse
from pathlib import Path
from typing import Any

EXTRACTORS = ("hog", "colours")
"""Shape and colour: two views of a photograph that need no weights."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "embed",
        help="cluster photographs by features of two kinds or more: extract, keep as a data set, train",
        description="Each extractor gives one view. See `features` for their names; timm:NAME and clip:MODEL/TAG take "
        "any network of timm and open_clip. Nothing is fetched unless --weights download is given.",
        allow_abbrev=False,
    )
    parser.add_argument("dataset", metavar="NAME_OR_PATH", help="folder, archive or data set with pictures")
    parser.add_argument("--extract", nargs="+", default=list(EXTRACTORS), metavar="NAME", help="default: hog colours")
    parser.add_argument("--weights", nargs="+", default=[], metavar="WEIGHTS", help="as for `features`")
    parser.add_argument("--method", default="msdib", metavar="NAME", help="a method for several views; default msdib")
    parser.add_argument("--clusters", metavar="K", help="number of clusters, or auto; default: number of classes")
    parser.add_argument("--budget", metavar="MINUTES", help="training time in minutes of one core")
    parser.add_argument("--preset", metavar="NAME", help="as for `train`")
    parser.add_argument("--epochs", metavar="N", help="as for `train`")
    parser.add_argument("--limit", metavar="N", help="use a random subset of N samples")
    parser.add_argument("--title", metavar="TITLE", help="title of the data set; default: the name of the folder")
    parser.add_argument(
        "--estimate", action="store_true", help="compute nothing: say how long it would take and what would be fetched"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Estimate, or extract and train."""
    from mmclust.cli.main import main
    from mmclust.data import uploads
    from mmclust.methods import card

    if not card(args.method).several_views:
        raise ValueError(f"{args.method} takes images, not features; choose a method for several views, see `methods`")
    if len(args.extract) < 2:
        raise ValueError(
            f"--extract {args.extract[0]} makes one view; name two extractors or more, such as hog colours"
        )
    title = args.title or f"{Path(args.dataset).stem}, {' and '.join(args.extract)}"[:80]
    asked = ["features", args.dataset, "--extract", *args.extract]
    asked += ["--weights", *args.weights] if args.weights else []
    asked += ["--limit", args.limit] if args.limit else []
    as_json = ["--json"] if args.json else []
    if args.estimate:
        return main([*asked, "--estimate", *as_json]) or (0 if args.json else _tell_training(args.budget))
    before = {entry.name for entry in uploads.entries()}
    if code := main([*asked, "--keep", title]):
        return code
    name = next(entry.name for entry in uploads.entries() if entry.name not in before)
    options = [(f"--{key}", getattr(args, key)) for key in ("clusters", "budget", "preset", "epochs")]
    told = [word for pair in options if pair[1] for word in pair]
    return main(["train", "--dataset", name, "--method", args.method, *told, *as_json])


def _tell_training(budget: str | None) -> int:
    print(f"training: about {budget or '3'} minutes of one core (--budget), whatever the number of samples")
    return 0
