"""`lessons` (for makers of the repository): train the runs that the Learn page shows, keep what it needs of them."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from mmclust.cli.sweep import Lines, complaints, stopping, workers


def add(commands: Any) -> None:
    """Declare the command; lists of commands do not show it."""
    parser = commands.add_parser(
        "lessons", description="Train the runs of the lessons again (for maintainers); existing ones are reused."
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="output folder; default: the folder that the app reads")
    parser.add_argument("--epochs", type=int, metavar="N", help="default: the presets'")
    parser.add_argument("--seeds", type=int, metavar="N", help="largest number of runs per setting; default: all")
    parser.add_argument("--trained", action="store_true", help="do not train: keep the finished runs")
    parser.add_argument("--workers", type=workers, metavar="N", help="runs in parallel; default: one per core")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train what is not there yet, and write the lessons' folder; 1 where a run is missing."""
    from mmclust.lessons import make
    from mmclust.lessons.shipped import SETTINGS
    from mmclust.runs.example import LESSONS
    from mmclust.runs.store import RunStore
    from mmclust.sweeps.runner import look_up, run_sweep

    folder, store = args.out or LESSONS, RunStore()
    names = {setting.cell().label: name for name, setting in SETTINGS.items()}
    found = []
    with stopping() as stop:
        for sweep in make.sweeps(epochs=args.epochs, n_seeds=args.seeds):
            if args.trained:
                outcome = look_up(store, sweep)
            else:
                outcome = run_sweep(store, sweep, n_workers=args.workers, progress=Lines(), stop=stop)
            for sentence in complaints(outcome):
                print(sentence, file=sys.stderr)
            if outcome.failures or outcome.stopped:
                return 1
            found += [(names[sweep.cells[cell].label], record) for (cell, _), record in outcome.runs.items()]
    with tempfile.TemporaryDirectory() as made:
        for name, record in found:
            make.keep(store.get(record.run_id), name, Path(made))
        make.clear(folder)  # only now: what breaks off leaves the runs as they were
        shutil.copytree(made, folder, dirs_exist_ok=True)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {len(found)} runs, {size / 1e6:.1f} MB")
    return 0
