import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import OperationalError

from mmclust import disk
from mmclust.runs import owner, schema, seals
from mmclust.runs.active import ActiveRun
from mmclust.runs.errors import StoreUnavailable, UnknownRun, UnreadableRun
from mmclust.runs.queue import wanted_devices
from mmclust.runs.record import HEARTBEAT_LIMIT_S
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.runs.tables import LEASES, RUNS


def make_spec(**changes: Any) -> RunSpec:
    return replace(RunSpec(dataset="digits", method="dccs", config={"sigma": 0.1}, epochs=3), **changes)


@pytest.fixture
def store() -> RunStore:
    return RunStore()


def claimed(store: RunStore, run_id: str) -> ActiveRun:
    run = store.claim(run_id)
    assert run is not None
    return run


def set_columns(store: RunStore, run_id: str, **values) -> None:
    with store.writing() as connection:
        connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))


def forge_death(store: RunStore, run_id: str, **holder) -> None:
    """Make the holder of a run and its lease look like another one."""
    set_columns(store, run_id, **holder)
    with store.writing() as connection:
        connection.execute(update(LEASES).where(LEASES.c.run_id == run_id).values(**holder))


def test_a_created_run_is_queued_and_has_a_folder_with_its_spec(store: RunStore, home: Path):
    spec = make_spec(dataset="some/Folder of Things.npz", title="mine")
    run = store.create(spec)
    assert run.id.startswith("dccs-folder-of-things-")
    assert RunSpec.from_json((home / "runs" / run.id / "spec.json").read_text()) == spec
    record = store.record(run.id)
    assert (record.status, record.title, record.spec, record.example) == ("queued", "mine", spec, False)
    assert record.waiting_for == "It is about to start."


def test_an_unknown_run_is_reported_with_the_closest_known_one(store: RunStore):
    run = store.create(make_spec())
    with pytest.raises(UnknownRun, match=f"did you mean {run.id}"):
        store.get(run.id[:-1])


def test_a_run_id_is_never_used_as_a_path_before_it_is_known(store: RunStore):
    with pytest.raises(UnknownRun):
        store.get("../../etc")
    with pytest.raises(UnknownRun):
        store.delete("../..")
    assert store.home.exists()


def test_runs_are_listed_newest_first(store: RunStore):
    first, second = store.create(make_spec()), store.create(make_spec())
    assert [r.run_id for r in store.list(examples=False)] == [second.id, first.id]


def test_a_claimed_run_has_its_device_and_the_next_one_says_what_it_waits_for(store: RunStore):
    first, second = store.create(make_spec()), store.create(make_spec())
    assert claimed(store, first.id).device == "cpu"
    assert store.record(first.id).status == "running"
    assert store.claim() is None
    assert store.record(second.id).waiting_for == f"It waits for cpu, used by {first.id}."


def test_a_finished_run_gives_its_device_to_the_oldest_waiting_one(store: RunStore):
    ids = [store.create(make_spec()).id for _ in range(3)]
    for run_id in ids:
        run = store.claim()
        assert run is not None and run.id == run_id
        run.finish("finished")
    assert store.claim() is None


def test_a_run_asked_for_by_name_does_not_overtake_one_that_is_waited_for(store: RunStore):
    running, older, younger = (store.create(make_spec()) for _ in range(3))
    active = claimed(store, running.id)
    assert store.claim(older.id) is None
    active.finish("finished")
    assert store.claim(younger.id) is None
    assert store.record(younger.id).status == "queued"
    assert claimed(store, older.id).id == older.id


def test_a_run_that_nobody_asks_for_does_not_hold_up_the_others(store: RunStore):
    forgotten, mine = store.create(make_spec()), store.create(make_spec())
    set_columns(store, forgotten.id, queued=time.time() - 100)
    assert claimed(store, mine.id).id == mine.id
    assert "No process serves it" in store.record(forgotten.id).waiting_for


def test_a_launcher_gets_only_its_own_runs(store: RunStore):
    store.create(make_spec(launcher="process"))
    assert store.claim(launcher="thread") is None
    assert store.claim(launcher="process") is not None


def test_two_devices_run_two_jobs():
    devices = ("cuda:0", "cuda:1", "cpu")
    store = RunStore()
    for _ in range(3):
        store.create(make_spec())
    store.create(make_spec(device="cpu"))
    assert [run.device for _ in range(3) if (run := store.claim(devices=devices))] == ["cuda:0", "cuda:1", "cpu"]
    assert store.claim(devices=devices) is None


@pytest.mark.parametrize(
    ("device", "devices", "wanted"),
    [
        ("auto", ("cpu",), ["cpu"]),
        ("auto", ("cuda:0", "cpu"), ["cuda:0"]),
        ("cpu", ("cuda:0", "cpu"), ["cpu"]),
        ("cuda", ("cpu",), []),
    ],
)
def test_auto_takes_a_gpu_where_there_is_one(device: str, devices: tuple[str, ...], wanted: list[str]):
    assert wanted_devices(device, devices) == wanted


CLAIM_MANY = """
import sys
from mmclust.runs.store import RunStore
store = RunStore()
print("ready", flush=True)
sys.stdin.readline()
while (store.has_queued("thread")):
    run = store.claim(launcher="thread")
    if run is not None:
        print(run.id, flush=True)
        with run:
            run.log({"loss/a": 1.0}, step=1, epoch=1.0)
        run.finish("finished")
"""


def test_two_processes_never_claim_the_same_run_and_never_share_a_device(store: RunStore):
    ids = {store.create(make_spec()).id for _ in range(20)}
    workers = [
        subprocess.Popen([sys.executable, "-c", CLAIM_MANY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    outputs = [worker.communicate("go\n", timeout=60)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(outputs[0] + outputs[1]) == sorted(ids)
    assert {r.status for r in store.list(examples=False)} == {"finished"}
    spans = sorted((r.started or 0, r.ended or 0) for r in store.list(examples=False))
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))
    assert all(len(store.get(run_id).metrics()) == 1 for run_id in ids)


def test_a_run_with_an_old_heartbeat_is_interrupted_and_its_device_is_free(store: RunStore):
    silent, waiting = store.create(make_spec()), store.create(make_spec())
    claimed(store, silent.id)
    forge_death(store, silent.id, heartbeat=time.time() - HEARTBEAT_LIMIT_S - 1)
    record = store.record(silent.id)
    assert (record.status, record.resumable) == ("interrupted", True)
    assert "resume to go on" in record.error
    assert claimed(store, waiting.id).device == "cpu"


def test_a_run_of_a_dead_process_is_interrupted_at_once(store: RunStore):
    run = store.create(make_spec())
    claimed(store, run.id)
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    host, namespace, _, birth = owner.this_process().split("|")
    child.wait()
    forge_death(store, run.id, owner=f"{host}|{namespace}|{child.pid}|{birth}")
    assert store.record(run.id).status == "interrupted"


def test_a_process_that_reuses_the_id_of_a_dead_one_is_told_apart():
    host, namespace, pid, birth = owner.this_process().split("|")
    assert owner.alive(f"{host}|{namespace}|{pid}|{birth}") is True
    assert owner.alive(f"{host}|{namespace}|{pid}|{int(birth) + 1}") is False
    assert owner.alive(f"elsewhere|{namespace}|{pid}|{birth}") is None


def test_a_resumed_run_is_queued_again_for_its_new_launcher(store: RunStore):
    run = store.create(make_spec())
    claimed(store, run.id).finish("failed", "It broke.")
    store.requeue(run.id, "command")
    record = store.record(run.id)
    assert (record.status, record.launcher, record.error) == ("queued", "command", "")


def test_finished_and_running_runs_cannot_be_resumed(store: RunStore):
    run = store.create(make_spec())
    active = claimed(store, run.id)
    with pytest.raises(ValueError, match="is running; only"):
        store.requeue(run.id, "thread")
    active.finish("finished")
    with pytest.raises(ValueError, match="is finished; only"):
        store.requeue(run.id, "thread")


def test_a_queued_run_obeys_a_request_at_once(store: RunStore):
    stopped, paused = store.create(make_spec()), store.create(make_spec())
    stopped.request("stop")
    paused.request("pause")
    assert [store.record(run.id).status for run in (stopped, paused)] == ["stopped", "paused"]
    with pytest.raises(ValueError, match="only a queued or running run"):
        stopped.request("pause")


def test_a_running_run_cannot_be_deleted_and_others_leave_nothing_behind(store: RunStore):
    run = store.create(make_spec())
    active = claimed(store, run.id)
    with pytest.raises(ValueError, match="stop it before"):
        store.delete(run.id)
    active.log({"loss/a": 1.0}, step=1, epoch=1)
    active.finish("stopped")
    store.delete(run.id)
    assert not run.folder.exists()
    assert store.list(examples=False) == []
    assert len(run.metrics()) == 0


def test_a_store_on_a_file_says_that_it_cannot_be_used(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        RunStore(tmp_path / "file")


def test_a_broken_database_is_one_sentence(tmp_path: Path):
    (tmp_path / "store.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreUnavailable, match="cannot be used: file is not a database"):
        RunStore(tmp_path)


def test_a_deleted_database_file_begins_anew(home: Path):
    store = RunStore(home)
    store.create(make_spec())
    for file in home.glob("store.sqlite*"):
        file.unlink()
    assert store.list(examples=False) == []
    assert store.record(store.create(make_spec()).id).status == "queued"


def test_a_password_in_the_url_is_not_shown():
    with pytest.raises(StoreUnavailable) as caught:
        RunStore(url="nosuchdatabase://user:secret@nowhere/runs")
    assert "secret" not in str(caught.value)


def test_a_list_of_500_runs_takes_less_than_50_ms_of_processor_time(store: RunStore):
    one = store.create(make_spec(config={f"knob_{i}": 0.1 for i in range(20)}))
    with store.writing() as connection:
        row = dict(connection.execute(select(RUNS).where(RUNS.c.run_id == one.id)).mappings().one())
        rows = [row | {"run_id": f"run-{i}", "spec": row["spec"].replace("0.1", f"0.{i + 1}")} for i in range(499)]
        connection.execute(insert(RUNS), list(map(seals.sealed, rows)))
    store.list(examples=False)
    began = time.process_time()
    assert len(store.list(examples=False)) == 500
    assert time.process_time() - began < 0.05


DAMAGE = {
    "foreign figures": {"metrics": '{"foo": 1.0}'},
    "a figure that is none": {"metrics": '{"acc": "high", "nmi": 0, "ari": 0}'},
    "a newer spec": {"spec": '{"dataset": "digits", "method": "dccs", "config": {}, "epochs": 3, "depth": 2}'},
    "no JSON": {"spec": "{"},
    "a spec of other types": {"spec": '{"dataset": "digits", "method": "dccs", "config": {}, "epochs": "3"}'},
    "a newer status": {"status": "dreaming"},
    "names that are none": {"cluster_names": "[]"},
    "an environment that is none": {"environment": "7"},
}


@pytest.mark.parametrize("values", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_record_harms_itself_alone(store: RunStore, values: dict[str, str]):
    good, bad = store.create(make_spec()), store.create(make_spec())
    set_columns(store, bad.id, seal=None, **values)
    assert [record.run_id for record in store.list(examples=False)] == [good.id]
    (damaged,) = store.unreadable()
    assert damaged.run_id == bad.id and damaged.reason and "\n" not in damaged.reason
    with pytest.raises(UnreadableRun, match=f"run {bad.id} cannot be read"):
        store.get(bad.id)
    store.delete(bad.id)
    assert store.unreadable() == [] and not bad.folder.exists()


def test_a_damaged_record_leaves_the_queue_to_others(store: RunStore):
    bad, good = store.create(make_spec()), store.create(make_spec())
    set_columns(store, bad.id, spec="{")
    active = store.claim()
    assert active is not None and active.id == good.id
    assert store.claim_assigned(bad.id, "cpu") is None
    assert not store.has_queued("thread")


def test_users_words_are_kept_without_control_characters(store: RunStore):
    run = store.create(make_spec())
    run.rename("a\x1b[31m\u202e b")
    run.write_note("one\n\x07two")
    run.name_clusters({0: "x\r\ny"})
    record = run.record()
    assert (record.title, record.note, record.cluster_names) == ("a[31m b", "one\ntwo", {0: "xy"})


def test_runs_are_read_where_the_disk_of_the_store_is_full(store_url: str, monkeypatch: pytest.MonkeyPatch, home: Path):
    if not store_url.startswith("sqlite"):
        pytest.skip("another program keeps the store")
    store = RunStore()
    run = store.create(make_spec())
    store.close()
    full, prepare = [True], schema.prepare

    def fails(connection: Connection) -> None:
        if full[0] and connection.engine.url.database == str(home / "store.sqlite"):
            raise OperationalError("", None, sqlite3.OperationalError("disk I/O error"))
        prepare(connection)

    monkeypatch.setattr(disk, "is_short", lambda folder, reserve_mib: full[0])
    monkeypatch.setattr(schema, "prepare", fails)
    again = RunStore()
    assert [record.run_id for record in again.list(examples=False)] == [run.id]
    with pytest.raises(StoreUnavailable, match="is full, so runs can only be read; free some space"):
        again.request(run.id, "stop")
    full[0] = False
    again.request(run.id, "stop")
    assert RunStore().record(run.id).status == again.record(run.id).status == "stopped"
