"""`sweep`: many runs, several at a time, and a table of mean and deviation."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmclust.cli import execution, pictures
from mmclust.cli.output import duration, print_json, print_table, reported_metrics
from mmclust.cli.renamed import Renamed
from mmclust.evaluation.metric_names import MAIN, TITLES
from mmclust.methods.card import PRESETS

if TYPE_CHECKING:
    from mmclust.sweeps.outcome import SweepOutcome, SweepProgress
    from mmclust.sweeps.results import SeedSummary
    from mmclust.sweeps.sweep import Sweep

PRINT_EVERY_S = 10.0
ASK_ABOVE = 500
"""A sweep of more runs asks before it starts."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "sweep",
        help="train many runs in parallel: values of hyperparameters, data sets, methods, seeds",
        description="Finished runs with the same settings are reused, and the same command continues with the rest.",
        allow_abbrev=False,
    )
    _add_settings(parser)
    _add_execution(parser)
    _add_output(parser)
    parser.set_defaults(run=run)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Options of what is trained."""
    parser.add_argument("--dataset", required=True, nargs="+", metavar="NAME_OR_PATH", help="one or more data sets")
    parser.add_argument("--method", required=True, nargs="+", metavar="NAME", help="one or more methods")
    parser.add_argument(
        "--grid",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=V1,V2",
        help=(
            "values V1,V2 or a range FROM:TO:STEP of a hyperparameter, or of epochs, limit, clusters or preset; "
            "several are combined"
        ),
    )
    parser.add_argument(
        "--point",
        action="append",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="a single setting, instead of --grid; may be repeated",
    )
    parser.add_argument(
        "--ablations", action="store_true", help="the rows of the method's ablation table, instead of --grid"
    )
    parser.add_argument(
        "--set", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help="hyperparameter of all runs"
    )
    parser.add_argument("--seeds", default="0", metavar="S1,S2", help="seeds of each setting, 0,1,2 or 0-9; default 0")
    parser.add_argument("--preset", help=f"{', '.join(PRESETS)}; default auto, which decides by the data")
    parser.add_argument(
        "--preprocess", nargs="+", metavar="STEP", help="preprocessing of the data; default: the method's"
    )
    parser.add_argument("--steps", action=Renamed, now="--preprocess", nargs="+")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data; default: the preset's")
    parser.add_argument("--clusters", type=int, metavar="K", help="number of clusters; default: number of classes")
    parser.add_argument("--limit", type=int, metavar="N", help="train on a random subset of N samples")


def _add_execution(parser: argparse.ArgumentParser) -> None:
    """Options of where and how many runs are trained at a time."""
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda; default auto")
    execution.add(parser)
    parser.add_argument(
        "--launcher",
        default="sweep",
        choices=("sweep", "ray"),
        help="sweep: processes of this machine (default); ray: the cluster of MMCLUST_RAY_ADDRESS",
    )
    parser.add_argument(
        "--gpus-per-run",
        type=float,
        default=1.0,
        metavar="PART",
        help=(
            "fraction of a GPU that the Ray cluster reserves for each run, such as 0.25 for four runs on one GPU; "
            "default 1"
        ),
    )
    parser.add_argument("--workers", type=workers, metavar="N", help="runs in parallel; default: one per core")
    parser.add_argument("--at-most", type=_count, metavar="N", help="at most N runs, with settings sampled evenly")
    parser.add_argument("--yes", action="store_true", help=f"start more than {ASK_ABOVE} runs without asking")
    parser.add_argument("--show", action="store_true", help="do not train: show existing results")


def _add_output(parser: argparse.ArgumentParser) -> None:
    """Options of what is kept and printed."""
    parser.add_argument("--title", default="", help="title of the sweep")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw a curve or heat map (.svg, .png, .pdf)")
    parser.add_argument(
        "--metric",
        default="",
        metavar="NAME",
        help=(
            "metric that --plot draws: acc, nmi, ari, purity, or a curve such as objective/main; default: ACC with "
            "classes"
        ),
    )
    parser.add_argument("--figure", action=Renamed, now="--metric")
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end")


def run(args: argparse.Namespace) -> int:
    """Train and print; 0 when every run finished."""
    from mmclust.runs.store import RunStore
    from mmclust.sweeps.runner import look_up, run_sweep

    sweep = asked(args)
    if sweep.n_runs > ASK_ABOVE and not (args.yes or args.show):
        _ask(sweep.n_runs)
    for cell in sweep.cells:  # bad usage is said before anything is trained
        cell.build_spec(sweep.seeds[0])
    print(f"sweep {sweep.id}: {len(sweep.cells)} settings x {len(sweep.seeds)} seeds", flush=True)
    store, lines = RunStore(), Lines()
    if args.show:
        outcome = look_up(store, sweep)
    else:
        with stopping() as stop:
            outcome = run_sweep(
                store,
                sweep,
                launcher=args.launcher,
                n_workers=args.workers,
                gpus_per_run=args.gpus_per_run,
                progress=lines,
                stop=stop,
            )
    if args.plot:
        pictures.draw(store, outcome, args.plot, args.metric)
        print(f"Drawn into {args.plot}", flush=True)
    if args.json:
        print_json(as_json(outcome))
    else:
        _print_table(outcome)
    for sentence in complaints(outcome, told=lines.refused):
        print(sentence, file=sys.stderr)
    return 1 if outcome.failures or outcome.stopped else 0


def _ask(n_runs: int) -> None:
    """Have many runs confirmed.

    Raises:
        ValueError: the answer is not yes, or nobody can be asked.
    """
    limit = "give --at-most N for a part of them drawn evenly, or --yes for all"
    if not sys.stdin.isatty():
        raise ValueError(f"{n_runs:,} runs are asked for, more than {ASK_ABOVE}; {limit}")
    if input(f"{n_runs:,} runs are asked for. Start those that are missing? [y/N] ").strip().lower() not in (
        "y",
        "yes",
    ):
        raise ValueError(f"nothing was started; {limit}")


def asked(args: argparse.Namespace) -> "Sweep":
    """The sweep that the options ask for.

    Raises:
        ValueError: options that cannot be understood or do not go together.
    """
    from mmclust.sweeps.sweep import limited

    sweep = _all(args)
    return sweep if args.at_most is None else limited(sweep, args.at_most)


def _all(args: argparse.Namespace) -> "Sweep":
    from mmclust.methods import card
    from mmclust.sweeps.sweep import Cell, ablations, axis_values, grid, points_of, seed_numbers

    given = [name for name in ("grid", "point", "ablations") if getattr(args, name)]
    if len(given) > 1:
        told = " and ".join(f"--{name}" for name in given)
        raise ValueError(f"{told} came together; give combinations with --grid or a list with --point or --ablations")
    base = Cell(
        dataset=args.dataset[0],
        method=args.method[0],
        preset=args.preset or "",
        changes=dict(map(_pair, args.set)),
        preprocessing=None if args.preprocess is None else tuple(args.preprocess),
        epochs=args.epochs,
        clusters=args.clusters,
        limit=args.limit,
        device=args.device,
        execution=args.execution,
    )
    several = {"dataset": args.dataset, "method": args.method}
    axes: dict[str, Sequence[Any]] = {name: values for name, values in several.items() if len(values) > 1}
    seeds = seed_numbers(args.seeds)
    if args.ablations:
        about = card(base.method)
        if axes or not about.ablations:
            why = "take one data set and one method" if axes else f"{about.title} has no ablation table"
            raise ValueError(f"--ablations cannot be used here: {why}; use --grid for other settings")
        return ablations(base, about.ablations, seeds=seeds, title=args.title)
    if args.point:
        points = [dict(map(_pair, point)) for point in args.point]
        combined = [{**cell.point, **point} for cell in grid(base, axes).cells for point in points]
        return points_of(base, combined, seeds=seeds, title=args.title)
    for text in args.grid:
        name, values = _split(text, "--grid", "key=v1,v2")
        if name in axes:
            raise ValueError(f"{name} came twice; give all its values in one --grid {name}=v1,v2")
        axes[name] = axis_values(values)
    return grid(base, axes, seeds=seeds, title=args.title)


class Lines:
    """Prints what cannot be trained, a line for each run that ends, and one every few seconds."""

    def __init__(self) -> None:
        self.printed = time.monotonic() - PRINT_EVERY_S
        self.trouble = ""
        self.refused: tuple[str, ...] = ()

    def __call__(self, state: "SweepProgress") -> None:
        """Print, if there is news."""
        if state.refused and not self.refused:
            self.refused = state.refused
            print(*state.refused, sep="\n", file=sys.stderr, flush=True)
        if state.trouble and not self.trouble:
            print(f"Waiting: {state.trouble}", file=sys.stderr, flush=True)
        self.trouble = state.trouble
        if state.ended is None and time.monotonic() - self.printed < PRINT_EVERY_S:
            return
        self.printed = time.monotonic()
        news = ""
        if (ended := state.ended) is not None:
            acc = f" ACC {ended.metrics['acc']:.4f}" if ended.metrics else ""
            news = f"  {ended.title or ended.run_id} ({ended.spec.method} on {ended.spec.dataset}): "
            news += f"{ended.status}{acc}, {duration(ended.seconds)}"
        parts = [f"{state.n_finished}/{state.n_runs} runs", f"{state.n_reused} of them reused"]
        parts += [f"{state.n_failed} failed"] if state.n_failed else []
        parts += [f"{len(state.running)} running"] if state.running else []
        parts += [f"{duration(state.seconds_left)} left"] if state.seconds_left else []
        print(", ".join(parts) + news, flush=True)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets; a second Ctrl-C does not wait."""
    stop = threading.Event()

    def told(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        print("Stopping: runs write their checkpoints.", file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGINT, told)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def complaints(outcome: "SweepOutcome", *, told: Collection[str] = ()) -> list[str]:
    """What went wrong, a sentence for each setting but those told already."""
    from mmclust.sweeps.outcome import complaints as of_settings

    found = [sentence for sentence in of_settings(outcome.sweep, outcome.failures) if sentence not in told]
    if outcome.stopped:
        n_finished = len({run.run_id for run in outcome.runs.values()})
        found.append(
            f"Stopped with {n_finished} of {outcome.n_runs} runs finished; the same command goes on from here."
        )
    return found


def as_json(outcome: "SweepOutcome") -> dict[str, Any]:
    """The document of `sweep --json`."""
    from mmclust.methods import card
    from mmclust.sweeps import results

    cells = []
    for number, cell in enumerate(outcome.sweep.cells):
        runs = outcome.of_cell(number)
        cells.append(
            {
                "dataset": cell.dataset,
                "method": cell.method,
                "preset": cell.preset or card(cell.method).default_preset,
                "point": dict(cell.point),
                "metrics": {name: found.as_json() for name, found in results.summarise_metrics(runs).items()} or None,
                "seconds": results.summarise([run.seconds for run in runs]).mean if runs else None,
                "runs": [
                    {
                        "run_id": r.run_id,
                        "seed": r.spec.seed,
                        "metrics": reported_metrics(r.metrics),
                        "seconds": r.seconds,
                    }
                    for r in runs
                ],
                "failures": {str(seed): why for (c, seed), why in outcome.failures.items() if c == number},
            }
        )
    return {
        "sweep_id": outcome.sweep.id,
        "status": "stopped" if outcome.stopped else "failed" if outcome.failures else "finished",
        "n_runs": outcome.n_runs,
        "n_reused": outcome.n_reused,
        "seconds": outcome.seconds,
        "cells": cells,
    }


def mean_and_deviation(found: "SeedSummary | None") -> str:
    """A metric as 0.612 ± 0.034, or without deviation for one seed; a dash where there is none."""
    if found is None:
        return "-"
    return f"{found.mean:.3f}" + (f" ± {found.deviation:.3f}" if found.deviation is not None else "")


def _print_table(outcome: "SweepOutcome") -> None:
    from mmclust.sweeps import results

    cells = outcome.sweep.cells
    axes = list(outcome.sweep.axes())
    rows = []
    for number, cell in enumerate(cells):
        runs = outcome.of_cell(number)
        found = results.summarise_metrics(runs)
        point = [_shown(cell.point.get(name, "")) for name in axes]
        seconds = duration(results.summarise([run.seconds for run in runs]).mean) if runs else "-"
        rows.append((*point, *(mean_and_deviation(found.get(name)) for name in MAIN), str(len(runs)), seconds))
    print_table((*(name.upper() for name in axes), *(TITLES[name] for name in MAIN), "SEEDS", "TIME"), rows)


def workers(text: str) -> int:
    """A number of processes, for argparse."""
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 256")
    return int(text)


def _count(text: str) -> int:
    """A number of runs, for argparse."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _pair(text: str) -> tuple[str, Any]:
    from mmclust.sweeps.sweep import plain

    name, value = _split(text, "--set and --point", "key=value")
    return name, plain(value)


def _split(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ValueError(f"{text!r} is not understood; {option} take {form}")
    return name.strip(), value.strip()


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
