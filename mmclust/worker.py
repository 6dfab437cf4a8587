"""The one place that brings engine, methods, data and runs together: `execute(run)`.

A thread of the app, a child process (`python -m mmclust.worker RUN_ID`) and the command line all call it. Importing
this module is cheap; torch comes with the first run.
"""

import argparse
import gc
import json
import logging
import math
import os
import platform
import sys
import threading
import time
import traceback
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
from mmclust.errors import explain
from mmclust.methods import METHODS, card, method_class
from mmclust.models import build_model, with_clusters
from mmclust.runs import checkpoints
from mmclust.runs.active import STORE_TIMEOUT_S, ActiveRun
from mmclust.runs.devices import devices
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.record import LOST, RunRecord, Status
from mmclust.runs.run import UNDERSTANDING
from mmclust.runs.store import RunStore
from mmclust.signals import Signals, received_signals

if TYPE_CHECKING:
    from mmclust.auto.image_run import Make
    from mmclust.auto.live_images import LiveAugmentations
    from mmclust.auto.preparation import Preparation
    from mmclust.auto.trial import Trial
    from mmclust.auto.view_run import LiveEvidence
    from mmclust.engine.guide import Guide
    from mmclust.engine.trainer import Outcome, Trainer
    from mmclust.methods.base import Method

ASK_EVERY_S = 0.5
"""How often a process that waits for a device asks for it."""
SMALL_SAMPLE = 400
"""Samples of fewer values train fastest on one thread: a step is over before a second one has woken up."""
BACKGROUND_NICENESS = 10
"""Priority of training beside a server: pages go first."""

Later = Callable[[], None]

log = logging.getLogger(__name__)


def execute(run: ActiveRun) -> Status:
    """Train a claimed run to its end, a stop or a failure; its record says which and why. Never raises."""
    later = None
    with run:
        try:
            status, error, later = _train(run)
        except BaseException as problem:
            status, error = _failed(run, problem)
        try:
            run.finish(status, error)
        except Exception:
            log.exception("run %s ended as %s, which could not be stored", run.id, status)
            return "interrupted"
    if later is not None:
        _add_to_record(run, later)
    return status


def _add_to_record(run: ActiveRun, later: "Later") -> None:
    """What others may see of a finished run before it is done, such as simple methods that take long."""
    try:
        later()
    except Exception:
        log.exception("run %s has finished; what belongs beside its result could not be computed", run.id)


def execute_when_free(
    store: RunStore, run_id: str, *, waiting: Callable[[str], None] = lambda reason: None, places: int = 0
) -> RunRecord:
    """Wait for a device, execute a queued run in this process, and say how it ended.

    Must be called from the main thread: Ctrl-C stops the run (it can be resumed), SIGTERM interrupts it.

    Args:
        store: where the run is queued.
        run_id: the run; if it leaves the queue meanwhile, nothing is executed.
        waiting: called with a sentence whenever the reason to wait changes.
        places: for a run of a sweep: how many of them share a device.
    """
    with received_signals() as signals:
        run = _claim_when_free(store, run_id, waiting, places, signals)
        if run is not None:
            signals.pass_on_to(run)
            execute(run)
    return store.record(run_id)


def _claim_when_free(
    store: RunStore, run_id: str, waiting: Callable[[str], None], places: int, signals: Signals
) -> ActiveRun | None:
    """The run once it can start; None when it has left the queue. A store that is away is waited for."""
    known, answered = "", time.monotonic()
    while True:
        try:
            if (run := store.claim(run_id, devices=devices(), places=places)) is not None:
                return run
            record = store.record(run_id)
            if record.status != "queued":
                return None
            if signals.stopping:
                store.request(run_id, "stop")
                return None
            reason, answered = record.waiting_for, time.monotonic()
        except StoreUnavailable as error:
            if signals.stopping or time.monotonic() - answered > STORE_TIMEOUT_S:
                raise
            reason = str(error)
        if reason != known:
            known = reason
            waiting(known)
        time.sleep(ASK_EVERY_S)


@dataclass(frozen=True, kw_only=True)
class _Input:
    """What a run is trained on."""

    dataset: MultiViewDataset
    """Prepared."""
    n_clusters: int
    preparation: "Preparation | None"
    """What led to the preprocessing, where preset auto has chosen it."""
    watch: "LiveEvidence | None"


def _train(run: ActiveRun) -> "tuple[Status, str, Later | None]":
    """Status, what to say of it, and what is left to do once the run has ended."""
    import torch

    from mmclust.engine.memory import Peak

    if run.spec.method in EXPLORED:
        return _cluster_by_baseline(run)
    in_server = threading.current_thread() is not threading.main_thread()
    # The memory of a server that also serves pages is not the training's.
    peak = None if in_server and run.device == "cpu" else Peak(torch.device(run.device))
    data = _input(run, in_server=in_server)
    trainer = _trainer(run, data, {}, run)
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
) -> "Trainer":
    """A trainer with hyperparameters that may differ from the spec's."""
    import torch

    from mmclust.engine.evaluation import snapshot_epochs
    from mmclust.engine.trainer import Trainer

    spec, about = run.spec, card(run.spec.method)
    trainer = Trainer(
        wrap(build_model(spec, data.dataset.spec, **values)),
        data.dataset,
        recorder,
        epochs=spec.epochs,
        seed=spec.seed,
        device=torch.device(run.device),
        precision=spec.precision,
        train_part=about.train_part,
        eval_part=about.eval_part,
        evaluate_every=spec.evaluate_every,
        snapshot_epochs=snapshot_epochs(spec.epochs, spec.n_snapshots),
        guide=guide,
        watch=data.watch,
        hands=recorder,
    )
    if about.augments:
        trainer.watch = _live_augmentations(trainer)
    return trainer


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
    if n_clusters > dataset.n_samples:
        raise ValueError(
            f"{n_clusters} clusters exceed the {dataset.n_samples} samples; ask for fewer clusters or use more data"
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


def _failed(run: ActiveRun, problem: BaseException) -> tuple[Status, str]:
    """Status and sentence for an exception; its traceback goes to the log and beside the run's files."""
    if isinstance(problem, (KeyboardInterrupt, SystemExit)):
        return "interrupted", "Its process was stopped before it could write a checkpoint; resume to go on."
    log.error("run %s failed", run.id, exc_info=problem)
    if run.folder.is_dir():
        try:
            (run.folder / "error.log").write_text("".join(traceback.format_exception(problem)))
        except OSError:
            log.warning("run %s: error.log could not be written", run.id)
    sentence = explain(problem)
    _drop(problem)
    if isinstance(problem, StoreUnavailable):  # nothing is wrong with the run
        return "interrupted", f"{sentence.rstrip('.')}; resume to go on."
    return "failed", sentence


def _drop(problem: BaseException) -> None:
    """Let go of what a failed run held, above all a GPU's memory: others go on."""
    traceback.clear_frames(problem.__traceback__)
    gc.collect()


def main() -> None:
    """Entry of the child process."""
    parser = argparse.ArgumentParser(prog="python -m mmclust.worker", description="Execute one queued run.")
    parser.add_argument("run_id", nargs="?")
    parser.add_argument("--wait", action="store_true", help="load everything, then read the run's id from the input")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    args = parser.parse_args()
    lower_priority()
    store = RunStore()
    run_id = _given(store) if args.wait else args.run_id
    if not run_id:
        return
    record = execute_when_free(store, run_id, waiting=log.info)
    log.info("run %s is %s %s", run_id, record.status, record.error)


def _given(store: RunStore) -> str:
    """Load what training needs, then wait for the id of a run; empty where whoever wanted this process has ended."""
    _load_all()
    run_id = sys.stdin.readline().strip()
    if run_id:
        with (store.folder(run_id) / "worker.log").open("ab") as output:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(output.fileno(), stream.fileno())
    return run_id


def _load_all() -> None:
    """Load torch and the methods, with what torch loads at the first step of an optimiser."""
    import torch

    import mmclust.engine.trainer  # noqa: F401

    for name in METHODS:
        method_class(name)
    weight = torch.zeros(1, requires_grad=True)
    weight.sum().backward()
    torch.optim.Adam([weight]).step()


def lower_priority() -> None:
    """Let other threads go before this one and those it starts, where the system can (Linux)."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICENESS)
    except (AttributeError, OSError):
        log.debug("priorities of threads cannot be set here")


if __name__ == "__main__":
    main()
