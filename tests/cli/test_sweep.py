import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmclust.cli.main import main
from mmclust.runs.store import RunStore
from mmclust.sweeps.sweep import seed_numbers

ROOT = Path(__file__).parents[2]
TINY = ("sweep", "--dataset", "digits", "--method", "dccs", "--limit", "192", "--set", "width=0.125")


def document(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize(("text", "seeds"), [("0", (0,)), ("0,2, 5", (0, 2, 5)), ("0-3,7", (0, 1, 2, 3, 7))])
def test_seeds_are_numbers_and_ranges(text: str, seeds: tuple[int, ...]):
    assert seed_numbers(text) == seeds


@pytest.mark.slow
@pytest.mark.usefixtures("runs_in_this_process")
def test_a_sweep_ends_with_a_table_or_with_one_document_and_is_reused(capsys: pytest.CaptureFixture[str]):
    asked = [*TINY, "--grid", "beta_mi=0,0.5", "--seeds", "0,1", "--epochs", "1", "--workers", "2"]
    assert main(asked) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("sweep dccs-digits-") and "2 settings x 2 seeds" in printed[0]
    assert any(line.startswith("4/4 runs") and "finished ACC 0." in line for line in printed)
    assert printed[-3].split() == ["BETA_MI", "ACC", "NMI", "ARI", "SEEDS", "TIME"]
    assert printed[-1].split()[0] == "0.5" and " ± " in printed[-1]
    assert main([*asked, "--json"]) == 0
    found = document(capsys)
    assert (found["status"], found["n_runs"], found["n_reused"]) == ("finished", 4, 4)
    assert [cell["point"] for cell in found["cells"]] == [{"beta_mi": 0}, {"beta_mi": 0.5}]
    cell = found["cells"][0]
    assert cell["metrics"]["acc"]["n"] == 2 and cell["failures"] == {}
    assert [run["seed"] for run in cell["runs"]] == [0, 1]
    accs = [run["metrics"]["acc"] for run in cell["runs"]]
    assert cell["metrics"]["acc"]["mean"] == pytest.approx(sum(accs) / 2)
    assert cell["metrics"]["acc"]["deviation"] == pytest.approx(abs(accs[0] - accs[1]) / 2**0.5)


@pytest.mark.slow
@pytest.mark.usefixtures("runs_in_this_process")
def test_what_is_finished_is_drawn_without_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    asked = [*TINY, "--grid", "beta_mi=0,0.5,1", "--seeds", "0,1", "--epochs", "1", "--at-most", "4"]
    curve, square = tmp_path / "new" / "curve.svg", tmp_path / "square.png"
    assert main([*asked, "--plot", str(curve)]) == 0
    text = curve.read_text()
    assert "<svg" in text and "agreement with classes" in text and "beta_mi" in text and "2 seeds" in text
    assert len(RunStore().list(examples=False)) == 4, "a limit of four runs is two settings with both seeds"
    capsys.readouterr()
    loud = ["DCCS" if word == "dccs" else word for word in TINY]
    wider = [*loud, "--grid", "beta_mi=0,0.5,1", "epochs=1,2", "--seeds", "0", "--show", "--plot", str(square)]
    assert main([*wider, "--metric", "nmi"]) == 0
    assert square.stat().st_size > 5000 and len(RunStore().list(examples=False)) == 4
    assert main([*wider, "--figure", "nothing"]) == 2
    assert "no finished run of this sweep has nothing; known are acc" in capsys.readouterr().err


def test_the_ablation_table_of_a_method_is_one_option(capsys: pytest.CaptureFixture[str]):
    assert main([*TINY, "--ablations", "--show"]) == 0
    printed = capsys.readouterr().out
    assert "4 settings x 1 seeds" in printed and "M4: Adv + MI + Aug (full)" in printed
    assert main([*TINY, "--ablations", "--grid", "beta_mi=0,1"]) == 2
    assert "came together" in capsys.readouterr().err
    assert RunStore().list(examples=False) == []


def test_a_grid_of_ten_thousand_runs_asks_before_it_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    grid = [*TINY, "--grid", "beta_mi=0:1:0.01", "sigma=0.02:0.5:0.01", "--seeds", "0,1"]
    assert main(grid) == 2
    printed = capsys.readouterr()
    assert "9,898 runs are asked for, more than 500; give --at-most N" in printed.err
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or "n")
    assert main(grid) == 2
    assert asked and "nothing was started" in capsys.readouterr().err
    assert RunStore().list(examples=False) == []


@pytest.mark.slow
@pytest.mark.usefixtures("runs_in_this_process")
def test_failed_runs_are_sentences_and_exit_code_1(capsys: pytest.CaptureFixture[str]):
    points = ["--point", "batch_size=512", "--point", "batch_size=64", "epochs=2", "--point", "input=rgb"]
    assert main([*TINY, *points, "--epochs", "1", "--seeds", "0,1", "--workers", "1"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in sorted(told)] == [
        "dccs on digits, batch_size=512, seeds 0, 1",
        "dccs on digits, input=rgb, seeds 0, 1",
    ]
    assert "192 samples" in sorted(told)[0] and "colour images" in sorted(told)[1]


def test_batches_larger_than_the_samples_are_said_before_anything_is_queued(capsys: pytest.CaptureFixture[str]):
    assert main([*TINY, "--grid", "batch_size=256,512", "--seeds", "0,1"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"dccs on digits, batch_size={size}, seeds 0, 1: batch_size={size} exceeds the 192 samples to train on; "
        "lower batch_size to 192 or less, or use more data"
        for size in (256, 512)
    ]
    assert RunStore().list(examples=False) == []


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (["--grid", "nothing=1"], "no hyper-parameter"),
        (["--grid", "beta_mi"], "key=v1,v2"),
        (["--grid", "beta_mi=0,0.0"], "each value once"),
        (["--grid", "beta_mi=0,9"], "0 to 2"),
        (["--grid", "beta_mi=0", "beta_mi=1"], "came twice"),
        (["--grid", "beta_mi=0", "--point", "beta_mi=1"], "came together"),
        (["--seeds", "a"], "write e.g."),
        (["--seeds", "1,1"], "hold one twice"),
        (["--workers", "0"], "whole number"),
    ],
)
def test_bad_usage_is_one_sentence_and_trains_nothing(wrong: list[str], word: str, capsys: pytest.CaptureFixture[str]):
    assert main([*TINY, *wrong]) == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1 and word in printed.err
    assert RunStore().list(examples=False) == []


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on():
    command = [sys.executable, "-m", "mmclust", *TINY, "--seeds", "0-2", "--epochs", "60", "--workers", "2", "--json"]
    sweep = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    store, deadline = RunStore(), time.monotonic() + 200
    try:
        while not any(record.step for record in store.list(examples=False)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(sweep.pid, signal.SIGINT)
        output, complaints = sweep.communicate(timeout=200)
    finally:
        sweep.kill()
    assert sweep.returncode == 1
    assert json.loads(output.splitlines()[-1])["status"] == "stopped"
    assert complaints.splitlines()[0] == "Stopping: runs write their checkpoints."
    assert "the same command goes on" in complaints.splitlines()[-1]
    assert {record.status for record in store.list(examples=False)} <= {"stopped", "finished"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert len(store.list(examples=False)) == 3
