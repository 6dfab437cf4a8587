"""`bench`: measurements of speed, each with what it was measured on."""

import argparse
import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmclust import settings
from mmclust.cli import execution
from mmclust.cli.output import print_json
from mmclust.cli.train import changes

NAMES = {
    "train": (
        "images per second of DCCS at 28 x 28, or of imc-swav at 32 x 32, compared with the plain recipe; or "
        "steps per second of another --method"
    ),
    "accuracy": (
        "minutes and encoder updates of DCCS (or --method) to ACC 0.90, 0.95 and 0.98, with the published "
        "settings and with our best-known ones"
    ),
    "cluster_counts": (
        "the number of clusters found without labels by `train --clusters unknown` and the suggested cut, compared "
        "with DipDECK's and DDC's (package clustpy), on small samples of --dataset NAME:N,NAME:N; resumable"
    ),
    "device": (
        "on a GPU: losses compared with the CPU's, execution modes, two runs at once, memory, a Grad-CAM sheet, "
        "seeds in parallel"
    ),
    "embed": "seconds to a map by t-SNE, UMAP and PaCMAP, compared with scikit-learn's t-SNE",
    "generality": (
        "every data set of FOLDER, of --dataset NAME,NAME:N (N of its samples) or of the catalogue, with every "
        "suitable method and preset auto, three seeds, compared with k-means tuned using the labels and, with "
        "--preset paper, with the paper's settings; resumable"
    ),
    "pages": ("first paint, page switches, the map and many users in Chromium, compared with an empty Streamlit page"),
    "query": "seconds of queries over the generated table of a run with 70,000 and 1,000,000 samples (--samples)",
    "sensitivity": "the Sensitivity page with 500 runs in Chromium, and one step of its slider",
    "sweep": "time of 100 tiny runs, and the fraction of it not spent on training",
    "store": "milliseconds to write to and read from the run store",
}
ROUNDS = {"train": 7, "pages": 10, "sensitivity": 10, "store": 40, "query": 5, "accuracy": 3}


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("bench", help="measure speed: training, pages or the run store")
    parser.add_argument("name", choices=tuple(NAMES), help="; ".join(f"{name}: {what}" for name, what in NAMES.items()))
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="generality: of data sets")
    defaults = ", ".join(f"{name} {rounds}" for name, rounds in ROUNDS.items())
    parser.add_argument(
        "--rounds",
        type=_count,
        metavar="N",
        help=f"number of repetitions (the median is reported); for accuracy, seeds 0 to N - 1; default {defaults}",
    )
    parser.add_argument("--workers", type=_count, default=2, metavar="N", help="sweep: runs in parallel; default 2")
    parser.add_argument(
        "--samples",
        type=_counts,
        metavar="N,N",
        help="embed, query: sample sizes; default 2000,10000,70000 and 70000,1000000",
    )
    parser.add_argument(
        "--starts", type=_count, default=5, metavar="N", help="pages: number of server starts; default 5"
    )
    parser.add_argument("--visitors", type=_count, default=30, metavar="N", help="pages: parallel sessions; default 30")
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        help="train: with --method; accuracy, device: default digits; generality: NAME,NAME:N instead of a folder; "
        "pages: of the run shown, default the largest",
    )
    parser.add_argument(
        "--lines",
        type=Path,
        metavar="FILE",
        help=(
            "generality, cluster_counts: JSON lines file with the results, continued if it exists; default "
            "generality.jsonl or cluster-counts.jsonl in MMCLUST_HOME"
        ),
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the result to this file")
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    _add_training(parser)
    _add_accuracy(parser)
    parser.set_defaults(run=run)


def _add_training(parser: argparse.ArgumentParser) -> None:
    """Options of the benchmarks that train."""
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda", "auto"),
        default="cpu",
        help="train, accuracy, device: device to train on; default cpu. Times on cuda are wall-clock times",
    )
    execution.add(parser)
    parser.add_argument("--seconds", type=_count, default=6, metavar="S", help="train: length of each turn; default 6")
    parser.add_argument(
        "--threads", type=_count, default=1, metavar="N", help="train, accuracy: torch threads; default 1"
    )
    parser.add_argument(
        "--compile", action="store_true", help="train imc-swav and device, on a CPU: also measure torch.compile"
    )
    parser.add_argument(
        "--batch",
        type=_count,
        metavar="N",
        help="train imc-swav: images per step; default 64, on cuda the paper's 256",
    )
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="train on cuda, accuracy, device: size of a random subset"
    )
    parser.add_argument(
        "--method",
        metavar="NAME",
        help="train: method, on --dataset (default DCCS on noise); accuracy: default dccs; generality: NAME,NAME "
        "(default all)",
    )
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="train: preset of the method, default quick; accuracy: measure only this preset",
    )


def _add_accuracy(parser: argparse.ArgumentParser) -> None:
    """Options of the benchmarks that train to the end."""
    parser.add_argument(
        "--minutes",
        type=float,
        default=15.0,
        metavar="M",
        help="accuracy: longest run, in minutes of processor time, on cuda of wall-clock time; default 15",
    )
    parser.add_argument(
        "--precision", choices=("float32", "bf16"), help="accuracy: precision of the networks; default the preset's"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="accuracy: folder that keeps the runs; existing ones are continued"
    )
    parser.add_argument(
        "--epochs",
        type=_count,
        metavar="N",
        help="accuracy, device: epochs; default the preset's, 2 for device on a CPU; sweep: 10",
    )
    parser.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="accuracy: hyperparameters that differ from the preset",
    )
    parser.add_argument(
        "--parts",
        metavar="NAME,NAME",
        help="device: parts to measure, of agreement, modes, together, memory, gradcam, seeds; default all",
    )
    parser.add_argument("--seeds", type=_seeds, metavar="0,1 or 0-4", help="accuracy, device: seeds to use instead")


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
    elif args.name in ("generality", "cluster_counts"):
        print("\n".join(import_module(f"benchmarks.{args.name}").table(found)))
    else:
        print("\n".join(_lines(found)))
    return 0


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    rounds = args.rounds or ROUNDS.get(args.name, 1)
    if args.name == "train":
        return _training(args, rounds)
    # Late: `bench store` needs no torch, and only `bench pages` needs Playwright.
    module = import_module(f"benchmarks.{args.name}")
    if args.name == "accuracy":
        return module.measure(
            args.dataset or "digits",
            minutes=args.minutes,
            seeds=args.seeds or range(rounds),
            method=args.method or "dccs",
            presets=(args.preset,) if args.preset else None,
            changes=changes(args.set),
            epochs=args.epochs,
            limit=args.limit,
            precision=args.precision,
            device=args.device,
            execution=args.execution,
            threads=args.threads,
            checkpoints=args.keep,
            say=print,
        )
    if args.name == "device":
        return module.measure(
            args.dataset or "digits",
            device=args.device,
            parts=_parts(args.parts) if args.parts else tuple(module.PARTS),
            limit=args.limit,
            seeds=args.seeds,
            epochs=args.epochs,
            compiled=args.compile,
            say=print,
        )
    if args.name == "generality":
        return module.measure(
            module.named(args.dataset) if args.dataset else tuple(module.datasets(_existing(args.folder))),
            lines=args.lines or settings.home() / "generality.jsonl",
            seeds=args.seeds or module.SEEDS,
            methods=tuple(filter(None, (args.method or "").split(","))),
            presets=("auto", args.preset) if args.preset and args.preset != "auto" else ("auto",),
            told=lambda text: print(text, flush=True),
        )
    if args.name == "cluster_counts":
        named = import_module("benchmarks.generality").named
        return module.measure(
            named(args.dataset) if args.dataset else module.SETS,
            lines=args.lines or settings.home() / "cluster-counts.jsonl",
            seeds=args.seeds or module.SEEDS,
            epochs=args.epochs or module.PRETRAINING,
            told=lambda text: print(text, flush=True),
        )
    if args.name == "embed":
        return module.measure(sizes=args.samples or module.SIZES, say=print)
    if args.name == "query":
        return module.measure(sizes=args.samples or module.SIZES, rounds=rounds)
    if args.name == "sweep":
        return module.measure(epochs=args.epochs or 10, workers=args.workers)
    if args.name == "pages":
        return module.measure(rounds=rounds, starts=args.starts, dataset=args.dataset, visitors=args.visitors)
    return module.measure(rounds=rounds)


def _parts(text: str) -> list[str]:
    if "ways" in (parts := text.split(",")):
        print("--parts ways is called modes now; please write that.", file=sys.stderr)
    return ["modes" if part == "ways" else part for part in parts]


def _existing(folder: Path | None) -> Path | None:
    if folder is not None and not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; give one that holds data sets, or none for the catalogue's")
    return folder


def _training(args: argparse.Namespace, rounds: int) -> dict[str, Any]:
    about: dict[str, Any] = {"rounds": rounds, "seconds": float(args.seconds)}
    preset = args.preset or "quick"
    if args.device != "cpu":
        device = import_module("benchmarks.on_device").chosen(args.device)
        if device.type != "cpu":
            on_device = import_module("benchmarks.train_on_device")
            about |= {
                "execution": args.execution,
                "preset": preset,
                "batch_size": args.batch or on_device.PAPER_BATCH,
                "limit": args.limit,
            }
            return on_device.measure(args.method, args.dataset, device=device, **about)
    about["threads"] = args.threads
    if args.method == "imc-swav" and args.dataset in (None, "cifar10", "cifar20", "cifar100"):
        imc_swav = import_module("benchmarks.train_imc_swav")
        about |= {"batch_size": args.batch or imc_swav.BATCH_SIZE, "compiled": args.compile}
        return imc_swav.measure(args.dataset, **about)
    if args.method in (None, "dccs"):
        dccs = import_module("benchmarks.train_dccs")
        if args.dataset is None or dccs.fits(args.dataset):
            return dccs.measure(args.dataset, **about)
    if not (args.method and args.dataset):
        raise ValueError("--method and --dataset belong together; give both, or none for DCCS beside its recipe")
    return import_module("benchmarks.train").measure_method(args.dataset, args.method, preset=preset, **about)


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
