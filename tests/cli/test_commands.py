import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from programs import Program, module
from sqlalchemy import update

from mmclust.cli.main import main
from mmclust.cli.output import duration, print_table
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from mmclust.specs import build_spec

ROOT = Path(__file__).parents[2]
TINY = ("--dataset", "digits", "--method", "dccs", "--preset", "paper", "--limit", "192", "--set", "width=0.125")


def document(capsys: pytest.CaptureFixture[str]) -> dict:
    """The JSON document on the last line of what was printed."""
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_light_commands_do_not_load_torch():
    code = (
        "import sys\n"
        "from mmclust.cli.main import main\n"
        "main(['app', '--help'])\n"
        "assert 'numpy' not in sys.modules, 'a command loads all commands'\n"
        "export = ['export', 'x', '--out', 'x']\n"
        "for words in (['--help'], ['train', '--help'], ['datasets'], ['methods', '--json'], ['runs'], export):\n"
        "    main(words)\n"
        "    for heavy in ('torch', 'torchvision', 'streamlit', 'umap'):\n"
        "        assert heavy not in sys.modules, (words, heavy)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "COMMAND" in done.stdout


def test_datasets_as_json(capsys: pytest.CaptureFixture[str]):
    assert main(["datasets", "--json"]) == 0
    listed = {entry["name"]: entry for entry in document(capsys)["datasets"]}
    assert listed["digits"] == {
        "name": "digits",
        "views": ["image"],
        "n_samples": 1797,
        "n_clusters": 10,
        "available": True,
        "how_to_get": "",
    }
    assert listed["mnist"]["how_to_get"]


def test_methods_as_json_declare_every_hyper_parameter(capsys: pytest.CaptureFixture[str]):
    assert main(["methods", "--json"]) == 0
    dccs = next(method for method in document(capsys)["methods"] if method["name"] == "dccs")
    hyperparameter = next(k for k in dccs["hyperparameters"] if k["name"] == "beta_aug")
    assert {"name", "default", "low", "high", "symbol", "help"} <= set(hyperparameter)
    assert (hyperparameter["low"], hyperparameter["high"]) == (0, 10)
    assert dccs["paper"].startswith("https://")


@pytest.mark.parametrize("command", ["datasets", "methods", "runs"])
def test_tables_are_for_people(command: str, capsys: pytest.CaptureFixture[str]):
    assert main([command]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 1


def test_columns_stand_below_each_other(capsys: pytest.CaptureFixture[str]):
    print_table(("A", "B"), [("long cell", "x"), ("y", "")])
    assert capsys.readouterr().out.splitlines() == ["A          B", "long cell  x", "y"]


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (9.6, "10 s"), (100, "1:40"), (3909, "1:05:09")])
def test_durations(seconds: float | None, text: str):
    assert duration(seconds) == text


def test_train_ends_with_the_promised_document_and_the_run_is_listed(capsys: pytest.CaptureFixture[str]):
    assert main(["train", *TINY, "--epochs", "2", "--seed", "1", "--json"]) == 0
    found = document(capsys)
    assert set(found) == {
        "run_id",
        "status",
        "dataset",
        "method",
        "n_samples",
        "n_clusters",
        "epochs",
        "seed",
        "device",
        "seconds",
        "samples_per_s",
        "metrics",
    }
    assert (found["status"], found["dataset"], found["method"]) == ("finished", "digits", "dccs")
    assert (found["n_samples"], found["n_clusters"], found["epochs"], found["seed"]) == (192, 10, 2, 1)
    assert found["device"] == "cpu"
    assert set(found["metrics"]) == {"acc", "nmi", "nmi_geometric", "ari", "purity"}
    assert main(["runs", "--json"]) == 0
    listed = document(capsys)["runs"][0]
    assert (listed["run_id"], listed["status"], listed["epoch"]) == (found["run_id"], "finished", 2)
    assert listed["metrics"] == found["metrics"]


def test_train_without_json_ends_with_the_figures(capsys: pytest.CaptureFixture[str]):
    assert main(["train", *TINY, "--epochs", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("finished dccs-digits-")
    assert main(["runs"]) == 0
    assert "finished" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (["train", "--dataset", "digitz", "--method", "dccs"], "digits"),
        (["train", "--dataset", "digits", "--method", "nothing"], "dccs"),
        (["train", *TINY, "--set", "nothing=1"], "beta_aug"),
        (["train", *TINY, "--set", "beta_aug=11"], "0 to 10"),
        (["train", *TINY, "--set", "beta_aug"], "key=value"),
        (["train", *TINY, "--set", "input=rgb"], "colour"),
        (["train", *TINY, "--clusters", "500"], "192 samples"),
        (["train", *TINY, "--epochs", "many"], "--epochs"),
        (["train", *TINY, "--preset", "best"], "quick"),
        (["train", "--dataset", "digits"], "--method"),
        (["resume", "dccs-digits-000000"], "not known"),
        (["export", "dccs-digits-000000", "--out", "x"], "not known"),
        (["nothing"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_bad_usage_is_one_sentence_on_stderr_and_exit_code_2(
    wrong: list[str], word: str, capsys: pytest.CaptureFixture[str]
):
    assert main(wrong) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert word in printed.err
    assert RunStore().list(examples=False) == []


def test_absent_data_is_a_failure_that_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MMCLUST_DATA", raising=False)
    assert main(["train", "--dataset", "mnist", "--method", "dccs"]) == 1
    assert "--download" in capsys.readouterr().err


def test_a_failed_run_is_exit_code_1_and_its_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from mmclust.engine import trainer

    def fit(self, state=None, **_):
        raise MemoryError

    monkeypatch.setattr(trainer.Trainer, "fit", fit)
    assert main(["train", *TINY, "--epochs", "1", "--json"]) == 1
    printed = capsys.readouterr()
    assert printed.err.splitlines() == ["Memory ran out; train on fewer samples (limit) or lower batch_size."]
    assert json.loads(printed.out.splitlines()[-1])["status"] == "failed"


def test_a_finished_run_cannot_be_resumed(capsys: pytest.CaptureFixture[str]):
    main(["train", *TINY, "--epochs", "1", "--json"])
    run_id = document(capsys)["run_id"]
    assert main(["resume", run_id]) == 2
    assert "is finished" in capsys.readouterr().err


def test_an_unexpected_error_shows_no_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def broken(self, **_):
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(RunStore, "list", broken)
    assert main(["runs"]) == 1
    assert capsys.readouterr().err.splitlines() == ["The program failed (RuntimeError: first line second line)."]


def test_export_writes_what_other_programs_read(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    main(["train", *TINY, "--epochs", "2", "--json"])
    run_id = document(capsys)["run_id"]
    assert main(["export", run_id, "--out", str(tmp_path / "out"), "--json"]) == 0
    files = {"spec.json", "metrics.csv", "assignments.csv", "codes.npz", "samples.parquet", "report.html"}
    assert files <= set(document(capsys)["files"])
    assert files <= {path.name for path in (tmp_path / "out").iterdir()}


def test_doctor_finds_nothing_missing_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MMCLUST_DATA", raising=False)
    assert main(["doctor", "--json"]) == 0
    found = document(capsys)
    assert found["ok"] is True
    assert {"torch", "home", "run store", "devices"} <= {check["name"] for check in found["checks"]}


def test_doctor_says_what_is_missing_and_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MMCLUST_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setenv("MMCLUST_DATA", str(tmp_path / "absent"))
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "MISSING home" in printed and "set MMCLUST_HOME" in printed
    assert "MISSING data folder" in printed


def test_the_example_is_made_by_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from mmclust.analysis import projection
    from mmclust.runs.store import open_example

    kinds = {kind: projection.KINDS[kind] for kind in ("pca", "tsne")}
    monkeypatch.setattr(projection, "KINDS", kinds)  # the others take a minute to import
    folder = tmp_path / "example"
    assert main(["example", "--out", str(folder), "--epochs", "1", "--limit", "150"]) == 0
    made = open_example(tmp_path, folder)
    assert made is not None
    record = made.list()[0]
    assert (record.status, record.example) == ("finished", True)
    assert (folder / "checkpoint.pt").exists()
    layouts = {file.name for file in (folder / "layouts").iterdir()}
    (folder / "layouts" / "of-the-code-before.npy").touch()
    assert main(["example", "--out", str(folder), "--layouts"]) == 0
    assert {file.name for file in (folder / "layouts").iterdir()} == layouts != set()
    assert not any(str(tmp_path) in path.read_text() for path in folder.glob("*.json"))


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_run_goes_on_later(tmp_path: Path):
    streams = {"output": tmp_path / "output.txt", "complaints": tmp_path / "complaints.txt"}
    training = Program(module("mmclust"), "train", *TINY, "--epochs", "2000", **streams)
    store, deadline = RunStore(), time.monotonic() + 200
    while not any(record.step for record in store.list(examples=False)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    training.interrupt()
    output, complaints = training.communicate(timeout=30)
    record = store.list(examples=False)[0]
    assert training.returncode == 1
    assert (record.status, record.resumable) == ("stopped", True)
    assert complaints.splitlines() == [
        f"Run {record.run_id} is stopped. `python -m mmclust resume {record.run_id}` lets it go on."
    ]
    assert "Traceback" not in output


@pytest.mark.slow
def test_a_run_waits_with_a_sentence_while_its_device_is_busy(tmp_path: Path):
    store = RunStore()
    first, second, complaints = (tmp_path / f"{name}.txt" for name in ("first", "second", "complaints"))
    training = Program(module("mmclust"), "train", *TINY, "--epochs", "2000", output=first, complaints=first)
    deadline = time.monotonic() + 200
    while not any(record.step for record in store.list(examples=False)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    busy = store.list(examples=False)[0]
    waiting = Program(module("mmclust"), "train", *TINY, "--epochs", "1", output=second, complaints=complaints)
    while not second.exists() or f"It waits for cpu, used by {busy.run_id}.\n" not in second.read_text():
        assert waiting.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    training.interrupt()
    assert waiting.communicate(timeout=60)[0].splitlines()[-1].startswith("finished")
    assert (training.wait(60), waiting.returncode) == (1, 0)


def test_the_variable_that_asked_for_eager_steps_is_understood_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MMCLUST_AS_WRITTEN", "1")
    assert main(["methods", "--json"]) == 0
    printed = capsys.readouterr()
    assert "MMCLUST_AS_WRITTEN has no effect any more" in printed.err and printed.out.startswith("{")


def test_an_unknown_execution_mode_is_refused(capsys: pytest.CaptureFixture[str]):
    assert main(["train", "--dataset", "digits", "--method", "dccs", "--execution", "fast"]) == 2
    assert "--execution" in capsys.readouterr().err


def test_a_run_that_cannot_be_read_is_a_line_and_can_be_removed(capsys: pytest.CaptureFixture[str]):
    store = RunStore()
    good, bad = (store.create(build_spec("digits", "dccs")) for _ in range(2))
    with store.writing() as connection:
        connection.execute(update(RUNS).where(RUNS.c.run_id == bad.id).values(metrics='{"foo": 1.0}', seal=None))
    assert main(["runs"]) == 0
    listed = capsys.readouterr().out
    assert f"{bad.id} cannot be read (its metrics lack acc, nmi, ari)" in listed and good.id in listed
    assert main(["runs", "--json"]) == 0
    assert [run["run_id"] for run in json.loads(capsys.readouterr().out)["unreadable"]] == [bad.id]
    assert main(["runs", "--delete", bad.id]) == 0
    assert main(["runs"]) == 0
    assert "cannot be read" not in capsys.readouterr().out and not bad.folder.exists()
    assert main(["runs", "--trash", "--json"]) == 0
    assert [run["run_id"] for run in document(capsys)["trash"]] == [bad.id]
    assert main(["runs", "--restore", bad.id]) == 2 and not bad.folder.exists()
    assert "cannot be restored as its record cannot be read" in capsys.readouterr().err
    assert main(["runs", "--drop", "all", "--json"]) == 0
    assert document(capsys)["dropped"] == [bad.id]
    assert main(["runs", "--restore", bad.id]) == 2


@pytest.mark.parametrize("content", [b"", b"no database at all " * 100], ids=["empty", "damaged"])
def test_a_store_that_is_lost_is_made_anew_from_the_folders(capsys: pytest.CaptureFixture[str], content: bytes):
    store = RunStore()
    run = store.create(build_spec("digits", "dccs", title="mine"))
    store.close()
    file = store.home / "store.sqlite"
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    file.write_bytes(content)
    if content:
        assert main(["check"]) == 1
        assert "cannot be used" in capsys.readouterr().err
    else:
        assert main(["runs"]) == 0
        listed = capsys.readouterr().out
        assert f"{run.id} has a folder and is not in the store" in listed and "No runs yet" not in listed
        assert main(["check"]) == 1
    assert main(["check", "--repair"]) == 0
    assert f"{run.id} is not in the store: mended" in capsys.readouterr().out
    assert [record.title for record in RunStore().list(examples=False)] == ["mine"]
    assert main(["check", "--json"]) == 0
    assert document(capsys) == {"ok": True, "faults": []}
    assert len(list(store.home.glob("store.sqlite.damaged-*"))) == bool(content)


def test_the_store_is_copied(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    run = RunStore().create(build_spec("digits", "dccs"))
    assert main(["backup", str(tmp_path / "b"), "--json"]) == 0
    assert document(capsys)["bytes"] == (tmp_path / "b").stat().st_size
    assert RunStore(tmp_path / "x", f"sqlite:///{tmp_path / 'b'}").record(run.id).run_id == run.id
