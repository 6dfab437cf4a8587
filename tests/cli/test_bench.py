import json
import socket
from pathlib import Path

import pytest

from mmclust.cli.main import main


def last_line(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_store_figures_come_with_the_machine_but_without_host_name_or_path(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    out = tmp_path / "store.json"
    assert main(["bench", "store", "--rounds", "3", "--json", "--out", str(out)]) == 0
    found = last_line(capsys)
    assert found["median_ms"]["read_a_record"] > 0
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["versions"]["torch"]
    assert json.loads(out.read_text()) == found
    text = out.read_text()
    assert socket.gethostname() not in text
    assert str(Path.cwd()) not in text
    assert str(tmp_path) not in text


def test_without_json_the_figures_are_lines_for_people(capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "store", "--rounds", "1"]) == 0
    assert "median_ms.create_a_run" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["bench", "nothing"], ["bench", "store", "--rounds", "0"], ["bench"]])
def test_bad_usage_is_one_line_and_exit_code_2(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(wrong) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_outside_the_repository_it_says_where_to_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mmclust.cli.bench.find_spec", lambda name: None)
    assert main(["bench", "store"]) == 2
    assert "repository" in capsys.readouterr().err


@pytest.mark.slow
def test_our_training_is_faster_than_the_plain_recipe(capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "train", "--rounds", "1", "--seconds", "1", "--json"]) == 0
    found = last_line(capsys)
    assert found["speeds"]["plain"]["images_per_core_s"] > 0
    assert found["ratio_to_plain"]["float32"] > 1
    assert sum(found["speeds"]["float32"]["share_of_time"].values()) == pytest.approx(1, abs=0.01)
    assert found["speeds"]["plain"]["peak_memory_mib"] > 100


@pytest.mark.parametrize(("method", "dataset"), [("dccs", "digits"), ("dmim", "digits-2view")])
def test_steps_per_second_of_a_method(method: str, dataset: str, capsys: pytest.CaptureFixture[str]):
    asked = ["bench", "train", "--method", method, "--dataset", dataset, "--rounds", "1", "--seconds", "1", "--json"]
    assert main(asked) == 0
    found = last_line(capsys)
    assert found["what"].startswith(f"{method} on {dataset}, preset quick")
    assert found["samples_per_s"] > found["steps_per_s"] > 0


@pytest.mark.slow
def test_time_to_accuracy_is_told_for_every_seed_and_preset(capsys: pytest.CaptureFixture[str]):
    asked = ["bench", "accuracy", "--dataset", "digits", "--minutes", "0.02", "--seeds", "0,3", "--json"]
    assert main([*asked, "--set", "sigma=0.2"]) == 0
    found = last_line(capsys)
    assert {run["config"]["sigma"] for runs in found["runs"].values() for run in runs} == {0.2}
    assert set(found["runs"]) == set(found["summary"]) == {"paper", "fast"}
    assert [run["seed"] for run in found["runs"]["fast"]] == [0, 3]
    assert found["summary"]["paper"]["to"]["0.9"]["seeds_that_reached_it"] == "0 of 2"


@pytest.mark.parametrize("wrong", [["accuracy", "--seeds", "a"], ["embed", "--samples", "10,x"]])
def test_numbers_that_are_none_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["bench", *wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.fixture
def pretended_gpu(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What would be measured there."""
    import torch

    from benchmarks import accuracy, machine, on_device, train_on_device

    asked: list[dict] = []

    def measured(*named: object, **about: object) -> dict:
        asked.append({"named": named, **about})
        return {"machine": machine.describe()}

    monkeypatch.setattr(on_device, "chosen", lambda name: torch.device("cuda:0"))
    monkeypatch.setattr(train_on_device, "measure", measured)
    monkeypatch.setattr(accuracy, "measure", measured)
    return asked


@pytest.mark.parametrize(
    ("asked", "batch_size"),
    [(["--method", "imc-swav"], 256), (["--method", "imc-swav", "--batch", "64"], 64), ([], 256)],
)
def test_on_a_gpu_training_is_measured_by_the_clock(asked: list[str], batch_size: int, pretended_gpu: list[dict]):
    assert main(["bench", "train", "--device", "cuda", "--rounds", "2", "--seconds", "3", *asked]) == 0
    (found,) = pretended_gpu
    assert found["named"] == (asked[1] if asked else None, None)
    assert str(found["device"]) == "cuda:0"
    assert (found["rounds"], found["seconds"], found["batch_size"]) == (2, 3.0, batch_size)


def test_time_to_accuracy_on_a_gpu_is_kept_in_pieces(pretended_gpu: list[dict], tmp_path: Path):
    asked = ["--method", "imc-swav", "--precision", "bf16", "--limit", "500", "--keep", str(tmp_path)]
    assert main(["bench", "accuracy", "--device", "cuda", "--dataset", "cifar10", *asked]) == 0
    (found,) = pretended_gpu
    assert found["named"] == ("cifar10",)
    assert (found["method"], found["precision"], found["limit"]) == ("imc-swav", "bf16", 500)
    assert (found["device"], found["checkpoints"], found["presets"]) == ("cuda", tmp_path, None)


@pytest.mark.parametrize("name", ["train", "accuracy", "device"])
def test_without_a_gpu_that_was_asked_for_it_says_so(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(["bench", name, "--device", "cuda"]) == 2
    told = capsys.readouterr().err
    assert "no GPU" in told and len(told.splitlines()) == 1


def test_a_method_to_measure_needs_data(capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "train", "--method", "dmim"]) == 2
    assert "belong together" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.browser
def test_pages_are_measured_beside_an_empty_page(chromium: str, capsys: pytest.CaptureFixture[str]):
    assert (
        main(["bench", "pages", "--dataset", "digits", "--rounds", "1", "--starts", "1", "--visitors", "2", "--json"])
        == 0
    )
    found = last_line(capsys)
    assert found["map_ms"]["lasso_grid"]["median"] > found["map_ms"]["lasso_chosen"]["median"] > 0
    assert found["map_ms"]["scrub_frame"]["n"] == 60
    assert found["visitors_ms"]["app"]["n"] == found["visitors_ms"]["empty"]["n"] == 10
    assert set(found["page_switch_ms"]["pages"]) >= {"Home", "Train", "Map"}
    assert not found["first_paint_ms"]["torch_loaded_at_first_content"]
