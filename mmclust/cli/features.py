"""`features`: pictures and captions become views of numbers, which the methods for several views start from."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.cli.output import print_json, print_table
from mmclust.cli.renamed import Renamed

if TYPE_CHECKING:
    from mmclust.data.dataset import MultiViewDataset
    from mmclust.features.extract import Made, Wanted


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "features",
        help="extract features from images and captions; without a data set, list the extractors",
        allow_abbrev=False,
    )
    parser.add_argument(
        "dataset", nargs="?", metavar="NAME_OR_PATH", help="name of a data set (see `datasets`), or a file"
    )
    parser.add_argument(
        "--extract",
        action="extend",
        nargs="+",
        default=[],
        metavar="NAME",
        help="extractors, one view each, such as vgg16 tfidf; NAME@VIEW selects the view to extract from",
    )
    parser.add_argument(
        "--weights",
        action="extend",
        nargs="+",
        default=[],
        metavar="WEIGHTS",
        help=(
            "weights of networks: download, random, or the path of a file (for sentences: a folder); NAME=WEIGHTS for "
            "one extractor. Nothing is fetched without download"
        ),
    )
    parser.add_argument(
        "--preprocess",
        action="extend",
        nargs="+",
        metavar="STEP",
        help="preprocessing of the features: minmax, standard, l2, pca-N, or none; default: minmax pca-100",
    )
    parser.add_argument("--steps", action=Renamed, now="--preprocess", nargs="+")
    parser.add_argument("--px", type=int, default=224, metavar="N", help="image size for networks; default 224")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="default auto")
    parser.add_argument("--limit", type=int, metavar="N", help="use a random subset of N samples")
    parser.add_argument("--keep", metavar="TITLE", help="save the views as one of your data sets")
    parser.add_argument("--out", type=Path, metavar="FILE.npz", help="write the views to a file for `train`")
    parser.add_argument(
        "--estimate",
        action="store_true",
        help="compute nothing: say how long it would take here, and the size and licence of weights to be fetched",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the extractors, or compute, keep and print."""
    if args.dataset is None:
        if args.extract or args.keep or args.out:
            raise ValueError("features of what? give a data set: `features NAME_OR_PATH --extract hog tfidf`")
        return _list(as_json=args.json)
    from mmclust.data import catalogue, uploads
    from mmclust.features.extract import extract, left_out
    from mmclust.features.extractors import Options

    if not args.extract:
        raise ValueError("no features are chosen; add --extract with names of `features`, such as hog tfidf")
    if not 32 <= args.px <= 1024:
        raise ValueError(f"--px {args.px} is not allowed; give 32 to 1024")
    if args.out and args.out.suffix != ".npz":
        raise ValueError(f"{args.out} does not end in .npz; give a name such as features.npz")
    wanted = _wanted(args.extract, args.weights, args.preprocess)
    if args.limit is not None and args.limit < 2:
        raise ValueError(f"--limit {args.limit} leaves nothing to cluster; give 2 or more, or no limit")
    data = catalogue.load(args.dataset, limit=args.limit)
    if args.estimate:
        return _estimate(data, wanted, Options(px=args.px, device=args.device), as_json=args.json)
    found, made = extract(data, wanted, Options(px=args.px, device=args.device), _Lines())
    if told := left_out(data, found):
        print(f"note: {told}", file=sys.stderr)
    name = None
    if args.keep:
        entry = catalogue.find(args.dataset)
        told = {key: getattr(entry, key) for key in ("source", "licence", "citation")} if entry else {}
        what = f"{' and '.join(one.name for one in made)} of {entry.title if entry else Path(args.dataset).name}."
        name = uploads.keep(found, uploads.About(title=args.keep, about=what, **told))
    if args.out:
        _write(args.out, found)
    if args.json:
        print_json(_as_json(found, made, name, args.out))
        return 0
    print_table(("VIEW", "COLUMNS COMPUTED", "COLUMNS KEPT", "VARIANCE KEPT"), [_row(one) for one in made])
    where = name or args.out
    print(
        f"train on it: python -m mmclust train --dataset {where} --method msdib"
        if where
        else "computed and cached; --keep TITLE or --out FILE.npz makes a data set of it"
    )
    return 0


def _estimate(data: "MultiViewDataset", wanted: "tuple[Wanted, ...]", options: Any, *, as_json: bool) -> int:
    from mmclust.cli.output import duration
    from mmclust.features.extract import estimate
    from mmclust.features.extractors import find

    seconds = estimate(data, wanted, options)
    named = [find(one.extractor) for one in wanted]
    fetched = [_weights_of(one) for one in named]
    if as_json:
        rows = zip(named, seconds, fetched, strict=True)
        print_json({"estimate": [{"name": one.name, "seconds": time, "weights": told} for one, time, told in rows]})
        return 0
    print_table(
        ("FEATURES", f"TIME FOR {data.n_samples:,}", "WEIGHTS TO BE FETCHED"),
        [
            (one.title, "not known" if time is None else duration(time), told)
            for one, time, told in zip(named, seconds, fetched, strict=True)
        ],
    )
    return 0


def _weights_of(extractor: Any) -> str:
    """Size and licence of an extractor's weights, as far as they are known before they are here."""
    if not extractor.has_weights:
        return "none"
    from mmclust.features import towers

    return towers.about(extractor).sentence


def _list(*, as_json: bool) -> int:
    from mmclust.features.extractors import EXTRACTORS

    if as_json:
        keys = ("name", "title", "of", "n_columns", "has_weights", "about")
        print_json({"features": [{key: getattr(one, key) for key in keys} for one in EXTRACTORS.values()]})
        return 0
    rows = [(one.name, one.of, str(one.n_columns), one.about) for one in EXTRACTORS.values()]
    print_table(("NAME", "OF", "COLUMNS", "WHAT IT IS"), rows)
    return 0


def _wanted(names: list[str], weights: list[str], steps: list[str] | None) -> "tuple[Wanted, ...]":
    """The views to make, each with its own weights or those for all."""
    from mmclust.data.preprocessing import parse
    from mmclust.features.extract import Wanted
    from mmclust.features.extractors import find

    parts = [name.partition("@") for name in names]
    extractors = [find(name) for name, _, _ in parts]
    single, for_all = {}, ""
    for one in weights:
        name, equals, value = one.partition("=")
        if equals and any(name == extractor.name for extractor in extractors):
            single[name] = value
        elif for_all:
            raise ValueError(f"--weights {for_all} and {one} contradict each other; write NAME=WEIGHTS for each")
        else:
            for_all = one
    chosen = parse(steps or ("minmax", "pca-100"))
    return tuple(
        Wanted(extractor=one.name, source=source, steps=chosen, weights=single.get(one.name, for_all))
        for one, (_, _, source) in zip(extractors, parts, strict=True)
    )


def _write(path: Path, found: "MultiViewDataset") -> None:
    """Views as X1, X2 ... with labels, classes and captions, where there are any."""
    arrays: dict[str, np.ndarray] = {f"X{number}": view for number, view in enumerate(found.views, start=1)}
    if found.labels is not None:
        arrays |= {"labels": found.labels, "classes": np.array(found.spec.classes)}
    if found.texts is not None:
        arrays["captions"] = found.texts.astype(str)
    try:
        np.savez(path, allow_pickle=False, **arrays)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}; choose another file") from None


def _row(made: "Made") -> tuple[str, str, str, str]:
    return made.name, f"{made.n_raw:,}", f"{made.n_columns:,}", f"{made.explained:.1%}"


def _as_json(found: "MultiViewDataset", made: "list[Made]", name: str | None, out: Path | None) -> dict[str, Any]:
    views = [
        {"name": one.name, "n_raw": one.n_raw, "n_columns": one.n_columns, "explained": one.explained} for one in made
    ]
    document = {"n_samples": found.n_samples, "n_clusters": found.spec.n_clusters, "views": views}
    return document | {"name": name, "out": None if out is None else str(out)}


class _Lines:
    """Prints a line for each further tenth."""

    def __init__(self) -> None:
        self.tenths = -1

    def __call__(self, fraction: float, what: str) -> None:
        if (tenths := int(fraction * 10)) > self.tenths:
            self.tenths = tenths
            print(f"{tenths * 10:>3} %  {what}", flush=True)
