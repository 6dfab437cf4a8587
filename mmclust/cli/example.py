"""`example` (for makers of the repository): train the run that the app shows on its first start, lay out its maps."""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from mmclust.cli.train import LAUNCHER, follow

N_SNAPSHOTS = 12
EPOCHS = 40
LIMIT = 2000
"""Letters that are trained on: enough for a map that fills a screen, few enough to ship twelve snapshots."""


def add(commands: Any) -> None:
    """Declare the command; lists of commands do not show it."""
    parser = commands.add_parser("example", description="Train the bundled example run again (for maintainers).")
    parser.add_argument("--out", type=Path, metavar="DIR", help="output folder; default: the folder that the app reads")
    parser.add_argument("--epochs", type=int, default=EPOCHS, metavar="N", help=f"default {EPOCHS}")
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"letters; default {LIMIT}")
    parser.add_argument(
        "--layouts", action="store_true", help="do not train: only recompute the maps of example and lessons"
    )
    parser.add_argument("--letters", action="store_true", help="do not train: only draw the data set glyphs again")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train DCCS on letters for a short time and keep what the pages show of it."""
    from mmclust.auto import account
    from mmclust.data import glyphs
    from mmclust.runs.example import FOLDER, save_example
    from mmclust.runs.store import RunStore
    from mmclust.specs import build_spec

    folder = args.out or FOLDER
    if args.layouts:
        return _lay_out_again(folder)
    if args.letters:
        glyphs.ship()
        return 0
    with tempfile.TemporaryDirectory() as home:
        store = RunStore(Path(home))
        spec = build_spec(
            "glyphs",
            "dccs",
            preset="quick",
            limit=args.limit,
            epochs=args.epochs,
            n_snapshots=N_SNAPSHOTS,
            launcher=LAUNCHER,
            title="DCCS on letters",
        )
        created = store.create(spec)
        if code := follow(store, created.id, as_json=False):
            return code
        save_example(created, folder)
        _keep_weights(created.folder / "checkpoint.pt", folder / "checkpoint.pt")
        shutil.copy(created.folder / account.AUTO, folder / account.AUTO)
    keep_verdict(folder)
    _keep_layouts(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB")
    return 0


def _keep_weights(checkpoint: Path, target: Path) -> None:
    """The networks alone: the example is looked at, not trained on."""
    import torch

    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    torch.save({"step": state["step"], "method": state["method"]}, target)


def keep_verdict(folder: Path) -> None:
    """Simple methods beside the run and the verdict, which pages compute for other runs when they are first shown."""
    from mmclust.auto import beside
    from mmclust.data import catalogue, preprocessing
    from mmclust.evaluation.snapshot import Snapshot
    from mmclust.runs.spec import RunSpec

    spec = RunSpec.from_json((folder / "spec.json").read_text())
    dataset = preprocessing.prepare(catalogue.load(spec.dataset, limit=spec.limit), spec.preprocessing)
    last = Snapshot.load(max((folder / "snapshots").glob("*.npz")))
    beside.add(folder, dataset, last, seed=spec.seed, report=lambda fraction: None)


def _lay_out_again(folder: Path) -> int:
    """Make the maps of shipped runs anew: those of the code before are not read any more."""
    from mmclust.lessons.make import lay_out as lay_out_lesson
    from mmclust.runs.example import FOLDER, LESSONS

    _keep_layouts(folder)
    for lesson in sorted(LESSONS.glob("*/layouts")) if folder == FOLDER else ():
        lay_out_lesson(lesson.parent)
    return 0


def _keep_layouts(folder: Path) -> None:
    """The maps that a first visitor would otherwise wait for: of every space, and of the code through time."""
    from mmclust.analysis.projection import KINDS, cached_projection
    from mmclust.analysis.projection_quality import cached_quality
    from mmclust.analysis.timeline import lay_out
    from mmclust.evaluation.snapshot import Snapshot

    kept = [Snapshot.load(path) for path in sorted((folder / "snapshots").glob("*.npz"))]
    layouts = folder / "layouts"
    shutil.rmtree(layouts, ignore_errors=True)
    layouts.mkdir()
    for values in kept[-1].spaces.values():
        for kind in KINDS:
            options: dict[str, Any] = {"n_neighbors": 10} if kind == "pacmap" else {}  # what the page begins with
            cached_quality(layouts, values, cached_projection(layouts, values, kind, **options))
    lay_out([snapshot.spaces["z"] for snapshot in kept], "tsne", folder=layouts, seed=0)
