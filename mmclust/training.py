"""Training of one claimed run: its data read and prepared, its trainer, and the way that its preset asks for.

Importing this module is cheap; torch comes with the first run.
"""

import itertools
import json
import logging
import math
import platform
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mmclust import settings
from mmclust.baselines import run as baseline_run
from mmclust.baselines.exploring import EXPLORED
from mmclust.data import catalogue, uploads
from mmclust.data import preprocessing as preparation
from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.readers.reading import Reading, document
from mmclust.methods import card
from mmclust.models import build_model, with_clusters
from mmclust.runs import checkpoints
from mmclust.runs.active import ActiveRun
from mmclust.runs.record import LOST, Status
from mmclust.runs.run import UNDERSTANDING
from mmclust.runs.spec import RunSpec, most_clusters

if TYPE_CHECKING:
    import torch

    from mmclust.auto.image_run import Make
    from mmclust.auto.live_images import LiveAugmentations
    from mmclust.auto.preparation import Preparation
    from mmclust.auto.trial import Trial
    from mmclust.auto.view_run import LiveEvidence
    from mmclust.engine.guide import Guide
    from mmclust.engine.helpers import Crew
    from mmclust.engine.memory import Peak
    from mmclust.engine.recorder import Recorder
    from mmclust.engine.team import Team
    from mmclust.engine.trainer import Outcome, Trainer
    from mmclust.methods.base import Method

SMALL_SAMPLE = 400
"""Samples of fewer values train fastest on one thread: a step is over before a second one has woken up."""

MAX_DEATHS = 3
"""A training that loses a process so often is given up."""

Later = Callable[[], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Input:
    """What a run is trained on."""

    dataset: MultiViewDataset
    """Prepared."""
    n_clusters: int
    preparation: "Preparation | None"
    """What led to the preprocessing, where preset auto has chosen it."""
    watch: "LiveEvidence | None"


def train(run: ActiveRun, crew: "Callable[[ActiveRun], Crew] | None" = None) -> "tuple[Status, str, Later | None]":
    """Train to the end, a stop or a pause: status, what to say of it, and what is left to do once the run has ended.

    Args:
        run: claimed.
        crew: starts the processes that train a run of several devices with this one; None: on this machine.
    """
    import torch

    from mmclust.engine.memory import Peak

    if run.spec.method in EXPLORED:
        return _cluster_by_baseline(run)
    in_server = threading.current_thread() is not threading.main_thread()
    # The memory of a server that also serves pages is not the training's.
    peak = None if in_server and run.device == "cpu" else Peak(torch.device(run.device))
    data = _input(run, in_server=in_server)
    if run.spec.devices == 1:
        return _train_on(run, data, peak, None)
    if in_server:
        raise ValueError(f"devices={run.spec.devices} needs a process of its own; choose launcher process, or 1 device")
    return _train_together(run, data, peak, crew or _crew_here)


def _crew_here(run: ActiveRun) -> "Crew":
    """Processes of this machine, which share its cores with this one."""
    import torch

    from mmclust.engine.helpers import Helpers, device_of, n_threads

    size, store = run.spec.devices, run.store
    device_of(size - 1, run.device)
    torch.set_num_threads(n_threads(size))
    variables = {"MMCLUST_HOME": str(store.home), "MMCLUST_STORE": store.url}
    return Helpers(run.id, size, variables, run.folder / "worker.log")


def _train_together(
    run: ActiveRun, data: _Input, peak: "Peak | None", crew: "Callable[[ActiveRun], Crew]"
) -> "tuple[Status, str, Later | None]":
    """Train with processes that help; when one is killed, all go on from the last checkpoint."""
    import torch

    for n_deaths in itertools.count(1):
        helpers = crew(run)
        try:
            return _train_on(run, data, peak, helpers.team(torch.device(run.device)))
        except RuntimeError as error:
            if not helpers.killed() or n_deaths == MAX_DEATHS:
                raise
            log.warning("run %s lost a process and goes on from its last checkpoint: %s", run.id, error)
        finally:
            helpers.close()
    raise AssertionError("a count does not end")


def _train_on(
    run: ActiveRun, data: _Input, peak: "Peak | None", team: "Team | None"
) -> "tuple[Status, str, Later | None]":
    """Train from the last checkpoint, where there is one."""
    import torch

    trainer = _trainer(run, data, {}, run, team=team)
    state, told = _checkpoint(run, torch.device(run.device))
    step = state["step"] if state else 0
    steps = trainer.autotune(step=step) if run.spec.execution == "auto" else trainer.execution.name
    run.begin(
        n_samples=data.dataset.n_samples,
        n_train=len(data.dataset.part(card(run.spec.method).train_part)),
        n_clusters=data.n_clusters,
        environment=_environment(run.device, trainer.method) | {"steps": steps} | told,
    )
    outcome, later = _fit(run, data, trainer, state)
    if peak is not None and (mib := peak.mib()) is not None:
        run.add({"peak_memory_mib": str(mib)})
    if outcome == "paused" and run.has_to_pause:
        return "paused", run.has_to_pause, None
    if outcome == "stopped" and run.interrupted:
        return "interrupted", run.interrupted, None
    return outcome, "", later


def _input(run: ActiveRun, *, in_server: bool) -> _Input:
    """The data of a run, read, checked and prepared."""
    import torch

    spec, reading = run.spec, Reading()
    dataset = catalogue.load(spec.dataset, limit=spec.limit, reading=reading)
    _keep_understanding(run, dataset, reading)
    preparation.check(dataset, steps=spec.preprocessing, declared=card(spec.method).preprocessing(spec.config))
    torch.set_num_threads(_n_threads(preparation.spec_after(dataset.spec, spec.preprocessing), background=in_server))
    n_clusters = with_clusters(dataset.spec, spec).n_clusters
    _check_size(dataset, n_clusters)
    found = _choose_preprocessing(run, dataset, n_clusters) if "auto" in spec.preprocessing else None
    dataset = preparation.prepare(dataset, run.spec.preprocessing)
    watch = _live_evidence(dataset, n_clusters)
    return _Input(dataset=dataset, n_clusters=n_clusters, preparation=found, watch=watch)


def _trainer(
    run: ActiveRun,
    data: _Input,
    values: Mapping[str, Any],
    recorder: "ActiveRun | Trial",
    guide: "Guide | None" = None,
    wrap: "Callable[[Method], Method]" = lambda method: method,
    team: "Team | None" = None,
) -> "Trainer":
    """A trainer with hyperparameters that may differ from the spec's."""
    import torch

    hands = recorder if team is None else None  # processes that share a training would each change at a step of its own
    about: dict[str, Any] = {"guide": guide, "watch": data.watch, "hands": hands, "team": team}
    device = torch.device(run.device)
    trainer = trainer_of(run.spec, data.dataset, recorder, device, values=values, wrap=wrap, **about)
    if card(run.spec.method).augments:
        trainer.watch = _live_augmentations(trainer)
    return trainer


def trainer_of(
    spec: RunSpec,
    dataset: MultiViewDataset,
    recorder: "Recorder",
    device: "torch.device",
    *,
    values: Mapping[str, Any] | None = None,
    wrap: "Callable[[Method], Method]" = lambda method: method,
    **about: Any,
) -> "Trainer":
    """A trainer as a spec asks for it.

    Args:
        spec: of the run.
        dataset: prepared.
        recorder: receives what comes of it.
        device: where to train.
        values: hyper-parameters that differ from the spec's.
        wrap: puts something around the method.
        about: more for the trainer.
    """
    from mmclust.engine.evaluation import snapshot_epochs
    from mmclust.engine.trainer import Trainer

    method = card(spec.method)
    return Trainer(
        wrap(build_model(spec, dataset.spec, **(values or {}))),
        dataset,
        recorder,
        epochs=spec.epochs,
        seed=spec.seed,
        device=device,
        precision=spec.precision,
        train_part=method.train_part,
        eval_part=method.eval_part,
        evaluate_every=spec.evaluate_every,
        snapshot_epochs=snapshot_epochs(spec.epochs, spec.n_snapshots),
        **about,
    )


def _fit(
    run: ActiveRun, data: _Input, trainer: "Trainer", state: dict[str, Any] | None
) -> "tuple[Outcome, Later | None]":
    """Train as the preset asks for."""
    from mmclust.engine import partial as partial_samples

    spec = run.spec
    if spec.auto and card(spec.method).several_views:
        return _train_from_start(
            run, data.dataset, data.preparation, state, partial(_trainer, run, data, {}, run, None)
        )
    if spec.auto:
        return _train_by_trials(run, data.dataset, partial(_trainer, run, data))
    outcome = trainer.fit(state, measure_again=state is not None and not run.evaluated(state["step"]))
    if outcome == "finished" and (lacking := data.dataset.partial) is not None:
        partial_samples.keep(run, data.dataset, partial_samples.by_method(trainer.method, lacking, trainer.device))
    return outcome, None


def _cluster_by_baseline(run: ActiveRun) -> "tuple[Status, str, Later | None]":
    reading = Reading()
    dataset = catalogue.load(run.spec.dataset, limit=run.spec.limit, reading=reading)
    _keep_understanding(run, dataset, reading)
    _check_size(dataset, run.spec.n_clusters or dataset.spec.n_clusters)
    baseline_run.execute(run, dataset)
    return "finished", "", None


def _keep_understanding(run: ActiveRun, dataset: MultiViewDataset, reading: Reading) -> None:
    """Put into the run's folder what was understood of its data, what was open and what was left out."""
    found = uploads.understanding(run.spec.dataset) or document(dataset, reading)
    file = run.folder / UNDERSTANDING
    written = file.with_suffix(".tmp")
    written.write_text(json.dumps(found, indent=2))
    written.replace(file)


def _choose_preprocessing(run: ActiveRun, dataset: MultiViewDataset, n_clusters: int) -> "Preparation":
    """Preset auto for several views: what the spec's `auto` stands for, written into the spec."""
    from mmclust.auto.view_run import chosen_steps

    steps, found = chosen_steps(dataset, n_clusters, run.spec.seed)
    run.decide(run.spec.config, run.spec.auto, preprocessing=steps)
    return found


def _live_evidence(dataset: MultiViewDataset, n_clusters: int) -> "LiveEvidence | None":
    """The curve of evidence of a run of several views."""
    if len(dataset.views) < 2:
        return None
    from mmclust.auto.view_run import LiveEvidence

    return LiveEvidence(dataset, n_clusters)


def _live_augmentations(trainer: "Trainer") -> "LiveAugmentations":
    """The label-free curve of a run of a method that augments."""
    from mmclust.auto.live_images import LiveAugmentations

    return LiveAugmentations(trainer)


def _train_from_start(
    run: ActiveRun,
    dataset: MultiViewDataset,
    found: "Preparation | None",
    state: dict[str, Any] | None,
    make: "Callable[[Callable[[Method], Method]], Trainer]",
) -> "tuple[Outcome, Later]":
    """Preset auto for several views: a start that needs no method, the method, and the better of both."""
    from mmclust.auto import view_run

    n_clusters = with_clusters(dataset.spec, run.spec).n_clusters
    job = view_run.Job(run=run, dataset=dataset, n_clusters=n_clusters, preparation=found, state=state, make=make)
    return view_run.train(job)


def _train_by_trials(run: ActiveRun, dataset: MultiViewDataset, make: "Make") -> "tuple[Outcome, Later]":
    """Preset auto: what the spec leaves open is decided first."""
    import torch

    from mmclust.auto import image_run

    spec = run.spec
    job = image_run.Job(
        run=run,
        dataset=dataset,
        n_clusters=with_clusters(dataset.spec, spec).n_clusters,
        values=card(spec.method).resolve(spec.dataset, spec.preset, spec.config),
        auto=spec.auto,
        seed=spec.seed,
        device=torch.device(run.device),
        make=make,
    )
    return image_run.train(job)


def _n_threads(spec: DataSpec, *, background: bool) -> int:
    """Torch threads for a run, where MMCLUST_THREADS does not say."""
    if max(math.prod(view.shape) for view in spec.views) < SMALL_SAMPLE:
        return settings.n_threads(at_most=1)
    return settings.n_threads(at_most=max(1, settings.n_cores() - 1) if background else None)


def _check_size(dataset: MultiViewDataset, n_clusters: int) -> None:
    if n_clusters < 2:
        raise ValueError(
            f"{dataset.spec.name} has {n_clusters} classes, too few to go by; "
            "say how many clusters to look for (clusters, 2 or more)"
        )
    if n_clusters > (most := most_clusters(dataset.n_samples)):
        raise ValueError(
            f"{n_clusters} clusters are too many for {dataset.n_samples} samples, which may have up to {most}; ask for "
            "fewer clusters or use more data"
        )


def _checkpoint(run: ActiveRun, device: Any) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """The state to go on from, if there is one, with what to say of it; the run is taken back to it."""
    try:
        state, damaged = checkpoints.newest(run.folder, device)
    except checkpoints.DamagedState as error:
        raise ValueError(
            f"the checkpoint of run {run.id} is damaged: {error}; start the run again from its spec"
        ) from error
    if state is None:
        if run.has_points():  # it broke off before its first checkpoint: begin with clean curves
            run.rewind(-1)
        return None, {}
    n_lost = run.rewind(state["step"], state.get("n_points", 0))
    told = {"resumed": checkpoints.WENT_BACK} if damaged else {}
    return state, told | ({LOST: str(n_lost)} if n_lost else {})


def _environment(device: str, method: "Method") -> dict[str, str]:
    import numpy as np
    import torch

    from mmclust import __version__

    gpu = {"gpu": torch.cuda.get_device_name(device), "cuda": str(torch.version.cuda)} if device != "cpu" else {}
    return gpu | {
        "mmclust": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "threads": str(torch.get_num_threads()),
        "parameters": str(sum(weights.numel() for weights in method.parameters() if weights.requires_grad)),
    }
