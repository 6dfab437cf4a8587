"""The one place that brings engine, methods, data and runs together: `execute(run)`.

A thread of the app, a child process (`python -m mmclust.worker RUN_ID`) and the command line all call it. Importing
this module is cheap; torch comes with the first run.
"""

import argparse
import errno
import gc
import logging
import math
import os
import platform
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mmclust import settings
from mmclust.data import catalogue
from mmclust.data import preprocessing as preparation
from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.methods import card, method_class
from mmclust.runs.active import ActiveRun
from mmclust.runs.devices import devices
from mmclust.runs.record import RunRecord, Status
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

if TYPE_CHECKING:
    from mmclust.methods.base import Method

ASK_EVERY_S = 0.5
"""How often a process that waits for a device asks for it."""
SMALL_SAMPLE = 400
"""Samples of fewer values train fastest on one thread: a step is over before a second one has woken up."""
TRIAL_S, TRIAL_SAMPLES, TRIAL_BATCH = 2.0, 1024, 64
"""Length and size of the trial that says how long a run would take."""
BACKGROUND_NICENESS = 10
"""Priority of training beside a server: pages go first."""

log = logging.getLogger(__name__)


def execute(run: ActiveRun) -> Status:
    """Train a claimed run to its end, a stop or a failure; its record says which and why. Never raises."""
    with run:
        try:
            status, error = _train(run)
        except BaseException as problem:
            status, error = _failed(run, problem)
        try:
            run.finish(status, error)
        except Exception:
            log.exception("run %s ended as %s, which could not be stored", run.id, status)
            return "interrupted"
    return status


def restore(run: Run, dataset_spec: DataSpec) -> "Method":
    """The trained method of a run, in evaluation mode on the CPU.

    Args:
        run: a run that has a checkpoint.
        dataset_spec: of the data it was trained on, before or after the run's preparation steps: they are applied
            here. What the method is called with must be prepared (`mmclust.data.preprocessing.prepare`).

    Raises:
        ValueError: it has no checkpoint yet, or the checkpoint cannot be read.
    """
    import torch

    from mmclust.engine.trainer import build

    path = run.folder / "checkpoint.pt"
    if not path.exists():
        raise ValueError(f"run {run.id} has no trained weights yet; let it train for an epoch first")
    prepared = preparation.spec_after(dataset_spec, run.spec.preprocessing, run.record().n_samples)
    method = build(method_class(run.spec.method), _config(run), _with_clusters(prepared, run), run.spec.seed)
    try:
        # Mapped, not read: the optimisers' part of the file is never touched.
        state = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
        method.load_state_dict(state["method"])
    except Exception as error:
        raise ValueError(
            f"the weights of run {run.id} cannot be read; train it again ({_first_line(error)})"
        ) from error
    return method.eval()


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
    from mmclust.engine.trainer import Trainer, build

    about = card(spec.method)
    n_samples = catalogue.load(spec.dataset, limit=spec.limit).n_samples
    dataset = preparation.prepare(catalogue.load(spec.dataset, limit=min(n_samples, TRIAL_SAMPLES)), spec.preprocessing)
    share = dataset.n_samples / n_samples
    n_train, n_eval = (len(dataset.part(part)) / share for part in (about.train_part, about.eval_part))
    values = about.resolve(spec.dataset, spec.preset, spec.config)
    if values["batch_size"]:
        values["batch_size"] = min(values["batch_size"], TRIAL_BATCH, len(dataset.part(about.train_part)))
    data_spec = dataset.spec if spec.n_clusters is None else replace(dataset.spec, n_clusters=spec.n_clusters)
    recorder = StopAfter()
    device = torch.device("cuda" if spec.device != "cpu" and torch.cuda.is_available() else "cpu")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trainer = Trainer(
            build(method_class(spec.method), about.config(**values), data_spec, spec.seed),
            dataset,
            recorder,
            epochs=spec.epochs,
            seed=spec.seed,
            device=device,
            precision=spec.precision,
            train_part=about.train_part,
            eval_part=about.eval_part,
            evaluate_every=spec.epochs,
        )
        train_s, eval_s = seconds_per_sample(trainer, recorder, seconds=seconds)
    finally:
        torch.set_num_threads(before)
    n_evaluations = 1 + spec.epochs / spec.evaluate_every
    return spec.epochs * n_train * train_s + n_evaluations * n_eval * eval_s


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
    known = ""
    with _signals() as told:
        while (run := store.claim(run_id, devices=devices(), places=places)) is None:
            record = store.record(run_id)
            if record.status != "queued":
                return record
            if told.stopping:
                store.ask(run_id, "stop")
                return store.record(run_id)
            if record.waiting_for != known:
                known = record.waiting_for
                waiting(known)
            time.sleep(ASK_EVERY_S)
        told.run = run
        execute(run)
    return store.record(run_id)


class _Told:
    """What signals have asked for, passed on to the run as soon as there is one."""

    def __init__(self) -> None:
        self.run: ActiveRun | None = None
        self.stopping = False
        self.terminating = False

    def stop(self, *_: Any) -> None:
        if self.stopping and self.run is not None:
            raise KeyboardInterrupt  # asked twice: the user does not want to wait for the next step
        self.stopping = True
        if self.run is not None:
            self.run.stop()

    def terminate(self, *_: Any) -> None:
        self.stopping = True
        if self.run is not None:
            self.run.interrupt("Its process was told to end; resume to go on.")


@contextmanager
def _signals() -> Iterator[_Told]:
    told = _Told()
    before = {signal.SIGINT: signal.signal(signal.SIGINT, told.stop)}
    before[signal.SIGTERM] = signal.signal(signal.SIGTERM, told.terminate)
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _train(run: ActiveRun) -> tuple[Status, str]:
    import torch

    from mmclust.engine.memory import Peak
    from mmclust.engine.trainer import Trainer, build, snapshot_epochs

    spec, about = run.spec, card(run.spec.method)
    in_server = threading.current_thread() is not threading.main_thread()
    # The memory of a server that also serves pages is not the training's.
    peak = None if in_server and run.device == "cpu" else Peak(torch.device(run.device))
    dataset = catalogue.load(spec.dataset, limit=spec.limit)
    preparation.check(dataset, steps=spec.preprocessing, declared=about.preprocessing(spec.config))
    dataset = preparation.prepare(dataset, spec.preprocessing)
    torch.set_num_threads(_n_threads(dataset.spec, background=in_server))
    data_spec = _with_clusters(dataset.spec, run.run)
    _check_size(dataset, data_spec.n_clusters)
    method = build(method_class(spec.method), _config(run.run), data_spec, spec.seed)
    trainer = Trainer(
        method,
        dataset,
        run,
        epochs=spec.epochs,
        seed=spec.seed,
        device=torch.device(run.device),
        precision=spec.precision,
        train_part=about.train_part,
        eval_part=about.eval_part,
        evaluate_every=spec.evaluate_every,
        snapshot_epochs=snapshot_epochs(spec.epochs, spec.n_snapshots),
    )
    state = _checkpoint(run, torch.device(run.device))
    if state is not None:
        run.rewind(state["step"])
    step = state["step"] if state else 0
    steps = trainer.way.name if settings.as_written() else trainer.autotune(step=step)
    run.begin(
        n_samples=dataset.n_samples,
        n_train=len(dataset.part(about.train_part)),
        n_clusters=data_spec.n_clusters,
        environment=_environment(run.device, method) | {"steps": steps},
    )
    outcome = trainer.fit(state)
    if peak is not None and (mib := peak.mib()) is not None:
        run.add({"peak_memory_mib": str(mib)})
    if outcome == "stopped" and run.interrupted:
        return "interrupted", run.interrupted
    return outcome, ""


def _n_threads(spec: DataSpec, *, background: bool) -> int:
    """Torch threads for a run, where MMCLUST_THREADS does not say."""
    if max(math.prod(view.shape) for view in spec.views) < SMALL_SAMPLE:
        return settings.n_threads(at_most=1)
    return settings.n_threads(at_most=max(1, settings.n_cores() - 1) if background else None)


def _config(run: Run) -> Any:
    about = card(run.spec.method)
    return about.config(**about.resolve(run.spec.dataset, run.spec.preset, run.spec.config))


def _with_clusters(spec: DataSpec, run: Run) -> DataSpec:
    return spec if run.spec.n_clusters is None else replace(spec, n_clusters=run.spec.n_clusters)


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


def _checkpoint(run: ActiveRun, device: Any) -> dict[str, Any] | None:
    import torch

    path = run.folder / "checkpoint.pt"
    if not path.exists():
        if run.run.metric_names():  # it broke off before its first checkpoint: begin with clean curves
            run.rewind(-1)
        return None
    try:
        return torch.load(path, weights_only=True, map_location=device)
    except Exception as error:
        raise ValueError(
            f"the checkpoint of run {run.id} cannot be read ({_first_line(error)}); start the run again from its spec"
        ) from error


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
    return "failed", sentence


def _drop(problem: BaseException) -> None:
    """Let go of what a failed run held, above all a GPU's memory: others go on."""
    traceback.clear_frames(problem.__traceback__)
    gc.collect()


def explain(problem: BaseException) -> str:
    """What happened and what to do, in one sentence."""
    text = str(problem).strip()
    if type(problem).__name__ == "OutOfMemoryError":  # torch's; naming the type would import torch
        return (
            "The GPU ran out of memory; lower batch_size, or wait until other programs have left the GPU, then resume."
        )
    if isinstance(problem, MemoryError) or "can't allocate memory" in text:
        return "Memory ran out; train on fewer samples (limit) or lower batch_size."
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk below {settings.home()} is full; free some space and resume, the last checkpoint is kept."
    if isinstance(problem, ImportError):
        return f"A package is missing ({_first_line(problem)}); install the requirements again."
    if _is_for_the_user(problem):
        first = text.partition(" ")[0]  # the name of a setting keeps its spelling
        return text if any(sign in first for sign in "=_/") else text[:1].upper() + text[1:]
    what = f"{type(problem).__name__}: {_first_line(problem)}"
    return f"The program failed ({what}); error.log in the run's folder says where."


def _is_for_the_user(problem: BaseException) -> bool:
    """Our own errors are sentences for the user; those of libraries are not, even when they share the type."""
    if type(problem).__module__.startswith("mmclust."):
        return True
    *_, (innermost, _) = traceback.walk_tb(problem.__traceback__)
    ours = innermost.f_globals.get("__name__", "").startswith("mmclust.")
    return ours and isinstance(problem, ValueError)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def main() -> None:
    """Entry of the child process."""
    parser = argparse.ArgumentParser(prog="python -m mmclust.worker", description="Execute one queued run.")
    parser.add_argument("run_id")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    run_id = parser.parse_args().run_id
    lower_priority()
    record = execute_when_free(RunStore(), run_id, waiting=log.info)
    log.info("run %s is %s %s", run_id, record.status, record.error)


def lower_priority() -> None:
    """Let other threads go before this one and those it starts, where the system can (Linux)."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICENESS)
    except (AttributeError, OSError):
        log.debug("priorities of threads cannot be set here")


if __name__ == "__main__":
    main()
