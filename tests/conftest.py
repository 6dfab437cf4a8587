"""Shared fixtures: every test gets a home of its own, few threads, and no way to touch the user's runs."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from postgresql import PostgreSQL, programs

if TYPE_CHECKING:
    from mmclust.runs.run import Run

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read by torch and numpy when they are first imported

WAITING = {"exchange", "launch", "legacy", "pages", "shell"}
"""Folders of tests that, as those in a browser, wait for threads and processes of their own."""
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that wait, and slow ones, get three tries; workers begin with the files that take long.

    Browser, server, jobs and test wait for one another on a machine that may be busy: what fails is tried again.
    The summary names such a test as RERUN; `--reruns 0` on the command line does without.
    """
    browser = [item for item in items if item.get_closest_marker("browser")]
    if config.getoption("reruns", default=0) is None:
        waiting = (item for item in items if item.path.parent.name in WAITING or item.get_closest_marker("slow"))
        for item in {*browser, *waiting}:
            item.add_marker(pytest.mark.flaky(reruns=2))
    if not hasattr(config, "workerinput"):
        return
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    # What takes long comes first: otherwise one worker waits for the other at the end.
    items.sort(key=lambda item: (item not in browser, item.path not in slow))


def pytest_sessionfinish() -> None:
    """The temporary folder of Streamlit's tester goes now: a worker that leaves it behind warns of it at its end."""
    if (tester := sys.modules.get("streamlit.testing.v1.app_test")) is not None:
        tester.TMP_DIR.cleanup()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty MMCLUST_HOME; the user's store, scheduler and thread settings do not reach the tests."""
    return set_home(monkeypatch, tmp_path / "home")


def set_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Make a folder the MMCLUST_HOME, with few threads and nothing else of the user's settings."""
    monkeypatch.setenv("MMCLUST_HOME", str(folder))
    monkeypatch.setenv("MMCLUST_THREADS", "1")
    for name in ("MMCLUST_STORE", "MMCLUST_RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(autouse=True)
def page_failures(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A page that ends in an internal error fails its test with that error; a test that wants one clears `caplog`."""
    yield
    for record in caplog.get_records("call"):
        if record.msg == "a page failed" and record.exc_info:
            raise AssertionError(f"a page failed: {record.exc_info[1]!r}") from record.exc_info[1]


@pytest.fixture(scope="session")
def trained_homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """Homes with one finished run each, by what was asked for; `finished_run` makes and copies them."""
    return {}


@pytest.fixture
def finished_run(
    home: Path, trained_homes: dict[str, tuple[Path, str]], tmp_path_factory: pytest.TempPathFactory
) -> "Callable[..., Run]":
    """`finished_run(method, dataset, **build_spec's)` puts a trained run into the home, which must be empty.

    It is trained once for all tests that ask for the same: each gets a copy of its own to change.
    """

    def make(method: str, dataset: str, **wanted: Any) -> "Run":
        from mmclust import specs, worker
        from mmclust.runs.store import RunStore

        key = json.dumps([method, dataset, wanted], sort_keys=True)
        if key not in trained_homes:
            store = RunStore(tmp_path_factory.mktemp("trained"))
            run = store.create(specs.build_spec(dataset, method, **wanted))
            active = store.claim(run.id)
            assert active is not None and worker.execute(active) == "finished", run.record().error
            store.close()
            trained_homes[key] = store.home, run.id
        folder, run_id = trained_homes[key]
        shutil.copytree(folder, home, dirs_exist_ok=True)
        return RunStore().get(run_id)

    return make


@pytest.fixture
def runs_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps train here, without processes of their own."""
    from own_process import OwnProcess

    from mmclust.sweeps import runner

    monkeypatch.setattr(runner, "Pool", OwnProcess)


@pytest.fixture
def require_data() -> Callable[[str], Path]:
    """`require_data("mnist.npz")` gives that file of MMCLUST_DATA, or skips the test with the reason."""

    def find(name: str) -> Path:
        folder = os.environ.get("MMCLUST_DATA")
        if not folder:
            pytest.skip(f"MMCLUST_DATA is not set, so there is no {name} to read")
        path = Path(folder).expanduser() / name
        if not path.exists():
            pytest.skip(f"MMCLUST_DATA has no {name}")
        return path

    return find


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium browser; without one the test skips, or fails where MMCLUST_REQUIRE_BROWSER=1."""
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    reason = f"no Chromium was found ({', '.join(CHROMIUM_NAMES)}); install one, e.g. apt-get install chromium"
    if os.environ.get("MMCLUST_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server; without its programs the test skips, or fails where MMCLUST_REQUIRE_POSTGRESQL=1."""
    folder = programs()
    if folder is None:
        reason = "no PostgreSQL server was found; install one, e.g. apt-get install postgresql"
        if os.environ.get("MMCLUST_REQUIRE_POSTGRESQL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    server = PostgreSQL(folder)
    yield server
    server.close()


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[str]:
    """Address of an empty store: a schema of its own, which is made faster than a database."""
    name = f"store_{abs(hash(tmp_path))}"
    postgresql.execute(f"CREATE SCHEMA {name}")
    yield f"{postgresql.url}?options=-csearch_path%3D{name}"
