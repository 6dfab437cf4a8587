"""`bench`: measurements of speed, each with what it was measured on."""

import argparse
import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmclust.cli.output import print_json

NAMES = {
    "train": "images per second of DCCS at 28 x 28, or of imc-swav at 32 x 32, beside the plain recipe; or "
    "steps per second of another --method",
    "accuracy": "minutes and encoder updates that DCCS takes to ACC 0.90, 0.95 and 0.98, with the published settings "
    "and with our best known ones",
    "embed": "seconds to a map by t-SNE, UMAP and PaCMAP, beside scikit-learn's t-SNE",
    "pages": "first paint, page switches, the map and many visitors in Chromium, beside an empty Streamlit page",
    "sensitivity": "the Sensitivity page with 500 runs in Chromium, and a step of its slider",
    "sweep": "seconds of 100 tiny runs, and the share of them that no run trained in",
    "store": "milliseconds that the run store takes to write and to read",
}
ROUNDS = {"train": 7, "pages": 10, "sensitivity": 10, "store": 40, "accuracy": 3}


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("bench", help="measure speed: training, pages or the run store")
    parser.add_argument("name", choices=tuple(NAMES), help="; ".join(f"{name}: {what}" for name, what in NAMES.items()))
    defaults = ", ".join(f"{name} {rounds}" for name, rounds in ROUNDS.items())
    parser.add_argument(
        "--rounds",
        type=_count,
        metavar="N",
        help=f"repetitions that medians are over, for accuracy seeds 0 to N - 1; default {defaults}",
    )
    parser.add_argument("--seconds", type=_count, default=6, metavar="S", help="train: length of each turn; default 6")
    parser.add_argument(
        "--threads", type=_count, default=1, metavar="N", help="train, accuracy: torch threads; default 1"
    )
    parser.add_argument("--compile", action="store_true", help="train, imc-swav: also with torch.compile")
    parser.add_argument(
        "--minutes", type=float, default=15.0, metavar="M", help="accuracy: longest run, in minutes of the processor"
    )
    parser.add_argument(
        "--epochs", type=_count, metavar="N", help="accuracy: length of the schedule; default the preset's; sweep: 10"
    )
    parser.add_argument("--workers", type=_count, default=2, metavar="N", help="sweep: runs at once; default 2")
    parser.add_argument("--seeds", type=_seeds, metavar="0,1 or 0-4", help="accuracy: these seeds instead")
    parser.add_argument(
        "--samples", type=_counts, metavar="N,N", help="embed: numbers of samples; default 2000,10000,70000"
    )
    parser.add_argument("--starts", type=_count, default=5, metavar="N", help="pages: fresh servers; default 5")
    parser.add_argument("--visitors", type=_count, default=30, metavar="N", help="pages: sessions at once; default 30")
    parser.add_argument("--method", metavar="NAME", help="train: this method, on --dataset; default DCCS on noise")
    parser.add_argument(
        "--preset", metavar="NAME", help="train: of the method, default quick; accuracy: this one alone"
    )
    parser.add_argument(
        "--dataset", metavar="NAME", help="train: with --method; pages: of the run shown, default the largest here"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        ValueError: the measuring scripts, which lie beside the package in its repository, are not there.
    """
    if find_spec("benchmarks") is None:
        raise ValueError("bench needs the folder benchmarks/ of the repository; run it in the repository's root")
    found = _measure(args)
    if args.out:
        try:
            args.out.write_text(json.dumps(found, indent=2) + "\n")
        except OSError as error:
            raise ValueError(f"{args.out} cannot be written: {error.strerror}; choose another file") from error
    if args.json:
        print_json(found)
    else:
        print("\n".join(_lines(found)))
    return 0


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    # Late: `bench store` needs no torch, and only `bench pages` needs Playwright.
    module = import_module(f"benchmarks.{args.name}")
    rounds = args.rounds or ROUNDS.get(args.name, 1)
    if args.name == "train" and args.method == "imc-swav" and args.dataset in (None, "cifar10", "cifar20", "cifar100"):
        beside_plain = import_module("benchmarks.train_imc_swav").measure
        wanted = {"threads": args.threads, "compiled": args.compile}
        return beside_plain(args.dataset, rounds=rounds, seconds=float(args.seconds), **wanted)
    if args.name == "train" and args.method in (None, "dccs"):
        dccs = import_module("benchmarks.train_dccs")
        if args.dataset is None or dccs.fits(args.dataset):
            return dccs.measure(args.dataset, rounds=rounds, seconds=float(args.seconds), threads=args.threads)
    if args.name == "train":
        if not (args.method and args.dataset):
            raise ValueError("--method and --dataset belong together; give both, or none for DCCS beside its recipe")
        wanted = {"preset": args.preset or "quick", "rounds": rounds, "threads": args.threads}
        return module.measure_method(args.dataset, args.method, seconds=float(args.seconds), **wanted)
    if args.name == "accuracy":
        return module.measure(
            args.dataset or "digits",
            minutes=args.minutes,
            seeds=args.seeds or range(rounds),
            presets=(args.preset,) if args.preset else module.PRESETS,
            epochs=args.epochs,
            threads=args.threads,
            say=print,
        )
    if args.name == "embed":
        return module.measure(sizes=args.samples or module.SIZES, say=print)
    if args.name == "sweep":
        return module.measure(epochs=args.epochs or 10, workers=args.workers)
    if args.name == "pages":
        return module.measure(rounds=rounds, starts=args.starts, dataset=args.dataset, visitors=args.visitors)
    return module.measure(rounds=rounds)


def _lines(found: dict[str, Any]) -> list[str]:
    """The figures in lines for people: names joined with dots, lists left out."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [f"{machine['processor']}, {machine['cores']} cores, load {machine['load_1_min']}", versions, ""]
    return lines + [f"{name:<58}{value}" for name, value in _leaves(found) if not name.startswith("machine.")]


def _leaves(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            leaves += _leaves(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            leaves.append((prefix + name, value))
    return leaves


def _seeds(text: str) -> tuple[int, ...]:
    from mmclust.sweeps.sweep import seed_numbers

    try:
        return seed_numbers(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _counts(text: str) -> tuple[int, ...]:
    return tuple(_count(part.strip()) for part in text.split(","))


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
