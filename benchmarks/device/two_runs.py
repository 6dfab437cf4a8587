"""Whether two runs at once disturb each other."""

from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean
from typing import Any

from benchmarks import on_device
from benchmarks.device.case import Case
from mmclust.engine.recorder import Request
from mmclust.engine.trainer import Trainer
from mmclust.evaluation.snapshot import Snapshot

TOGETHER_STEPS = {"cpu": 40, "cuda": 6000}


class Curve:
    """A recorder that keeps the curves of a run."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], float] = {}

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Keep them."""
        self.values |= {(step, name): value for name, value in values.items()}

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Progress is not kept."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Snapshots are not kept."""

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Checkpoints are not kept."""

    def request(self) -> Request:
        """Train to the end."""
        return ""


def together(case: Case) -> dict[str, Any]:
    """Two runs of DCCS in threads of one process: steps per second and curves, alone, alone once more, and at once.

    What a GPU does not repeat alone, it cannot repeat beside another run: the second difference says how much that is.
    """
    data = case.data()
    n_steps = TOGETHER_STEPS[case.device.type]

    def prepared(seed: int) -> tuple[Trainer, Curve, str]:
        recorder = Curve()
        method = case.method("dccs", data, small=case.small, seed=seed)
        per_epoch = data.n_samples // method.config.batch_size
        n_epochs = max(1, round(n_steps / per_epoch))
        about = {"epochs": n_epochs, "seed": seed, "device": case.device, "evaluate_every": n_epochs}
        trainer = Trainer(method, data, recorder, **about)
        return trainer, recorder, trainer.autotune()

    def steps_per_s(trainer: Trainer) -> float:
        began = on_device.now(case.device)
        trainer.fit(None)
        return trainer.step / (on_device.now(case.device) - began)

    runs = [prepared(seed) for seed in (0, 1, 0)]
    alone = [steps_per_s(trainer) for trainer, *_ in runs]
    beside = [prepared(seed) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(steps_per_s, [trainer for trainer, *_ in beside]))
    curves, curves_beside = [curve.values for _, curve, _ in runs], [curve.values for _, curve, _ in beside]
    return {
        "training_steps": runs[0][0].step,
        "steps_taken": {"alone": [said for *_, said in runs[:2]], "at_once": [said for *_, said in beside]},
        "steps_per_s_alone": [round(speed, 1) for speed in alone[:2]],
        "steps_per_s_at_once": [round(speed, 1) for speed in at_once],
        "throughput_of_both_by_one": round(sum(at_once) / fmean(alone), 2),
        "largest_difference_alone_again": _curves_apart(curves[2], curves[0]),
        "largest_difference_at_once": max(map(_curves_apart, curves_beside, curves)),
        "acc_alone": [_last(curve, "eval/acc") for curve in curves[:2]],
        "acc_at_once": [_last(curve, "eval/acc") for curve in curves_beside],
    }


def _curves_apart(found: Mapping[tuple[int, str], float], expected: Mapping[tuple[int, str], float]) -> float:
    """The largest difference of any point, as a share of its curve's largest value."""
    assert found.keys() == expected.keys()
    tops: dict[str, float] = defaultdict(lambda: 1e-12)
    for (_, name), value in expected.items():
        tops[name] = max(tops[name], abs(value))
    return float(f"{max(abs(found[key] - value) / tops[key[1]] for key, value in expected.items()):.3g}")


def _last(curve: Mapping[tuple[int, str], float], name: str) -> float | None:
    points = [(step, value) for (step, told), value in curve.items() if told == name]
    return round(max(points)[1], 4) if points else None
