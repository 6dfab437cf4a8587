"""Speed on a GPU, measured on the CPU; and the plain recipes on a GPU that is only pretended."""

import time
from typing import Any

import pytest
import torch

from benchmarks import on_device, train_on_device
from benchmarks.parts import Parts
from benchmarks.train_on_device import Laps

CPU = torch.device("cpu")


def test_dccs_is_measured_beside_its_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_on_device, "precisions", lambda device: ("float32",))
    found = train_on_device.measure("dccs", None, device=CPU, execution="auto", rounds=2, seconds=0.1, limit=256)
    ours = found["speeds"]["float32, eager"]
    assert len(ours["each_images_per_s"]) == 2 and ours["images_per_s"] > 0
    assert ours["ms_a_step"] == pytest.approx(1000 * 64 / ours["images_per_s"], rel=0.01)
    assert sum(ours["share_of_time"].values()) == pytest.approx(1, abs=0.01)
    assert found["speeds"]["plain"]["images_per_s"] > 0
    assert found["speeds"]["float32, auto"]["steps"] == "eager"
    assert set(found["ratio_to_plain"]) == {"float32, eager"}


def test_any_method_is_measured_half_way_through_its_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_on_device, "precisions", lambda device: ("float32",))
    found = train_on_device.measure("dmim", "digits-2view", device=CPU, rounds=1, seconds=0.1)
    ours = found["speeds"]["float32, eager"]
    assert ours["schedule_s"] == pytest.approx(ours["schedule_steps"] * ours["ms_a_step"] / 1000, rel=0.02)
    assert "ratio_to_plain" not in found


def test_the_choice_of_steps_is_told_and_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmclust.engine.execution import GRAPHED
    from mmclust.engine.trainer import Trainer

    def chosen(trainer: Trainer, *, step: int) -> str:
        trainer.execution = GRAPHED
        return "CUDA graph (per step: eager 4 ms; CUDA graph 1 ms)"

    monkeypatch.setattr(Trainer, "autotune", chosen)
    monkeypatch.setattr(train_on_device, "precisions", lambda device: ("float32",))
    found = train_on_device.measure("dccs", None, device=CPU, execution="auto", rounds=1, seconds=0.1, limit=256)
    told = found["speeds"]["float32, auto"]
    assert told["steps"].startswith("CUDA graph") and told["images_per_s"] > 0 and "share_of_time" not in told
    assert set(found["ratio_to_plain"]) == {"float32, eager", "float32, auto"}


def test_imc_swav_starts_behind_its_warm_up_with_the_batch_asked_for() -> None:
    recipe = train_on_device._recipe("imc-swav", None, CPU, "quick", 32, 64)
    trainer, start = recipe.ours("float32", Laps(CPU, seconds=1, warm_up=1))
    assert (trainer.batch_size, recipe.batch_size, start) == (32, 32, 0)
    assert trainer.method.graph_key("train", "main") == "train"
    assert recipe.plain is not None and recipe.plain().loader.batch_size == 32


def test_laps_begin_when_everything_is_warm_and_end_the_training() -> None:
    laps = Laps(CPU, seconds=0.02, warm_up=5)
    assert laps.request() == "stop"
    laps.begin(2)
    for step in range(10, 40):
        laps.progress(step=step, total_steps=100, epoch=0.0)
        if laps.request() == "stop":
            break
        time.sleep(0.005)
    assert laps.landmarks[0][1] == 15 and len(laps.steps_per_s()) == 2
    assert all(100 < speed < 210 for speed in laps.steps_per_s())


def test_a_clock_of_a_gpu_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Any] = []

    class Stream:
        def __init__(self, device: torch.device) -> None:
            self.device = device

        def synchronize(self) -> None:
            waited.append(self.device)

    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    on_device.now(CPU)
    assert waited == []
    on_device.now(torch.device("cuda:0"))
    assert waited == [torch.device("cuda:0")]


def test_parts_are_read_from_the_clock_they_are_given() -> None:
    class Method:
        def schedule(self) -> None: ...
        def loss_terms(self) -> None:
            self.made()

        def made(self) -> None: ...
        def after_backward(self) -> None: ...
        def after_step(self) -> None: ...

    ticks = iter([0.0, 1.0, 3.0, 7.0, 8.0, 10.0])  # schedule; data begins, ends; forward; backward; optimiser
    method: Any = Method()
    parts = Parts(method, ["made"], clock=lambda: next(ticks))
    for call in (method.schedule, method.loss_terms, method.after_backward, method.after_step):
        call()
    assert parts.seconds == {"data": 2.0, "forward": 5.0, "backward": 1.0, "optimiser": 2.0}


def test_auto_is_the_cpu_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert on_device.chosen("auto") == on_device.chosen("cpu") == CPU
    with pytest.raises(ValueError, match="no GPU"):
        on_device.chosen("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert on_device.chosen("auto") == on_device.chosen("cuda") == torch.device("cuda:0")
    assert on_device.chosen("cpu") == CPU
