import pytest
import torch

from benchmarks import accuracy


def point(acc: float, minutes: float) -> dict[str, float]:
    return {
        "acc": acc,
        "minutes": minutes,
        "cpu_minutes": minutes / 2,
        "encoder_updates": 10 * minutes,
        "epoch": minutes,
    }


def run(*accs: float) -> dict:
    points = [point(acc, minutes) for minutes, acc in enumerate(accs)]
    reached = {str(level): accuracy.first_time(points, level) for level in accuracy.LEVELS}
    return {"reached": reached, "last": points[-1], "cpu_minutes": len(points) / 2}


def test_the_first_evaluation_at_a_level_counts_and_a_level_never_reached_is_none():
    reached = run(0.1, 0.91, 0.89, 0.96)["reached"]
    assert reached["0.9"] == {"minutes": 1, "cpu_minutes": 0.5, "encoder_updates": 10, "epoch": 1}
    assert reached["0.95"]["minutes"] == 3
    assert reached["0.98"] is None


def test_the_summary_counts_seeds_that_fail():
    found = accuracy.summary([run(0.1, 0.95), run(0.1, 0.2, 0.3, 0.92), run(0.1, 0.5)])
    assert found["last_acc"] == "0.79 ± 0.25"
    assert found["to"]["0.9"]["seeds_that_reached_it"] == "2 of 3"
    assert found["to"]["0.9"]["minutes"] == "2 ± 1.4"
    assert found["to"]["0.98"]["minutes"] == "-"


@pytest.mark.slow
def test_runs_stop_in_time_and_go_on_from_their_checkpoints(tmp_path):
    asked = {"seeds": (0,), "presets": ("paper",), "limit": 300, "checkpoints": tmp_path}
    first = accuracy.measure("digits", minutes=0.02, **asked)["runs"]["paper"][0]
    assert first["outcome"] == "stopped"
    assert 0.02 <= first["cpu_minutes"] < 0.2
    last = first["last"]
    assert last["encoder_updates"] == int(last["epoch"] * (300 // 64)) // 5
    second = accuracy.measure("digits", minutes=0.05, **asked)["runs"]["paper"][0]
    assert second["points"][: len(first["points"])] == first["points"]
    assert second["cpu_minutes"] >= 0.05
    assert first["steps_of_each_piece"] == ["eager"] and second["steps_of_each_piece"] == ["eager"] * 2
    for piece in (first, second):
        assert piece["schedule_minutes"] == pytest.approx(3000 * piece["epoch_s"] / 60, abs=0.01)
    trained_s = 60 * (second["minutes"] - first["minutes"])
    n_epochs = second["last"]["epoch"] - last["epoch"]
    assert n_epochs > 0 and second["epoch_s"] == pytest.approx(trained_s / n_epochs, rel=0.5)


@pytest.mark.slow
def test_another_method_is_trained_in_the_precision_asked_for():
    found = accuracy.measure("digits", method="imc-swav", minutes=0.01, seeds=(1,), limit=64, precision="float32")
    assert found["what"].startswith("imc-swav on digits") and list(found["runs"]) == ["paper"]
    (run,) = found["runs"]["paper"]
    assert (run["seed"], run["precision"], run["outcome"]) == (1, "float32", "stopped")


def test_on_a_gpu_the_limit_is_of_the_clock(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(accuracy.on_device, "now", lambda device: now[0])
    monkeypatch.setattr(accuracy.time, "process_time", lambda: 10 * now[0])
    on_gpu = accuracy.Clock(60, lambda step: step, device=torch.device("cuda:0"))
    on_cpu = accuracy.Clock(60, lambda step: step)
    now[0] = 110.0
    assert (on_gpu.request(), on_cpu.request()) == ("", "stop")
    now[0] = 161.0
    assert on_gpu.request() == "stop"


def test_data_without_labels_are_refused(monkeypatch: pytest.MonkeyPatch):
    from dataclasses import replace

    from mmclust.data import catalogue

    data = replace(catalogue.load("digits", limit=100), labels=None)
    monkeypatch.setattr(accuracy.catalogue, "load", lambda *_, **__: data)
    with pytest.raises(ValueError, match="no labels"):
        accuracy.measure("digits", minutes=1)
