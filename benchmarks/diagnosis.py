"""How often the diagnosis of a run at 30 % of its length is right, over the finished runs of some homes.

    python -m benchmarks.diagnosis HOME [HOME ...]

Advice is right where the run, which went on unchanged, ended in trouble that no label tells of: at least a tenth of its
clusters empty in the method's own last clustering, or two augmentations of an image in the same cluster less than half
of the time. No advice is right where it did not. Runs of fewer than five epochs or snapshots are left out.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmclust.evaluation.metrics import empty_clusters, n_found
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.ui.shell.curves import NO_CURVE, Curve, Curves
from mmclust.ui.train.diagnostics import FOUND, UNRELATED, diagnose

AT = 0.3
TROUBLE = 0.1
"""Share of empty clusters at the end that is trouble."""
SHORTEST = 5
AUGMENTATIONS = "signal/augmentations"


def runs(homes: list[str]) -> Iterator[Run]:
    """The finished runs of all homes, each once."""
    seen = set()
    for home in homes:
        store = RunStore(Path(home))
        for record in store.list(examples=False):
            run = store.get(record.run_id)
            long = record.epochs >= SHORTEST and len(run.snapshots()) >= SHORTEST
            if record.status == "finished" and long and record.run_id not in seen:
                seen.add(record.run_id)
                yield run


def sizes_of(run: Run) -> dict[int, np.ndarray]:
    """Samples per cluster at each snapshot."""
    found = {}
    for epoch, file in run.snapshots():
        snapshot = Snapshot.load(file, scores_only=True)
        found[epoch] = np.bincount(snapshot.y_pred, minlength=snapshot.n_clusters)
    return found


def curves_of(run: Run, sizes: dict[int, np.ndarray]) -> Curves:
    """The curves of a run; clusters found at its snapshots, where an earlier version has not counted them."""
    points = run.metrics()
    found: Curves = {
        str(name): Curve(part["step"].to_numpy(), part["epoch"].to_numpy(), part["value"].to_numpy())
        for name, part in points.groupby("name", sort=False)
    }
    counted = [(epoch, n_found(size)) for epoch, size in sizes.items()]
    epochs, values = (np.array(column, float) for column in zip(*counted, strict=True))
    return found | {FOUND: Curve(epochs.astype(int), epochs, values)}


def until(curves: Curves, epoch: float) -> Curves:
    """The curves as they were at an epoch."""
    return {n: Curve(c.step[m], c.epoch[m], c.value[m]) for n, c in curves.items() if (m := c.epoch <= epoch).any()}


def in_trouble(record: RunRecord, sizes: dict[int, np.ndarray], curves: Curves) -> bool:
    """Whether a run ended badly, by what no label tells."""
    own = list(sizes.values())[-2 if record.spec.auto else -1]  # the last one of preset auto may be the start's
    agreement = curves.get(AUGMENTATIONS, NO_CURVE).value
    return len(empty_clusters(own)) >= TROUBLE * len(own) or (len(agreement) > 0 and agreement[-1] < UNRELATED)


def main() -> None:
    """Print what was right, and each run that was not."""
    outcome: Counter[tuple[bool, bool]] = Counter()
    kinds: Counter[str] = Counter()
    for run in runs(sys.argv[1:]):
        record, sizes = run.record(), sizes_of(run)
        curves = curves_of(run, sizes)
        early = replace(record, status="running", step=round(AT * record.total_steps))
        now = [size for epoch, size in sizes.items() if epoch <= AT * record.epochs][-1]
        advice = [one for one in diagnose(early, until(curves, AT * record.epochs), now.tolist())]
        told, bad = bool(advice), in_trouble(record, sizes, curves)
        outcome[told, bad] += 1
        kinds[f"{record.spec.method}, {record.spec.preset}"] += 1
        if told or bad:
            print(f"{run.id}: {'advice' if told else 'silent'}, ended {'in trouble' if bad else 'well'}")
            print(*(f"    {one.text}" for one in advice), sep="\n")
    print(dict(kinds))
    print(f"advice: {outcome[True, True]} right of {outcome[True, True] + outcome[True, False]}")
    print(f"silence: {outcome[False, False]} right of {outcome[False, False] + outcome[False, True]}")
    print(f"together: {outcome[True, True] + outcome[False, False]} of {outcome.total()}")


if __name__ == "__main__":
    main()
