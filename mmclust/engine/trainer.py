"""The training loop of every method: epochs, turns, evaluation, snapshots, resumable checkpoints.

Knows no method by name and no file by path. A run is a function of its spec: the order of samples is drawn anew from
(seed, stage, epoch), every other draw comes from one generator whose state is part of the checkpoint, so a run that
was stopped anywhere and resumed ends with the numbers of one that was not.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from mmclust.changes import Change, Hands
from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.engine.averages import Averages
from mmclust.engine.ending import Ending
from mmclust.engine.evaluation import measure, take_snapshot, thinned
from mmclust.engine.execution import (
    EAGER,
    FEWEST_STEPS,
    ExecutionMode,
    Trial,
    choose,
    modes_to_try,
    try_steps,
    uncompiled,
)
from mmclust.engine.guide import Guide
from mmclust.engine.memory import keep_freed_memory
from mmclust.engine.prefetch import Prefetcher
from mmclust.engine.recorder import Recorder
from mmclust.engine.samples import EvalPart, Samples, TrainPart
from mmclust.engine.steps import Precision, Steps
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods.base import Method
from mmclust.seeding import seeded

if TYPE_CHECKING:
    from mmclust.engine.team import Team

Outcome = Literal["finished", "stopped", "paused"]

CHECKPOINT_EVERY_S = 20.0
"""Seconds between checkpoints; with the time to write one this stays under the 30 s a crash may cost."""
POLL_EVERY_S = 0.25
KEPT_AT = (0.25, 0.5, 0.75)
"""Of the epochs, where a checkpoint is kept from which others may go on."""


class TrainingDiverged(RuntimeError):
    """A loss term is not finite any more."""


def build(method_class: type[Method], config: Any, spec: DataSpec, seed: int) -> Method:
    """A method with weights that depend on the seed alone.

    Raises:
        ValueError: the method cannot take such data; the sentence says why and what to do.
    """
    if reason := method_class.validate(spec, config):
        raise ValueError(reason)
    with seeded(seed):
        return method_class(config, spec)


class Trainer:
    """Trains one method on one data set and reports to a recorder.

    Args:
        method: built by `build`; moved to the device.
        dataset: labels are used for evaluation only.
        recorder: receives curves, snapshots and checkpoints.
        epochs: length of the run.
        seed: of every draw during training.
        device: where to train.
        precision: "bf16" computes networks in bfloat16 where the method allows; weights stay float32.
        train_part: part of the data to train on.
        eval_part: part to evaluate on and to keep in snapshots.
        evaluate_every: epochs between evaluations; the last epoch is always evaluated.
        snapshot_epochs: epochs whose codes are kept.
        team: the processes that train it together, each with a trainer like this; None where it is one alone.
        guide: leads the method away from a start; steps are eager then.
        watch: more to log of every evaluated epoch, by name.
        hands: changes hyper-parameters while it trains, and keeps some checkpoints.
    """

    def __init__(
        self,
        method: Method,
        dataset: MultiViewDataset,
        recorder: Recorder,
        *,
        epochs: int,
        seed: int,
        device: torch.device,
        precision: Precision = "float32",
        train_part: TrainPart = "all",
        eval_part: EvalPart = "all",
        evaluate_every: int = 1,
        snapshot_epochs: frozenset[int] = frozenset(),
        team: "Team | None" = None,
        guide: Guide | None = None,
        watch: Callable[[Snapshot], Mapping[str, float]] | None = None,
        hands: Hands | None = None,
    ) -> None:
        if device.type == "cpu":
            keep_freed_memory()
        else:
            torch.backends.cudnn.benchmark = True  # shapes are the same in every step
        _check_precision(precision, device)
        self.method = method.to(device)
        self.recorder, self.team = recorder, team
        if team is not None:
            team.share(self.method)
        self.seed, self.device = seed, device
        self.precision: Precision = precision
        self.evaluate_every, self.snapshot_epochs = evaluate_every, snapshot_epochs
        self.stages = method.stages(epochs)
        self.epochs = sum(stage.epochs for stage in self.stages)
        # A study of the number of images trains on some of them.
        n_most = getattr(method.config, "train_images", 0)
        self.samples = Samples.of(dataset, device=device, train_part=train_part, eval_part=eval_part, n_most=n_most)
        self.prefetcher = Prefetcher(dataset.views if device.type == "cpu" else ())
        self.batch_size = self.samples.batch_size(method.config.batch_size)
        self.steps_per_epoch = len(self.samples.train_index) // self.batch_size
        self.total_steps = self.epochs * self.steps_per_epoch
        self.guide, self.watch, self.hands = guide, watch, hands
        self._ahead = list(hands.known()) if hands else []
        """Changes of an earlier training that are still to come."""
        self._kept_epochs = {round(part * self.epochs) for part in KEPT_AT} - {0, self.epochs}
        if guide is not None:
            guide.begin(self.total_steps)
        self.log_every = max(min(100, self.steps_per_epoch), self.total_steps // 5000)
        self.generator = torch.Generator(device).manual_seed(seed)
        self.execution, self.steps = EAGER, self._steps(EAGER)
        self.averages = Averages()
        self.ending = Ending() if getattr(method.config, "ending", "last") == "before-fall" else None
        self.step = 0
        self._checkpointed = self._polled = time.monotonic()

    def _steps(self, mode: ExecutionMode) -> Steps:
        about = {"precision": self.precision, "n_labelled": self.samples.n_labelled}
        if self.team is not None:
            return self.team.steps(self.method, self.samples.views, self.generator, **about)
        steps = mode.steps(self.method, self.samples.views, self.generator, **about)
        steps.guide = self.guide
        return steps

    def autotune(self, *, step: int = 0) -> str:
        """Take steps from now on in the execution mode that is the fastest here; what was found, in words.

        On a GPU modes are tried on a copy of the method for some seconds, and a minute where compiling may pay. On a
        CPU steps stay eager: compiled ones were measured there and are no faster.

        Args:
            step: that the training will go on from.
        """
        n_steps = self.total_steps - step
        if self.device.type != "cuda" or n_steps < FEWEST_STEPS or self.guide is not None:
            return self.execution.name

        def trial(mode: ExecutionMode) -> Trial:
            batches = (ids for epoch in itertools.count() for ids in self._order(epoch).split(self.batch_size))
            whole = (ids for ids in batches if len(ids) == self.batch_size)
            about = {"seed": self.seed, "precision": self.precision, "n_labelled": self.samples.n_labelled}
            return try_steps(mode, self.method, self.samples.views, whole, **about)

        modes = modes_to_try(self.method, n_labelled=self.samples.n_labelled)
        if not modes:
            return self.execution.name
        self.execution, found = choose(trial, modes, n_steps=n_steps, cancelled=lambda: bool(self.recorder.request()))
        self.steps = self._steps(self.execution)
        return found

    def fit(
        self, state: dict[str, Any] | None = None, *, until: int | None = None, measure_again: bool = False
    ) -> Outcome:
        """Train to the end, or until the recorder asks for a stop or a pause.

        Args:
            state: a checkpoint to go on from; one without optimisers is the end of a finished training.
            until: pause after this step, from which a checkpoint goes on as if there had been no pause.
            measure_again: the recorder has lost the evaluation at the checkpoint, if there was one; the one at the end
                of the training is made again.

        Raises:
            TrainingDiverged: a loss term is not finite.
        """
        if state is None:
            self._start_stage(0)
            self._evaluate(0)
        elif "optimizers" not in state:
            return self._end_again(state)
        else:
            self._restore(state)
            if measure_again and self.step >= self.total_steps:
                self._evaluate(self.epochs)
        self.method.train()
        for stage, epoch, batch, ids in self._batches():
            if batch == 0 and epoch == self._first_epoch(stage) and stage > 0:
                self._start_stage(stage)
            self._train_step(self.stages[stage].name, ids)
            if self._log_is_due():
                self._log()
            if batch == self.steps_per_epoch - 1:
                self._end_epoch(epoch + 1)
            outcome = "paused" if self.step == until else self._poll()
            if outcome and self.step < self.total_steps:
                self._checkpoint()
                return outcome
        self._checkpoint()
        return "finished"

    def _batches(self) -> Iterator[tuple[int, int, int, Tensor]]:
        """Stage, epoch, batch number and sample ids (B,) of every step still to do."""
        for stage, about in enumerate(self.stages):
            first = self._first_epoch(stage)
            for epoch in range(max(first, self.step // self.steps_per_epoch), first + about.epochs):
                done = self.step - epoch * self.steps_per_epoch
                batches = self._order(epoch).split(self.batch_size)[done : self.steps_per_epoch]
                for batch, ids in enumerate(self.prefetcher.through(batches), start=done):
                    yield stage, epoch, batch, ids

    def _first_epoch(self, stage: int) -> int:
        return sum(s.epochs for s in self.stages[:stage])

    def _order(self, epoch: int) -> Tensor:
        """Sample ids of an epoch in random order; a function of seed and epoch, so that it need not be stored."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        index = self.samples.train_index
        return index[torch.randperm(len(index), generator=generator).to(self.device)]

    def _start_stage(self, stage: int) -> None:
        self.method.start_stage(self.stages[stage].name, self.samples.train_views, self.generator)
        self._agree()

    def _agree(self) -> None:
        """What all have computed alike is taken from one, to the last bit."""
        if self.team is not None:
            self.team.agree(self.method)

    def _change(self) -> None:
        """Before a step: what an earlier training of this run changed there, and what the user asks for."""
        while self._ahead and self._ahead[0].step <= self.step:
            change = self._ahead.pop(0)
            self.steps.adjust({change.name: change.after})
        if self.hands is None:
            return
        for name, after in self.hands.asked().items():
            if after != (before := getattr(self.method.config, name)):
                self.steps.adjust({name: after})
                epoch = self.step / self.steps_per_epoch
                self.hands.made(Change(step=self.step, epoch=epoch, name=name, before=before, after=after))

    def _train_step(self, stage: str, ids: Tensor) -> None:
        self._change()
        self.method.schedule(stage, self.step / self.steps_per_epoch, self.epochs)
        for values in self.steps.take(stage, ids, self.step):
            self.averages.add(values)
        self.step += 1

    def _log_is_due(self) -> bool:
        """Often at first, so that a curve shows at once; then every `log_every` steps."""
        return self.step % (20 if self.step <= 200 else self.log_every) == 0

    def _log(self) -> None:
        values = self.averages.read()
        broken = [n for n, value in values.items() if not math.isfinite(value) and not n.startswith("objective/")]
        if broken:
            raise TrainingDiverged(
                f"{', '.join(broken)} is not a finite number at step {self.step}; "
                "lower the learning rate, or train in float32 if this run used bf16"
            )
        if values:
            self.recorder.log(values, step=self.step, epoch=self.step / self.steps_per_epoch)

    def _end_epoch(self, epoch: int) -> None:
        last = epoch == self.epochs
        if last:
            self._log()
        if last or epoch % self.evaluate_every == 0 or epoch in self.snapshot_epochs:
            self._evaluate(epoch)
        if self.hands is not None and epoch in self._kept_epochs:
            self.hands.keep(self._state(), epoch=epoch)

    def _evaluate(self, epoch: int) -> None:
        with uncompiled(self.method):
            self.method.before_evaluation(self.samples.train_views, self.samples.eval_views)
            self._agree()
            if self.team is not None and not self.team.leads:
                return
            snapshot, values = self._look(epoch)
            if self.ending is not None and self._goes_back(self.ending, snapshot, values):
                snapshot, values = self._look(epoch)
                values["signal/kept_epoch"] = self.ending.epoch
        self.recorder.log(values, step=self.step, epoch=epoch)
        last = epoch == self.epochs
        if last or epoch in self.snapshot_epochs:
            self.recorder.snapshot(snapshot if last else thinned(snapshot))

    def _look(self, epoch: int) -> tuple[Snapshot, dict[str, float]]:
        """Codes of the evaluated samples, and what is measured on them."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            snapshot = take_snapshot(
                self.method,
                self.samples.views,
                index=self.samples.eval_index,
                epoch=epoch,
                step=self.step,
                prefetcher=self.prefetcher,
            )
        return snapshot, measure(snapshot, self.samples.labels) | dict(self.watch(snapshot) if self.watch else {})

    def _goes_back(self, ending: Ending, snapshot: Snapshot, values: Mapping[str, float]) -> bool:
        """Whether the training fell at its end and the networks from before it are back."""
        return ending.goes_back(
            self.method,
            values["signal/usage_entropy"],
            epoch=snapshot.epoch,
            epochs=self.epochs,
            n_clusters=snapshot.logits.shape[1],
        )

    def _poll(self) -> Outcome | None:
        """Report progress and hear the user's commands, a few times a second; write a checkpoint when one is due."""
        now = time.monotonic()
        if now - self._polled < POLL_EVERY_S:
            return None
        self._polled = now
        if now - self._checkpointed > CHECKPOINT_EVERY_S:
            self._checkpoint()
        self.recorder.progress(step=self.step, total_steps=self.total_steps, epoch=self.step / self.steps_per_epoch)
        commands: dict[str, Outcome] = {"stop": "stopped", "pause": "paused"}
        return commands.get(self.recorder.request())

    def _checkpoint(self) -> None:
        """Hand over the resumable state."""
        self.recorder.checkpoint(self._state())
        self.recorder.progress(step=self.step, total_steps=self.total_steps, epoch=self.step / self.steps_per_epoch)
        self._checkpointed = time.monotonic()

    def _state(self) -> dict[str, Any]:
        """Everything that a resumed run needs to go on as if it had not stopped."""
        return {
            "step": self.step,
            "method": self.method.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.steps.optimizers.items()},
            "generator": self.generator.get_state(),
            "averages": self.averages.state(),
        } | {name: part.state() for name, part in self._parts()}

    def _parts(self) -> list[tuple[str, "Guide | Ending"]]:
        """What else a checkpoint holds, where it is in use."""
        return [(name, part) for name, part in (("guide", self.guide), ("ending", self.ending)) if part is not None]

    def _end_again(self, state: dict[str, Any]) -> Outcome:
        """Measure the end again where the networks alone are kept: the store has lost that the training ended."""
        self.step = state["step"]
        self.method.load_state_dict(state["method"])
        self._evaluate(self.epochs)
        self.recorder.progress(step=self.step, total_steps=self.total_steps, epoch=self.epochs)
        return "finished"

    def _restore(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.method.load_state_dict(state["method"])
        self.steps.restore(state["optimizers"])
        self.generator.set_state(state["generator"].cpu())
        self.averages.restore(state["averages"], self.device)
        while self._ahead and self._ahead[0].step < self.step:  # optimisers have their rates in the state
            change = self._ahead.pop(0)
            self.method.adjust({change.name: change.after})
        for name, part in self._parts():
            if name in state:  # a fork may have been given an ending that its origin has not
                part.restore(state[name])


def _check_precision(precision: Precision, device: torch.device) -> None:
    """Refuse bfloat16 on a GPU that would only imitate it."""
    if precision != "bf16" or device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False):
        return
    raise ValueError(
        f"precision=bf16 is more than {torch.cuda.get_device_name(device)} can do, it has no bfloat16; "
        "train with precision=float32"
    )
