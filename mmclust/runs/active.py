"""A run that this process executes: the writing side. Training hands its numbers over and never waits for the store.

Points and progress gather in memory; a thread of their own writes them, twice a second at most, together with a
heartbeat, and brings back what the user asked for.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, delete, insert, select, update

from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import queue
from mmclust.runs.errors import RunLost, StoreUnavailable
from mmclust.runs.record import Status
from mmclust.runs.run import Run
from mmclust.runs.tables import LEASES, METRICS, RUNS

WRITE_EVERY_S = 0.5
BEAT_EVERY_S = 5.0
PATIENCE_S = 60.0
"""How long training goes on while the store does not answer; its numbers wait in memory."""
SHUT_DOWN = "The server was shut down; resume to go on."

Wish = Literal["", "stop", "pause"]

log = logging.getLogger(__name__)


class ActiveRun:
    """The right to execute a run; implements the engine's `Recorder`.

    Used as a context: inside, it shows that it lives.
    """

    def __init__(self, run: Run, *, token: str, device: str, seconds: float) -> None:
        self.run, self.store, self.device = run, run.store, device
        self.id, self.spec, self.folder = run.id, run.spec, run.folder
        self.interrupted = ""
        """Why this process has to end the run early, one sentence; empty otherwise."""
        self._told_to_stop = False
        self._token, self._earlier_s = token, seconds
        self._points: list[dict[str, Any]] = []
        self._values: dict[str, Any] = {}
        self._environment: dict[str, str] = {}
        self._wish: Wish = ""
        self._lost: ValueError | None = None
        self._lost_since: float | None = None
        self._began: float | None = None
        self._rate_from: tuple[float, float] | None = None
        self._n_train = 0
        self._beaten = time.monotonic()
        self._gathering, self._flushing = threading.Lock(), threading.Lock()
        self._done = threading.Event()
        self._writer = threading.Thread(target=self._write_on, name=f"store-{run.id}", daemon=True)

    def __enter__(self) -> "ActiveRun":
        self._writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._writer.join()

    def begin(self, *, n_samples: int, n_train: int, n_clusters: int, environment: Mapping[str, str]) -> None:
        """Training starts now: what it trains on, and the package versions it runs with."""
        self._began, self._n_train = time.monotonic(), n_train
        self._environment = {}
        with self._gathering:
            self._values |= {"n_samples": n_samples, "n_clusters": n_clusters}
        self.add(environment)

    def add(self, environment: Mapping[str, str]) -> None:
        """Add to the environment, e.g. what is known at the end of training only."""
        self._environment |= environment
        with self._gathering:
            self._values["environment"] = json.dumps(self._environment)

    def decide(
        self, config: Mapping[str, Any], auto: Mapping[str, Any], *, preprocessing: Sequence[str] | None = None
    ) -> None:
        """Write what preset auto has chosen into the spec, so that it repeats this run exactly.

        Args:
            config: every hyper-parameter.
            auto: replaces what was left open.
            preprocessing: likewise; None where it stays.
        """
        steps = self.spec.preprocessing if preprocessing is None else tuple(preprocessing)
        self.spec = replace(self.spec, config=dict(config), auto=dict(auto), preprocessing=steps)
        self.run.spec = self.spec
        temporary = self.folder / "spec.json.tmp"
        temporary.write_text(self.spec.to_json())
        temporary.replace(self.folder / "spec.json")
        with self._gathering:
            self._values["spec"] = self.spec.to_json()

    def rewind(self, step: int) -> None:
        """Take back points and snapshots after the step of the checkpoint that the run goes on from."""
        with self._flushing, self.store.writing() as connection:
            with self._gathering:
                self._points = [point for point in self._points if point["step"] <= step]
            connection.execute(delete(METRICS).where(METRICS.c.run_id == self.id, METRICS.c.step > step))
        for _, file in self.run.snapshots():
            with np.load(file, allow_pickle=False) as arrays:
                late = int(arrays["step"]) > step
            if late:
                file.unlink()

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Append points of curves; stored within a second. `eval/*` also become the run's figures."""
        self._check()
        points = [
            {"run_id": self.id, "step": step, "epoch": float(epoch), "name": name, "value": float(value)}
            for name, value in values.items()
        ]
        figures = {n.removeprefix("eval/"): float(v) for n, v in values.items() if n.startswith("eval/")}
        with self._gathering:
            self._points += points
            if figures:
                self._values["metrics"] = json.dumps(figures)

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Where training stands; stored twice a second at most."""
        now = time.monotonic()
        values: dict[str, Any] = {"step": step, "total_steps": total_steps, "epoch": float(epoch)}
        if self._rate_from is None:
            self._rate_from = (now, epoch)
        elif now - self._rate_from[0] > 0.5:
            began, first = self._rate_from
            values["samples_per_s"] = (epoch - first) * self._n_train / (now - began)
        with self._gathering:
            self._values |= values

    def snapshot(self, snapshot: Snapshot) -> None:
        """Keep the codes of an epoch.

        Raises:
            RunLost: the run's folder is gone.
        """
        self._check()
        snapshot.save(self._existing("snapshots") / f"epoch_{snapshot.epoch:04d}.npz")

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the resumable state; at any moment either the old or the new one is there, whole.

        Raises:
            RunLost: the run's folder is gone.
        """
        import torch

        self._check()
        # Points before the checkpoint are not computed again after a crash, so they are stored first.
        self._flush()
        self._check()  # whoever has taken the run over writes this file now
        folder = self._existing("")
        temporary = folder / "checkpoint.pt.tmp"
        try:
            with temporary.open("wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(folder / "checkpoint.pt")
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(folder)

    def request(self) -> Wish:
        """What the user, or this process, has asked for.

        Raises:
            RunLost, StoreUnavailable: nobody keeps the run's numbers any more.
        """
        self._check()
        return "stop" if self.interrupted or self._told_to_stop else self._wish

    def stop(self) -> None:
        """Let training end soon, as stopped: the user of this process asked for it. Callable from any thread."""
        self._told_to_stop = True

    def interrupt(self, reason: str) -> None:
        """Let training end soon, as interrupted: this process is about to go. Callable from any thread."""
        self.interrupted = self.interrupted or reason

    def finish(self, status: Status, error: str = "") -> None:
        """Write what is left, the final status and why; the device is free from here on.

        Waits for a store that does not answer, as training does, unless it was waited for long enough already or
        this process has to go.

        Raises:
            StoreUnavailable: the store does not answer.
            RunLost: the run was deleted or taken over.
        """
        deadline = time.monotonic() + (0.0 if self.interrupted or self._lost else PATIENCE_S)
        while True:
            try:
                return self._finish(status, error)
            except StoreUnavailable as lost:
                if self.interrupted or time.monotonic() > deadline:
                    raise
                log.warning("run %s has ended and waits: %s", self.id, lost)
                time.sleep(WRITE_EVERY_S)

    def _finish(self, status: Status, error: str) -> None:
        with self._flushing, self.store.writing() as connection:
            self._write_gathered(connection)
            final = {"status": status, "error": error, "ended": time.time(), "request": "", "token": None}
            connection.execute(update(RUNS).where(RUNS.c.token == self._token).values(**final))
            queue.release(connection, self._token)

    def _existing(self, name: str) -> Path:
        """A folder of the run, which has to be there: a deleted run is not brought back by half."""
        folder = self.folder / name
        if not folder.is_dir():
            raise RunLost(f"the folder of run {self.id} was removed while it trained; start the run again")
        return folder

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _write_on(self) -> None:
        """Body of the writing thread."""
        while not self._done.wait(WRITE_EVERY_S):
            if not threading.main_thread().is_alive():
                self.interrupt(SHUT_DOWN)
            self._flush()

    def _flush(self) -> None:
        """Write what has gathered; what cannot be written now is kept for later."""
        with self._flushing:
            try:
                news = self._has_news()
                with self.store.writing(alone=False) if news else self.store.reading() as connection:
                    if news:
                        self._write_gathered(connection)
                    wish = connection.scalar(select(RUNS.c.request).where(RUNS.c.token == self._token))
                if wish is None:
                    raise RunLost(f"run {self.id} was deleted or taken over by another process; this one stops")
                self._wish, self._lost_since = wish, None
            except StoreUnavailable as error:
                now = time.monotonic()
                self._lost_since = self._lost_since or now
                if now - self._lost_since > PATIENCE_S:
                    self._lost = error
                log.warning("run %s: %s", self.id, error)
            except RunLost as error:
                self._lost = error

    def _has_news(self) -> bool:
        return bool(self._points or self._values) or time.monotonic() - self._beaten > BEAT_EVERY_S

    def _write_gathered(self, connection: Connection) -> None:
        with self._gathering:
            points, self._points = self._points, []
            values, self._values = self._values, {}
        try:
            now = time.monotonic()
            if self._began is not None:
                values["seconds"] = self._earlier_s + now - self._began
            beat = now - self._beaten > BEAT_EVERY_S
            stored = values | {"heartbeat": time.time()}
            if not connection.execute(update(RUNS).where(RUNS.c.token == self._token).values(**stored)).rowcount:
                raise RunLost(f"run {self.id} was deleted or taken over by another process; this one stops")
            if points:
                connection.execute(insert(METRICS), points)
            if beat:
                connection.execute(update(LEASES).where(LEASES.c.token == self._token).values(heartbeat=time.time()))
                self._beaten = now
        except BaseException:
            with self._gathering:
                self._points = points + self._points
                self._values = values | self._values
            raise


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
