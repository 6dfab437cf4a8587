"""`train`: plan a run, execute it here, print how it goes."""

import argparse
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmclust.cli import execution, understanding
from mmclust.cli.output import duration, fraction, print_json, reported_metrics
from mmclust.cli.renamed import Renamed
from mmclust.escaping import terminal
from mmclust.evaluation.metric_names import METRICS
from mmclust.methods.card import PRESETS

if TYPE_CHECKING:
    from mmclust.runs.record import RunRecord
    from mmclust.runs.spec import RunSpec
    from mmclust.runs.store import RunStore

LAUNCHER = "command"
"""Marks runs that no server may take: the process that queued them executes them."""
RAY = "ray"
PRINT_EVERY_S = 2.0
AUTO, UNKNOWN = "auto", "unknown"
"""Stands for a number of clusters that is to be found."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("train", help="train a method on a data set, in this process", allow_abbrev=False)
    parser.add_argument(
        "--dataset", required=True, metavar="NAME_OR_PATH", help="name of a data set (see `datasets`), or a file"
    )
    understanding.add_answer(parser)
    parser.add_argument("--strict", action="store_true", help="do not train while a question about the file is open")
    parser.add_argument("--method", required=True, metavar="NAME", help="a name of `methods`")
    parser.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="hyperparameter of the method (see `methods`); may be repeated",
    )
    parser.add_argument(
        "--preprocess",
        action="extend",
        nargs="+",
        metavar="STEP",
        help=(
            "preprocessing steps, in order: flatten, minmax, standard, l2, unit, tf-idf, sqrt, walk, clip-N, pca-N, "
            "resize-N, auto, or none; default: the method's"
        ),
    )
    parser.add_argument("--steps", action=Renamed, now="--preprocess", nargs="+")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data; default: the preset's")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed for weights and all random draws; default 0"
    )
    parser.add_argument(
        "--clusters",
        type=_clusters,
        metavar="K",
        help="number of clusters; auto to choose it by evidence and stability before the training; unknown to train "
        "with more than expected and merge afterwards (`export --clusters`); default: number of classes",
    )
    parser.add_argument("--preset", help=f"{', '.join(PRESETS)}; default auto, which decides by the data")
    parser.add_argument(
        "--budget", type=float, metavar="MINUTES", help="training time for preset auto, in minutes of one core"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda; default auto")
    parser.add_argument(
        "--devices",
        type=int,
        default=1,
        metavar="N",
        help="train by N processes, each with a share of every batch: on the CPU, or one per GPU; default 1",
    )
    add_launcher(parser)
    execution.add(parser)
    parser.add_argument("--precision", help="float32 or bf16; default: the preset's")
    parser.add_argument("--limit", type=int, metavar="N", help="train on a random subset of N samples")
    parser.add_argument("--title", default="", help="title of the run")
    parser.add_argument("--download", action="store_true", help="download the data set if it is not available")
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
    parser.set_defaults(run=run)


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Declare where the run is executed."""
    parser.add_argument(
        "--launcher",
        default=LAUNCHER,
        choices=(LAUNCHER, RAY),
        help=f"{LAUNCHER}: this process (default); {RAY}: the cluster of MMCLUST_RAY_ADDRESS",
    )


def run(args: argparse.Namespace) -> int:
    """Train and print; 0 when the run finished."""
    from mmclust.runs.spec import UNKNOWN_NUMBER
    from mmclust.runs.store import RunStore
    from mmclust.specs import build_spec, look, validate

    _fetch(args.dataset, download=args.download)
    dataset = _understood(args.dataset, understanding.parsed(args.answer), strict=args.strict)
    suggested = _suggested(dataset, args)
    spec = build_spec(
        dataset,
        args.method,
        preset=args.preset,
        budget_min=args.budget,
        changes=changes(args.set),
        preprocessing=args.preprocess,
        epochs=args.epochs,
        seed=args.seed,
        clusters=suggested["n_clusters"] if suggested else _number(dataset, args),
        tags=(UNKNOWN_NUMBER,) if args.clusters == UNKNOWN else (),
        suggested=suggested,
        device=args.device,
        execution=args.execution,
        n_devices=args.devices,
        precision=args.precision,
        limit=args.limit,
        launcher=args.launcher,
        title=args.title,
    )
    if reason := validate(spec):
        raise ValueError(reason)
    for note in look(spec):
        print(f"note: {terminal(note)}", file=sys.stderr, flush=True)
    _tell_memory(spec)
    store = RunStore()
    created = store.create(spec)
    print(f"run {created.id}: {spec.method} on {spec.dataset}, {spec.epochs} epochs, seed {spec.seed}", flush=True)
    return follow(store, created.id, as_json=args.json, launcher=args.launcher)


def _tell_memory(spec: "RunSpec") -> None:
    """Say how much memory the run will take, and what to do where it is much of what is free."""
    from mmclust.methods import card
    from mmclust.specs import expected_memory

    if "batch_size" not in spec.config:  # a baseline
        return
    size, about = spec.config["batch_size"], card(spec.method)
    expected = expected_memory(spec.dataset, about, batch_size=size, n_clusters=spec.n_clusters, limit=spec.limit)
    print(f"memory: {expected.sentence(own_process=True)}", flush=True)
    if expected.is_large:
        print("note: that is more than half; lower batch_size, or train on fewer samples (--limit)", file=sys.stderr)


def _clusters(text: str) -> int | str:
    if text in (AUTO, UNKNOWN):
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of clusters; give a whole number, {AUTO} or {UNKNOWN}"
        ) from None


def _number(dataset: str, args: argparse.Namespace) -> int | None:
    """The number of clusters that was given; where it is unknown, more of them than expected, which is printed."""
    if args.clusters != UNKNOWN:
        return args.clusters
    from mmclust.data import catalogue
    from mmclust.runs.spec import unknown_clusters

    entry = catalogue.find(dataset)
    n_samples = entry.n_samples if entry else catalogue.load(dataset).n_samples
    number = unknown_clusters(min(args.limit or n_samples, n_samples))
    print(f"{number} clusters are trained, since their number is unknown; merge them on the pages or by export")
    return number


def _suggested(dataset: str, args: argparse.Namespace) -> dict[str, Any] | None:
    """A number of clusters that nobody had to know, printed with its uncertainty; None where one was given."""
    if args.clusters != AUTO:
        return None
    from mmclust.auto.cluster_count import suggest_for
    from mmclust.data import catalogue

    found = suggest_for(catalogue.load(dataset, limit=args.limit), seed=args.seed)
    print(found.sentence, flush=True)
    return found.as_dict()


def _understood(name: str, answers: dict[str, str], *, strict: bool) -> str:
    """Print what is understood of a file and what it leaves open; the name under which it is read as answered.

    Raises:
        ValueError: answers that do not belong to the file, or something is open and must not be.
    """
    from mmclust.data import answered, catalogue, readers
    from mmclust.data.readers.reading import Reading

    if catalogue.find(name):
        if answers:
            raise ValueError(f"--answer belongs to a file, and {name} is a known data set; give the path of a file")
        return name
    path, known = answered.split(name)
    place = Path(path).expanduser()
    if not (path.strip() and os.path.exists(place)):  # not Path.exists: it raises where a name is too long
        return name
    reading = Reading(known | answers)
    found = readers.look(place, reading)
    understanding.check(reading, place)
    print("\n".join(map(terminal, understanding.lines(found))), flush=True)
    if strict:
        understanding.refuse_open(found)
    # ./digits is the folder, and without the ./ that a Path leaves out it would be the known data set of that name
    return answered.joined(place.absolute() if catalogue.find(str(place)) else place, reading.answers)


def follow(store: "RunStore", run_id: str, *, as_json: bool, launcher: str = LAUNCHER) -> int:
    """Execute a queued run here or on the cluster, print its progress and its end; the exit code."""
    from mmclust import launch

    execute = launch.run_there if launcher == RAY else launch.run_here
    with _Progress(store, run_id):
        record = execute(store, run_id, waiting=lambda reason: print(reason, flush=True))
    if record.status != "finished":
        reason = record.error or f"Run {run_id} is {record.status}."
        hint = (
            ""
            if "resume" in reason or record.status == "failed"
            else f" `python -m mmclust resume {run_id}` lets it go on."
        )
        print(terminal(reason) + hint, file=sys.stderr)
    if as_json:
        print_json(_as_json(record))
    elif record.status == "finished":
        print(f"finished {_summary(record)}")
    return 0 if record.status == "finished" else 1


def _as_json(record: "RunRecord") -> dict[str, Any]:
    return {
        "run_id": record.run_id,
        "status": record.status,
        "dataset": record.spec.dataset,
        "method": record.spec.method,
        "n_samples": record.n_samples,
        "n_clusters": record.n_clusters,
        "epochs": record.epochs,
        "seed": record.spec.seed,
        "device": record.device.partition(":")[0],
        "seconds": record.seconds,
        "samples_per_s": record.samples_per_s,
        "metrics": reported_metrics(record.metrics),
    }


def _summary(record: "RunRecord") -> str:
    speed = f", {record.samples_per_s:,.0f} images/s" if record.samples_per_s else ""
    found = (
        " ".join(f"{name} {record.metrics[name]:.4f}" for name in METRICS if name in record.metrics)
        if record.metrics
        else "no labels to compare"
    )
    return f"{record.run_id}: {found}; {duration(record.seconds)}{speed}"


def changes(pairs: list[str]) -> dict[str, str]:
    """Values by name, from texts such as `sigma=0.2`.

    Raises:
        ValueError: a text of another form.
    """
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise ValueError(f"{pair!r} is not understood; write a setting as key=value")
        values[key.strip()] = value.strip()
    return values


def _fetch(dataset: str, *, download: bool) -> None:
    """Download a known data set that is not here, or say that this could be done."""
    from mmclust.data import catalogue, hub

    if hub.is_name(dataset):
        if download:
            catalogue.download(dataset)
        return
    entry = catalogue.find(dataset)
    if entry is None or entry.available() or not entry.downloads:
        return
    if not download:
        raise catalogue.DataUnavailable(
            f"{entry.title} is not here yet; add --download, or see `datasets` for other ways"
        )
    catalogue.download(entry.name, _DownloadLines())


class _DownloadLines:
    """Prints a line for each further tenth of a download."""

    def __init__(self) -> None:
        self.tenths = -1

    def __call__(self, fraction_done: float, what: str) -> None:
        tenths = int(fraction_done * 10)
        if tenths > self.tenths:
            self.tenths = tenths
            print(f"{what} {tenths * 10} %", flush=True)


class _Progress:
    """Prints a line every few seconds while the main thread trains; reads the store like any page."""

    def __init__(self, store: "RunStore", run_id: str) -> None:
        self.store, self.run_id = store, run_id
        self.losses: dict[str, float] = {}
        self.since: int | None = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._print_on, name="progress", daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def _print_on(self) -> None:
        last = ""
        while not self.ended.wait(PRINT_EVERY_S):
            try:
                line = self._line()
            except ValueError:  # the store does not answer just now; the run itself will say so if that lasts
                continue
            if line and line != last:
                print(line, flush=True)
                last = line

    def _line(self) -> str:
        run = self.store.get(self.run_id)
        record = run.record()
        points = run.metrics(since_id=self.since)
        if len(points):
            self.since = int(points["id"].iloc[-1])
            newest = zip(points["name"], points["value"], strict=True)
            self.losses |= {n.removeprefix("loss/"): value for n, value in newest if n.startswith("loss/")}
        if record.status != "running" or not record.total_steps:
            return ""
        loss = " ".join(f"{name} {value:.3f}" for name, value in self.losses.items())
        score = f"ACC {fraction(record.metrics, 'acc')}"
        left = f"{duration(record.seconds_left)} left"
        return "  ".join((f"epoch {record.epoch:.1f}/{record.epochs}", f"loss {loss}", score, left))
