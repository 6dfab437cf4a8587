import io
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust import bundle, models
from mmclust.cli.main import main
from mmclust.data import catalogue
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.annotations import Annotations
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, grid


def test_a_run_comes_back_whole(shared: tuple[RunStore, Run, Path], there: RunStore):
    _, run, file = shared
    opened = bundle.read(there, file)
    assert (opened.run_ids, opened.n_known, opened.sweep_id) == ((run.id,), 0, "")
    copy, before = there.get(run.id), run.record()
    after = copy.record()
    for name in ("metrics", "seconds", "epoch", "step", "n_samples", "title", "note", "cluster_names", "environment"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.status == "finished" and after.spec.tags == ("imported",)
    columns = ["step", "epoch", "name", "value"]
    assert copy.metrics()[columns].equals(run.metrics()[columns])
    assert [epoch for epoch, _ in copy.snapshots()] == [epoch for epoch, _ in run.snapshots()]
    np.testing.assert_array_equal(copy.snapshot().logits, run.snapshot().logits)
    spec = catalogue.describe("digits")
    states = [models.restore(one, spec).state_dict() for one in (run, copy)]
    assert all((states[0][name] == states[1][name]).all() for name in states[0])


def test_what_was_understood_of_the_data_travels_in_plain_texts(
    shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    _, run, file = shared
    before = run.understanding()
    assert before is not None and "gray images of 8 x 8" in before["understood"]
    bundle.read(there, file)
    assert there.get(run.id).understanding() == before
    asked = {"name": "classes", "text": "Which?\x1b[31m", "options": ["a", "b"], "answer": "a", "open": True}
    other = rewritten(
        file, tmp_path / "b", record=lambda r: (r["spec"].update(seed=5), r["understanding"].update(questions=[asked]))
    )
    found = there.get(bundle.read(there, other).run_ids[0]).understanding()
    assert found is not None and found["questions"] == [asked | {"text": "Which?[31m"}]
    older = rewritten(file, tmp_path / "c", record=lambda r: (r["spec"].update(seed=6), r.pop("understanding")))
    assert there.get(bundle.read(there, older).run_ids[0]).understanding() is None


@pytest.mark.parametrize(
    "values",
    [
        {"failures": [["", 0, "x"]]},
        {"failures": [[9, 0, "x"]]},
        {"failures": [[0.0, 0, "x"]]},
        {"failures": [[0, True, "x"]]},
        {"failures": [[[1], 0, "x"]]},
        {"runs": [[False, 0, 1]]},
        {"runs": [[5, 0, 1]]},
        {"runs": [7]},
    ],
)
def test_places_that_a_sweep_does_not_have_are_refused(
    values: dict[str, Any], shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    asked = grid(Cell(dataset="digits", method="dccs", changes={"width": 0.125}), {"sigma": (0.1, 0.9)})
    whole = {"asked": json.loads(asked.to_json()), "runs": [[0, 0, 1]], "failures": [[1, 0, "It broke."]]}
    bad = rewritten(shared[2], tmp_path / "bad", manifest=lambda m: m.update(sweep=whole | values))
    with pytest.raises(ValueError, match="its sweep cannot be read"):
        bundle.read(there, bad)
    assert there.list(examples=False) == [] == list(sweeps.listed(there))
    good = rewritten(shared[2], tmp_path / "good", manifest=lambda m: m.update(sweep=whole))
    assert sweeps.get(there, bundle.read(there, good).sweep_id).failures == {(1, 0): "It broke."}


def test_what_is_said_of_a_bundle_is_short(shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path):
    bad = rewritten(shared[2], tmp_path / "bad", record=lambda r: r["spec"]["config"].update(encoder="x" * 5_000))
    with pytest.raises(ValueError, match="encoder='xxx") as caught:
        bundle.read(there, bad)
    assert len(str(caught.value)) < 400


def test_a_run_that_is_here_already_stays_as_it_is(shared: tuple[RunStore, Run, Path], there: RunStore):
    _, run, file = shared
    bundle.read(there, file)
    there.get(run.id).rename("renamed here")
    opened = bundle.read(there, file)
    assert (opened.run_ids, opened.n_known) == ((run.id,), 1)
    assert [(r.run_id, r.title) for r in there.list(examples=False)] == [(run.id, "renamed here")]


def test_annotations_travel_with_their_run_also_to_one_that_is_here(
    shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    store, run, file = shared
    bundle.read(there, file)
    before, after = Annotations(store).of(run.id)[0], Annotations(there).of(run.id)[0]
    for name in ("name", "epoch", "steps", "n_applied", "created"):
        assert getattr(after, name) == getattr(before, name), name
    assert len(after.applied) == 1 and len(after.steps) == 2
    renamed = rewritten(file, tmp_path / "b", record=lambda r: r["annotations"][0].update(name="another"))
    for _ in range(2):  # what is here already stays as it is
        bundle.read(there, renamed)
        assert [one.name for one in Annotations(there).of(run.id)] == ["by eye", "another"]


def test_another_run_of_that_id_is_not_touched(shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path):
    _, run, file = shared
    bundle.read(there, file)
    changed = rewritten(file, tmp_path / "b", record=lambda r: r["spec"].update(seed=7))
    opened = bundle.read(there, changed)
    assert opened.n_known == 0 and opened.run_ids[0] != run.id
    assert opened.run_ids[0][:-6] == run.id[:-6]
    assert there.get(opened.run_ids[0]).spec.seed == 7
    assert len(there.get(opened.run_ids[0]).metrics()) == len(run.metrics())


def test_a_sweep_comes_back_with_its_places_and_goes_on_there(
    shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    store, run, _ = shared
    base = Cell(dataset="digits", method="dccs", preset="paper", changes={"width": 0.125}, limit=192, epochs=2)
    sweep = grid(base, {"sigma": (run.spec.config["sigma"], 0.9)}, seeds=(0,), title="Widths")
    sweeps.begin(store, sweep, n_runs=2)
    sweeps.attach(store, sweep.id, [(0, 0)], run.id)
    sweeps.end(store, sweep.id, "finished", {(1, 0): "It broke."})
    file = tmp_path / "sweep"
    assert bundle.write(store, sweep.id, file) == [run.id]
    for _ in range(2):  # opened twice it stays the same
        assert bundle.read(there, file).sweep_id == sweep.id
        record = sweeps.get(there, sweep.id)
        assert (record.sweep, record.runs, record.status) == (sweep, {(0, 0): run.id}, "stopped")
        assert record.failures == {(1, 0): "It broke."}
    from mmclust.sweeps.runner import look_up

    assert set(look_up(there, sweep).runs) == {(0, 0)}


def rewritten(
    file: Path,
    target: Path,
    *,
    record: Callable[[dict], Any] = lambda document: None,
    manifest: Callable[[dict], Any] = lambda document: None,
    entries: dict[str, bytes | None] | None = None,
) -> Path:
    """The bundle with changed documents, and members replaced, added or (None) left out."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        contents: dict[str, bytes | None] = {name: old.read(name) for name in old.namelist()}
        for name, change in (("manifest.json", manifest), ("runs/0001/record.json", record)):
            document = json.loads(contents[name] or "")
            change(document)
            contents[name] = json.dumps(document).encode()
        for name, content in (contents | (entries or {})).items():
            if content is not None:
                new.writestr(name, content)
    return target


def arrays(**values: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **values)
    return file.getvalue()


class Evil:
    def __reduce__(self):
        return (open, ("/tmp/mmclust-was-executed", "w"))


def snapshot(**changes: Any) -> bytes:
    n = changes.pop("n", 192)
    values = {"epoch": 2, "step": 4, "index": np.arange(n), "logits": np.eye(n, 10, dtype=np.float32)}
    return arrays(**values | {"space_z": np.ones((n, 2), np.float16)} | changes)


def curves(**changes: Any) -> bytes:
    point = {"step": np.array([1]), "epoch": np.array([1.0]), "name": np.array(["loss/a"]), "value": np.array([1.0])}
    return arrays(**point | changes)


LAST = "runs/0001/snapshots/epoch_0002.npz"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"entries": {"../../evil.txt": b"x"}}, "has no place in a bundle"),
        ({"entries": {"/etc/cron.d/evil": b"x"}}, "has no place in a bundle"),
        ({"entries": {"runs/0001/checkpoint.pt": pickle.dumps(Evil())}}, "has no place in a bundle"),
        ({"entries": {"runs/0001/snapshots/../../../epoch_0001.npz": b"x"}}, "has no place in a bundle"),
        ({"entries": {LAST: arrays(logits=np.array([Evil()], dtype=object))}}, "pickled or of an unusual kind"),
        ({"entries": {LAST: b"no zip"}}, "is damaged"),
        ({"entries": {LAST: arrays(logits=np.eye(3))}}, "is no snapshot"),
        ({"entries": {LAST: snapshot(index=np.arange(192) + 10**6)}}, "samples that the run does not have"),
        ({"entries": {LAST: snapshot(index=np.arange(192) - 1)}}, "samples that the run does not have"),
        ({"entries": {LAST: snapshot(logits=np.eye(7, dtype=np.float32))}}, "do not belong together"),
        ({"entries": {LAST: snapshot(logits=np.full((192, 3), np.nan, np.float32))}}, "no usable assignment"),
        ({"entries": {LAST: snapshot(**{"space_<b>": np.ones((192, 2))})}}, "space of an unusual name"),
        ({"entries": {"runs/0001/weights.npz": arrays(layer=np.array(["a"]))}}, "holds texts"),
        ({"entries": {"runs/0001/curves.npz": arrays(step=np.arange(3))}}, "holds no points of curves"),
        ({"entries": {"runs/0001/record.json": None}}, "has no runs/0001/record.json"),
        ({"entries": {"manifest.json": b"{"}}, "manifest.json is not JSON"),
        ({"entries": {"manifest.json": b"[" * 100_000}}, "manifest.json is not JSON"),
        ({"manifest": lambda m: m.update(format="other")}, "no bundle that this version reads"),
        ({"manifest": lambda m: m.update(version=99)}, "no bundle that this version reads"),
        ({"manifest": lambda m: m.update(n_runs=10**9)}, "n_runs is 1000000000"),
        ({"manifest": lambda m: m.update(sweep={"asked": {}, "runs": []})}, "its sweep cannot be read"),
        ({"record": lambda r: r.update(understanding=[1])}, "what it says of its data cannot be read"),
        ({"record": lambda r: r["understanding"].update(questions=[7])}, "what it says of its data cannot be read"),
        ({"record": lambda r: r["understanding"].update(n_samples="many")}, "n_samples is many"),
        ({"record": lambda r: r["spec"].update(method="os.system")}, "its method os.system is not known"),
        ({"record": lambda r: r["spec"].update(epochs="many")}, "epochs='many'"),
        ({"record": lambda r: r["spec"].update(gpus="all")}, "gpus='all'"),
        ({"record": lambda r: r["spec"].update(gpus=0.001)}, "gpus is 0.001"),
        ({"record": lambda r: r["spec"].update(config={"no_such": 1})}, "has no hyper-parameter"),
        ({"record": lambda r: r["spec"].update(config=7)}, "refused"),
        ({"record": lambda r: r["spec"].update(extra=1)}, "unknown fields extra"),
        ({"record": lambda r: r.update(n_samples=-1)}, "n_samples is -1"),
        ({"record": lambda r: r.update(annotations=7)}, "annotations are no list"),
        ({"record": lambda r: r.update(annotations=[{"name": "a", "steps": [{"step": "run"}]}])}, "cannot be read"),
        ({"record": lambda r: r["annotations"][0].update(name="a\0b")}, "a name or the number"),
        ({"record": lambda r: r["annotations"][0].update(n_applied=9)}, "n_applied is 9"),
        ({"record": lambda r: r["annotations"][0]["steps"][0].update(clusters=[1, 99])}, "cluster 99 came"),
        ({"record": lambda r: r["annotations"][0]["steps"][1].update(variance=float("inf"))}, "not finite"),
        ({"record": lambda r: r["annotations"].append(dict(r["annotations"][0]))}, "have one name"),
        ({"record": lambda r: r.update(metrics={"foo": 1.0})}, "metrics lack acc, nmi, ari"),
        ({"record": lambda r: r["metrics"].update(acc=10**400)}, "acc is 1000"),
        ({"record": lambda r: r["metrics"].update(acc=float("nan"))}, "acc is nan"),
        ({"record": lambda r: r.update(seconds=10**400)}, "seconds is 1000"),
        ({"record": lambda r: r.update(created=-1)}, "created is -1"),
        ({"record": lambda r: r.update(created=1e300)}, "created is 1e"),
        ({"record": lambda r: r.update(n_clusters=2**31 - 1)}, "n_clusters is 2147483647"),
        ({"record": lambda r: r.update(n_clusters=9)}, "no usable assignment to 9 clusters"),
        ({"record": lambda r: r["spec"].update(n_clusters=9)}, "its spec asks for 9"),
        ({"record": lambda r: r["spec"].update(tags="abc")}, "tags='abc'"),
        ({"record": lambda r: r["spec"].update(title="a\u202eb")}, "a text of the spec is none"),
        ({"entries": {"manifest.json": b'{"n_runs": 1' + b"0" * 9_000 + b"}"}}, "manifest.json is not JSON"),
        ({"entries": {LAST: snapshot(index=np.zeros(192, int))}}, "has a sample twice"),
        ({"entries": {LAST: snapshot(epoch=3)}}, "of another epoch than its name says"),
        ({"entries": {LAST: snapshot(epoch=np.arange(2))}}, "is no snapshot"),
        ({"entries": {LAST: snapshot(mark_z=np.ones(2))}}, "marks a space that it does not have"),
        ({"entries": {LAST: snapshot(mark_z=np.ones((3, 7)))}}, "marks a space that it does not have"),
        ({"entries": {LAST: snapshot(mark_z=np.full((3, 2), np.nan))}}, "marks a space that it does not have"),
        ({"entries": {LAST: snapshot(space_z=np.full((192, 2), np.inf, np.float16))}}, "codes that are not finite"),
        ({"entries": {LAST: snapshot(view_logits_0=np.ones((192, 3), np.float32))}}, "no usable assignment"),
        ({"entries": {"runs/0001/curves.npz": curves(epoch=np.array([np.nan]))}}, "epochs that no run has"),
        ({"entries": {"runs/0001/curves.npz": curves(epoch=np.array([-1.0]))}}, "epochs that no run has"),
    ],
)
def test_a_hostile_bundle_is_refused_in_one_sentence_and_leaves_nothing(
    changes: dict[str, Any], sentence: str, shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    _, _, file = shared
    bad = rewritten(file, tmp_path / "bad", **changes)
    with pytest.raises(ValueError, match=sentence) as caught:
        bundle.read(there, bad)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert there.list(examples=False) == []
    assert {path.name for path in there.home.iterdir() if not path.name.startswith("store.")} <= {"runs", "cache"}
    assert list((there.home / "runs").iterdir()) == []
    assert not Path("/tmp/mmclust-was-executed").exists()


def test_control_characters_do_not_come_in(shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path):
    def spoil(record: dict) -> None:
        record.update(title="a\x1b[31m\ud800b\u202ec", note="line\nline\x07", cluster_names={"1": "x\x00y", "²": "z"})
        record["environment"]["torch"] = "2\r\n3"

    infinite = curves(value=np.array([np.inf]), name=np.array(["loss/\x1ba"]))
    bad = rewritten(shared[2], tmp_path / "bad", record=spoil, entries={"runs/0001/curves.npz": infinite})
    run = there.get(bundle.read(there, bad).run_ids[0])
    record = run.record()
    assert (record.title, record.note, record.cluster_names) == ("a[31mbc", "line\nline", {1: "xy"})
    assert record.environment["torch"] == "23"
    points = run.metrics()
    assert points["name"].tolist() == ["loss/a"] and np.isnan(points["value"]).all()


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("/srv/private/set.npz?labels=Y", "set.npz?labels=Y"),
        ("../../set", "set"),
        ("~root/set", "set"),
        (r"C:\data\set.csv", "set.csv"),
        ("hf:/srv/private/set@kind", "hf:set@kind"),
        ("hf:../set", "hf:set"),
        ("hf:owner/name", "hf:owner/name"),
        ("own/local/flowers", "own/local/flowers"),
    ],
)
def test_a_bundle_names_no_folder_of_this_machine(
    named: str, kept: str, shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    other = rewritten(shared[2], tmp_path / "other", record=lambda r: r["spec"].update(dataset=named))
    assert there.get(bundle.read(there, other).run_ids[0]).spec.dataset == kept


def test_bombs_are_measured_before_they_are_unpacked(
    shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _, _, file = shared
    monkeypatch.setenv("MMCLUST_MAX_UNPACKED_GIB", "1")
    big = tmp_path / "big"
    shutil.copy(file, big)
    with zipfile.ZipFile(big, "a", zipfile.ZIP_DEFLATED) as new, new.open("runs/0002/weights.npz", "w") as member:
        for _ in range(1100):
            member.write(bytes(2**20))
    with pytest.raises(ValueError, match="unpacks to 1.1 GiB from"):
        bundle.read(there, big)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("logits.npy", bytes(2**22))
    twice = rewritten(file, tmp_path / "twice", entries={LAST: inner.getvalue()})
    with pytest.raises(ValueError, match="packed twice"):
        bundle.read(there, twice)


def test_a_header_that_promises_too_much_is_not_believed(
    shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    _, _, file = shared
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as new:
        new.writestr("logits.npy", header.getvalue())
    bad = rewritten(file, tmp_path / "bad", entries={LAST: inner.getvalue()})
    with pytest.raises(ValueError, match="shorter than its header says"):
        bundle.read(there, bad)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_file_that_was_cut_off_or_is_no_zip_is_said(
    cut: float, shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    data = shared[2].read_bytes()
    (tmp_path / "cut").write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(ValueError, match="is no bundle or is damaged"):
        bundle.read(there, tmp_path / "cut")


def test_damage_in_the_middle_is_said(shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path):
    data = bytearray(shared[2].read_bytes())
    with zipfile.ZipFile(shared[2]) as file:
        member = file.getinfo(LAST)
    for place in range(member.header_offset + 200, member.header_offset + 260):
        data[place] ^= 0xFF
    (tmp_path / "damaged").write_bytes(data)
    with pytest.raises(ValueError, match="damaged"):
        bundle.read(there, tmp_path / "damaged")


def test_the_commands_write_and_open_a_bundle(
    shared: tuple[RunStore, Run, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    store, run, _ = shared
    file = tmp_path / "mine.mmclust"
    monkeypatch.setenv("MMCLUST_HOME", str(store.home))
    assert main(["export", run.id, "--bundle", str(file)]) == 0
    assert "1 run, " in capsys.readouterr().out
    monkeypatch.setenv("MMCLUST_HOME", str(tmp_path / "there"))
    assert main(["import", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"run_ids": [run.id], "n_known": 0, "sweep_id": None}
    assert RunStore().get(run.id).snapshot() is not None
    assert main(["import", str(tmp_path / "nothing")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["export", run.id]) == 2
    assert "--out --bundle" in capsys.readouterr().err
    assert Snapshot.load(run.snapshots()[-1][1]).epoch == 2


def test_settings_that_came_as_texts_or_not_at_all_are_those_that_a_method_trains_with(
    shared: tuple[RunStore, Run, Path], there: RunStore, tmp_path: Path
):
    _, run, file = shared
    other = rewritten(file, tmp_path / "b", record=lambda r: r["spec"].update(config={"width": "0.125"}))
    config = there.get(bundle.read(there, other).run_ids[0]).spec.config
    assert config["width"] == 0.125 and set(config) == set(run.spec.config)
