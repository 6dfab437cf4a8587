import json

import pytest

from mmclust.cli.main import main


@pytest.mark.slow
def test_ours_is_measured_beside_the_plain_recipe(capsys: pytest.CaptureFixture[str]):
    assert (
        main(["bench", "train", "--method", "imc-swav", "--batch", "16", "--rounds", "1", "--seconds", "1", "--json"])
        == 0
    )
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(found["ratio_to_plain"]) <= {"float32", "bf16"}
    assert all(ratio > 0.8 for ratio in found["ratio_to_plain"].values())
    assert all(speed["peak_memory_mib"] > 100 for speed in found["speeds"].values())
    shares = found["speeds"]["float32"]["share_of_time"]
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    assert shares["backward"] > shares["optimiser"]


def test_a_batch_out_of_range_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "train", "--method", "imc-swav", "--batch", "8", "--rounds", "1", "--seconds", "1"]) != 0
    assert "batch_size=8 is out of range; batch_size may be 16 to 2048" in capsys.readouterr().err


def test_the_plain_recipe_is_written_for_cifar_alone(capsys: pytest.CaptureFixture[str]):
    asked = [
        "bench",
        "train",
        "--method",
        "imc-swav",
        "--dataset",
        "digits",
        "--rounds",
        "1",
        "--seconds",
        "1",
        "--json",
    ]
    assert main(asked) == 0
    assert "ratio_to_plain" not in json.loads(capsys.readouterr().out.splitlines()[-1])
