"""Sliders of a run that several people look at."""

import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from pages.test_pages import open_page
from streamlit.testing.v1 import AppTest

from mmclust.changes import Change
from mmclust.runs import checkpoints
from mmclust.runs.active import ActiveRun
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

NAME = "beta_aug"


@pytest.fixture
def active() -> Iterator[ActiveRun]:
    store = RunStore()
    found = store.claim(store.create(build_spec("digits", "dccs", preset="paper", epochs=9)).id)
    assert found is not None
    yield found
    found.finish("stopped")


def sliders(app: AppTest) -> list:
    """Of the setting, by the way its keys begin."""
    return [one for one in (*app.select_slider, *app.slider) if re.match(rf"hands:[^:]+:{NAME}", one.key or "")]


def take(active: ActiveRun, value: float) -> None:
    """Make a change as the training does before its next step."""
    active.made(Change(step=1, epoch=0.1, name=NAME, before=active.spec.config[NAME], after=value))
    active.writer.flush()


def test_a_browser_that_still_tells_the_former_value_does_not_undo_anothers_change(active: ActiveRun) -> None:
    app = open_page("train", run=active.run.id)
    (before,) = sliders(app)
    old = before.value
    take(active, old / 2)
    app.run()
    (shown,) = sliders(app)
    assert shown.value == old / 2
    before.set_value(old).run()
    assert active.run.store.pending_changes(active.run.id) == {}
    (shown,) = sliders(app)
    assert shown.value == old / 2


def test_a_slider_stays_the_same_when_its_own_change_is_made(active: ActiveRun) -> None:
    app = open_page("train", run=active.run.id)
    (slider,) = sliders(app)
    wanted = slider.value / 2
    slider.set_value(wanted).run()
    assert active.run.store.pending_changes(active.run.id) == {NAME: wanted}
    take(active, wanted)
    app.run()
    (after,) = sliders(app)
    assert (after.key, after.value) == (slider.key, wanted)


def test_a_finished_run_without_checkpoints_says_that_it_cannot_be_forked(finished_run: Callable[..., Run]) -> None:
    run = finished_run("dccs", "digits", preset="paper", epochs=2, limit=100)
    assert not any("cannot be forked" in info.value for info in open_page("train", run=run.id).info)
    shutil.rmtree(run.folder / checkpoints.KEPT)
    (info,) = [info.value for info in open_page("train", run=run.id).info if "fork" in info.value]
    assert "checkpoints of this run are gone" in info
