"""Users who sign in: what is somebody else's cannot be reached by its id, and opening a link does nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from mmclust import audit
from mmclust.data import catalogue, uploads
from mmclust.runs.annotations import Annotations
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import METADATA
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, grid
from tests.pages.test_pages import MAIN, assert_clean, texts

EVERY = (
    *("data", "train", "map", "clusters", "confusion", "explain", "views", "disentangle", "sensitivity", "compare"),
    "learn",
)
ISSUER = "https://login.example.org"
MakeRun = Callable[..., Run]


def person(name: str) -> dict[str, Any]:
    return {"is_logged_in": True, "iss": ISSUER, "sub": name, "email": f"{name}@example.org"}


def key(name: str) -> str:
    return uploads.owner_of(f"{ISSUER} {name}")


def browser(user: str = "", **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.user = person(user) if user else {}
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def stored(store: RunStore) -> dict[str, list[Any]]:
    """Everything in the store, but for when somebody last looked at its queue."""
    with store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))] for table in METADATA.sorted_tables
        }


def lines(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / audit.FILE).read_text().splitlines()]


def everything(app: AppTest) -> str:
    """All that the browser gets."""
    choices = [str(box.options) for kind in ("selectbox", "multiselect", "radio") for box in getattr(app, kind)]
    return "\n".join([texts(app), *choices])


def test_nothing_of_another_user_is_reached_by_its_id(home: Path, make_run: MakeRun) -> None:
    data = uploads.keep(catalogue.load("digits"), uploads.About(title="Adas secret things"), key("ada"))
    run = make_run(dataset=data)
    run.rename("Adas secret run")
    mine = make_run(seed=1)
    sweep = grid(Cell(dataset=data, method="dccs", epochs=3), {}, title="Adas secret sweep")
    sweeps.begin(RunStore(), sweep, n_runs=1)
    for user, sees in (("ada", True), ("bob", False)):
        app = browser(user, run=run.id)
        pages = [everything(app)]
        for page in EVERY:
            for name, value in {
                "run": run.id,
                "runs": f"{run.id},{mine.id}",
                "dataset": data,
                "sweep": sweep.id,
            }.items():
                app.query_params[name] = value
            app.switch_page(f"{page}.py").run()
            assert_clean(app)
            pages.append(everything(app))
        found = [page for page, words in zip(["home", *EVERY], pages, strict=True) if "Adas secret" in words]
        assert {"home", "data", "map", "sensitivity", "compare"} <= set(found) if sees else found == []


def test_what_others_have_started_is_seen_and_left_alone(home: Path, make_run: MakeRun, monkeypatch) -> None:
    with monkeypatch.context() as adas:
        adas.setattr(audit, "who", lambda: (key("ada"), "ada@example.org"))
        stopped, queued = make_run(status="stopped"), make_run(status="queued")
    shown: dict[str, set[str]] = {}
    for user in ("ada", "bob"):
        app = browser(user)
        shown[user] = {str(button.key) for button in app.button}
        assert_clean(app)
        for run in (stopped, queued):
            app.query_params["run"] = run.id
            app.switch_page("train.py").run()
            shown[user] |= {str(button.key) for button in app.button}
    acts = {f"resume-{stopped.id}", f"delete-{stopped.id}", "run-stop", "run-pause", "run-resume"}
    assert acts <= shown["ada"] and not acts & shown["bob"]
    assert f"open-{stopped.id}" in shown["bob"]


def test_a_sweep_is_stopped_by_whoever_began_it_also_where_it_takes_runs_of_others(
    home: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_by(user: str, **about: Any) -> Run:
        with monkeypatch.context() as theirs:
            theirs.setattr(audit, "who", lambda: (key(user), user))
            return make_run(**about)

    sweep, store = grid(Cell(dataset="digits", method="dccs", epochs=3), {}, seeds=(0, 1, 2)), RunStore()
    earlier = made_by("bob")
    sweeps.begin(store, sweep, n_runs=3)
    for seed, run in enumerate((earlier, made_by("ada", seed=1))):
        sweeps.attach(store, sweep.id, [(0, seed)], run.id)
    sweeps.end(store, sweep.id, "stopped", {})
    for user, may in (("ada", True), ("bob", False)):
        app = browser(user, sweep=sweep.id)
        app.switch_page("sensitivity.py").run()
        assert_clean(app)
        assert ("Resume" in {button.label for button in app.button}) == may
        assert ("Started by another user." in texts(app)) == (not may)


def test_a_user_has_so_many_runs_under_way_and_no_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr("mmclust.launch.submit", lambda store, run_id, launcher: started.append(run_id))
    monkeypatch.setenv("MMCLUST_MAX_ACTIVE_RUNS", "2")
    for place, (user, more) in enumerate((("ada", 2), ("bob", 2), ("", 3))):
        before = len(started)
        app = browser(user)
        app.switch_page("train.py").run()
        for seed in range(3 * place, 3 * place + 3):  # an equal run would be offered instead
            next(box for box in app.number_input if box.label == "Seed").set_value(seed).run()
            next(button for button in app.button if button.label == "Start training").click().run()
        assert len(started) - before == more
        said = "You have 2 runs that train or wait, and this server allows 2 of each user"
        assert (said in texts(app)) == bool(user)
    users = [line["user"] for line in lines(home) if line["action"] == "start"]
    assert users == [key("ada")] * 2 + [key("bob")] * 2 + [audit.LOCAL] * 3


def test_opening_a_link_starts_deletes_and_changes_nothing(home: Path, make_run: MakeRun) -> None:
    make_run()
    stopped = make_run(status="stopped", seed=1)
    own = uploads.keep(catalogue.load("digits"), uploads.About(title="Mine"))
    store = RunStore()
    annotation = Annotations(store).create(stopped.id, "by eye", epoch=3)
    sweep = grid(Cell(dataset="digits", method="dccs", epochs=3), {})
    sweeps.begin(store, sweep, n_runs=1)
    sweeps.end(store, sweep.id, "stopped", {})
    acts = ("start", "delete", "stop", "pause", "resume", "action", "command", "submit", "confirm")
    asked = {
        "run": stopped.id,
        "runs": stopped.id,
        "dataset": own,
        "sweep": sweep.id,
        "annotation": annotation.annotation_id,
    }
    asked |= {f"resume-{stopped.id}": "true", f"really-{stopped.id}": "true", f"asked-{stopped.id}": "true"}
    asked |= dict.fromkeys(acts, "true") | {"training-tab": "Training", "run-resume": "true", "delete-for-good": "true"}
    before, noted = stored(store), lines(home)
    kept = {path for folder in ("runs", "uploads") for path in (home / folder).glob("*/*")}
    app = browser(**asked)
    assert_clean(app)
    for page in EVERY:
        for name, value in asked.items():
            app.query_params[name] = value
        app.switch_page(f"{page}.py").run()
        assert_clean(app)
    assert stored(store) == before and lines(home) == noted
    assert kept <= {path for folder in ("runs", "uploads") for path in (home / folder).glob("*/*")}
