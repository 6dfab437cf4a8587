import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pyarrow as pa
import pytest

from mmclust.columns import apart, ready

pytestmark = pytest.mark.skipif(not ready.POSSIBLE, reason="the system makes no copies of processes")
COLUMNS = pa.table({"sample": [3, 1, 2]})
SMALLEST = "select min(sample) as sample from run"


def smallest() -> int:
    return int(apart.answer_apart(COLUMNS, SMALLEST, time_s=10)["sample"].to_numpy()[0])


@pytest.fixture(autouse=True)
def ends() -> Iterator[None]:
    yield
    ready._close()


def test_one_process_answers_query_after_query() -> None:
    apart.make_ready()
    first = ready.one()
    assert [smallest(), smallest()] == [1, 1]
    assert ready.one() is first and first.alive


def test_an_ended_one_is_replaced() -> None:
    assert smallest() == 1
    old = ready.one()
    old._process.kill()
    old._process.wait()
    assert smallest() == 1
    assert ready.one() is not old


def test_a_copy_of_the_owner_starts_its_own() -> None:
    known = ready.one()
    ready._kept[0] = (os.getpid() + 1, known)
    try:
        assert ready.one() is not known
        assert known.alive, "the other one is its owner's"
    finally:
        known.close()


def test_a_copy_that_is_ended_by_time_or_memory_says_so() -> None:
    import duckdb

    endless = "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c"
    with pytest.raises((duckdb.InterruptException, duckdb.OutOfMemoryException)):
        apart.answer_apart(COLUMNS, endless, time_s=0.2)
    with pytest.raises(duckdb.PermissionException):
        apart.answer_apart(COLUMNS, f"{SMALLEST}; {SMALLEST}", time_s=10)
    assert smallest() == 1


def test_files_are_out_of_reach_of_a_copy() -> None:
    import duckdb

    with pytest.raises(duckdb.Error, match="disabled|not allowed|Permission|does not exist"):
        apart.answer_apart(COLUMNS, "select * from read_text('/etc/hostname')", time_s=10)


def test_without_copies_a_new_process_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "POSSIBLE", False)
    monkeypatch.setattr(ready, "one", None)
    assert smallest() == 1


def test_it_ends_with_its_owner() -> None:
    code = "import os; from mmclust.columns import ready; print(ready.one()._process.pid, flush=True); os._exit(0)"
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    began = time.monotonic()
    while _runs(pid) and time.monotonic() - began < 120:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
