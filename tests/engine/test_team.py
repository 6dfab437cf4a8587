"""Two processes train as one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from team_member import GOES_ON, HALF, METHODS, PAUSES, trained

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes leave what they found."""
    return tmp_path_factory.mktemp("team")


@pytest.fixture(scope="module")
def by_two(folder: Path) -> dict[str, dict[str, list[float]]]:
    """Losses of two processes, by method."""
    _, before = trained(GOES_ON, None, until=HALF)
    torch.save(before.state, folder / "state.pt")
    command = [sys.executable, str(TESTS / "team_member.py"), str(folder)]
    variables = os.environ | {"PYTHONPATH": str(TESTS.parent)}
    members = [subprocess.Popen([*command, str(rank), "2"], cwd=TESTS.parent, env=variables) for rank in (0, 1)]
    assert [member.wait(280) for member in members] == [0, 0]
    found = map(json.loads, (folder / "found.jsonl").read_text().splitlines())
    return {each["name"]: each["losses"] for each in found}


def assert_same(found: dict[str, list[float]], expected: dict[str, list[float]]) -> None:
    assert found and set(found) <= set(expected)
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name][-len(values) :], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(METHODS) - {PAUSES, GOES_ON}))
def test_two_processes_have_the_losses_of_one(name: str, by_two: dict[str, dict[str, list[float]]]) -> None:
    alone, _ = trained(name, None)
    assert list(by_two[name]) == list(alone)
    assert_same(by_two[name], alone)


@pytest.mark.slow
def test_two_processes_go_on_from_where_one_has_come_to(by_two: dict[str, dict[str, list[float]]]) -> None:
    alone, _ = trained(GOES_ON, None)
    assert_same(by_two[GOES_ON], alone)


@pytest.mark.slow
def test_one_process_goes_on_from_where_two_have_come_to(
    folder: Path, by_two: dict[str, dict[str, list[float]]]
) -> None:
    alone, _ = trained(PAUSES, None)
    assert_same(by_two[PAUSES], {name: alone[name][: len(values)] for name, values in by_two[PAUSES].items()})
    later, _ = trained(PAUSES, None, torch.load(folder / "together.pt"))
    assert_same(later, alone)
