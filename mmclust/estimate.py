"""How long a run will take, from its first steps on a few of its samples."""

from collections.abc import Iterator
from contextlib import contextmanager

from mmclust.data import catalogue
from mmclust.data import preprocessing as preparation
from mmclust.methods import card
from mmclust.models import build_model
from mmclust.runs.spec import RunSpec

TRIAL_S, TRIAL_SAMPLES, TRIAL_BATCH = 2.0, 1024, 64
"""Length and size of the trial that says how long a run would take."""


def expected_seconds(spec: RunSpec, *, seconds: float = TRIAL_S) -> float:
    """How long a run would take on this device, one thread, from its first steps on a few of its samples.

    Args:
        spec: of the run; nothing is stored.
        seconds: to train for.

    Raises:
        ValueError: it cannot be trained, in one sentence.
    """
    import torch

    from mmclust.engine.throughput import StopAfter, seconds_per_sample
    from mmclust.engine.trainer import Trainer

    about = card(spec.method)
    n_samples = catalogue.load(spec.dataset, limit=spec.limit).n_samples
    dataset = preparation.prepare(catalogue.load(spec.dataset, limit=min(n_samples, TRIAL_SAMPLES)), spec.preprocessing)
    fraction = dataset.n_samples / n_samples
    n_train, n_eval = (len(dataset.part(part)) / fraction for part in (about.train_part, about.eval_part))
    recorder = StopAfter()
    with _one_thread():
        trainer = Trainer(
            build_model(spec, dataset.spec, batch_size=_batch_size(spec, len(dataset.part(about.train_part)))),
            dataset,
            recorder,
            epochs=spec.epochs,
            seed=spec.seed,
            device=torch.device("cuda" if spec.device != "cpu" and torch.cuda.is_available() else "cpu"),
            precision=spec.precision,
            train_part=about.train_part,
            eval_part=about.eval_part,
            evaluate_every=spec.epochs,
        )
        train_s, eval_s = seconds_per_sample(trainer, recorder, seconds=seconds)
    n_evaluations = 1 + spec.epochs / spec.evaluate_every
    n_candidates = len(spec.auto.get("candidates", ())) or 1
    return n_candidates * (spec.epochs * n_train * train_s + n_evaluations * n_eval * eval_s)


def _batch_size(spec: RunSpec, n_train: int) -> int:
    """A batch that fits the trial; 0 stands for all samples."""
    usual = card(spec.method).resolve(spec.dataset, spec.preset, spec.config)["batch_size"]
    return min(usual, TRIAL_BATCH, n_train)


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
