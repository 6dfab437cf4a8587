"""`bench device` on the CPU, with Python in the place of a GPU where it records."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.device import beside_cpu, costs, modes, two_runs
from benchmarks.device.case import IMAGE_METHODS, Case
from mmclust.cli.main import main
from mmclust.engine import execution
from mmclust.engine.execution import COMPILED, EAGER, GRAPHED, WEIGHTS_APART
from tests.engine.again import Again

CASE = Case("digits", torch.device("cpu"), 128, None, None, False)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside_cpu, "AGREEMENT_STEPS", 6)
    monkeypatch.setattr(costs, "MEMORY_STEPS", 2)
    monkeypatch.setattr(two_runs, "TOGETHER_STEPS", {"cpu": 4})
    monkeypatch.setattr(execution, "MOST_S", 0.0)  # trials of the steps that are compared, and of few to time
    for room in (modes, costs):
        monkeypatch.setattr(room, "precisions", lambda device: ("float32",))


def test_a_cpu_agrees_with_itself_to_the_last_bit() -> None:
    found = beside_cpu.agreement(CASE)
    for name, terms in (("dccs", {"loss/critic", "loss/mi"}), ("imc-swav", {"loss/swav", "loss/mi"})):
        beside = found[name]["beside_the_cpu"]
        assert terms < set(beside)
        assert all(term["largest"] == 0 and term["apart_from_step"] is None for term in beside.values())
        assert found[name]["beside_itself"] == beside


def test_steps_that_differ_are_found_where_they_begin_to() -> None:
    expected = {"loss/a": [(0, 1.0), (2, -4.0), (4, 2.0)], "loss/b": [(0, 0.0)]}
    found = {"loss/a": [(0, 1.0), (2, -4.002), (4, 2.2)], "loss/b": [(0, 0.0)]}
    told = beside_cpu.apart(found, expected)
    assert told["loss/a"] == {"largest": 0.05, "at_step": 4, "at_first": 0.0, "apart_from_step": 2}
    assert told["loss/b"]["largest"] == 0


@pytest.mark.parametrize("name", IMAGE_METHODS)
def test_all_draws_of_a_step_come_from_the_cpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the same draws could not be had on a GPU: the run's own generator stays as it was."""
    made: list[torch.Generator] = []

    class Kept(beside_cpu.Steps):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            made.append(self.generator)

    monkeypatch.setattr(beside_cpu, "Steps", Kept)
    beside_cpu.losses(CASE, name, CASE.data(), CASE.device)
    assert torch.equal(made[0].get_state(), torch.Generator().manual_seed(0).get_state())


def test_execution_modes_are_timed_and_compared() -> None:
    found = modes.execution_modes(CASE, graphs=Again)
    for name in IMAGE_METHODS:
        told = found[f"{name}, float32"]
        assert told[EAGER.name]["ms_a_step"] > 0 and told[EAGER.name]["loss_difference"] == 0
        assert told[GRAPHED.name]["loss_difference"] < 1e-3 and told[GRAPHED.name]["weight_difference"] < WEIGHTS_APART
        assert "CUDA graph" in told["chosen"]


def test_on_a_cpu_compiling_is_tried_when_asked_for_and_nothing_is_recorded() -> None:
    method = CASE.method("imc-swav", CASE.data(), small=True)
    assert modes._worth_trying(CASE, method, modes.CudaGraphs) == []
    assert modes._worth_trying(replace(CASE, compiled=True), method, modes.CudaGraphs) == [COMPILED]
    names = {mode.name for mode in modes._worth_trying(replace(CASE, device=torch.device("cuda")), method, Again)}
    assert names == {"CUDA graph", "compiled, CUDA graph", "compiled"}


def test_a_mode_that_fails_is_told_beside_the_others() -> None:
    class Broken(Again):
        def record(self, work):
            raise RuntimeError("operation not permitted\nwhen stream is capturing")

    found = modes.execution_modes(CASE, graphs=Broken)
    assert "CUDA graph failed (" in found["dccs, float32"]["chosen"]
    assert "CUDA graph" not in found["dccs, float32"]
    assert found["imc-swav, float32"]["eager"]["ms_a_step"] > 0


def test_two_runs_at_once_have_the_results_they_have_alone() -> None:
    found = two_runs.together(CASE)
    assert found["largest_difference_at_once"] == found["largest_difference_alone_again"] == 0
    assert found["acc_at_once"] == found["acc_alone"] and None not in found["acc_alone"]
    assert all(speed > 0 for speed in found["steps_per_s_at_once"])


def test_memory_and_a_sheet_are_told_of_both_methods() -> None:
    found, heat = costs.memory(CASE), costs.sheet(CASE)
    assert found["dccs, float32"]["peak_of_the_process_mib"] > 100
    assert found["imc-swav, float32"]["steps"] > 2
    for name in IMAGE_METHODS:
        assert heat[name]["images"] == costs.SHEET and heat[name]["cpu_s"] > 0


@pytest.mark.slow
def test_seeds_of_three_methods_side_by_side() -> None:
    found = costs.seeds_side_by_side(replace(CASE, seeds=(0,), epochs=1))
    for name in costs.PAIR_METHODS:
        assert found[name]["epochs"] == 1 and found[name]["alone_s"] > 0
        assert len(found[name]["acc"]) == 1 and 0 <= found[name]["acc"][0] <= 1


def test_the_command_prints_the_parts_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "device", "--parts", "together", "--limit", "128", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("together: done")
    found = json.loads(lines[-1])
    assert list(found["parts"]) == ["together"]
    assert found["device"] == {"name": "cpu"}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [(["--parts", "speed"], "not known"), (["--device", "cuda"], "no GPU"), (["--dataset", "digits-2view"], "views")],
)
def test_what_cannot_be_measured_is_one_sentence(
    wrong: list[str], word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["bench", "device", *wrong]) == 2
    told = capsys.readouterr().err
    assert word in told and len(told.splitlines()) == 1


def test_curves_are_compared_as_shares_of_their_largest_value() -> None:
    expected = {(1, "a"): 10.0, (2, "a"): -20.0, (1, "b"): 0.1}
    found = {(1, "a"): 11.0, (2, "a"): -20.0, (1, "b"): 0.11}
    assert two_runs._curves_apart(found, expected) == pytest.approx(0.1)
    assert np.isfinite(two_runs._curves_apart(expected, expected))
