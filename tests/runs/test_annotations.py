import pytest

from mmclust.evaluation.annotation import Merge, Rename
from mmclust.runs.annotations import MOST_STEPS, Annotations
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.runs.tables import ANNOTATIONS

MERGE, RENAME = Merge(clusters=(0, 1)), Rename(cluster=0, name="both")


@pytest.fixture
def store() -> RunStore:
    return RunStore()


@pytest.fixture
def run_id(store: RunStore) -> str:
    return store.create(RunSpec(dataset="digits", method="dccs", config={}, epochs=3)).id


def test_an_annotation_keeps_its_steps_and_goes_back_and_forth(store: RunStore, run_id: str) -> None:
    known = Annotations(store)
    mine = known.create(run_id, "mine", epoch=3)
    mine = known.add(known.add(mine, MERGE), RENAME)
    assert Annotations(RunStore()).of(run_id) == [mine]
    assert mine.applied == (MERGE, RENAME)
    mine = known.undo(mine)
    assert mine.applied == (MERGE,) and len(mine.steps) == 2
    assert known.redo(mine).applied == (MERGE, RENAME)


def test_a_step_after_an_undo_replaces_what_was_undone(store: RunStore, run_id: str) -> None:
    known = Annotations(store)
    mine = known.undo(known.add(known.create(run_id, "mine", epoch=3), MERGE))
    assert known.add(mine, RENAME).steps == (RENAME,)


def test_undo_and_redo_beyond_the_ends_change_nothing(store: RunStore, run_id: str) -> None:
    known = Annotations(store)
    mine = known.undo(known.create(run_id, "mine", epoch=3))
    assert mine.applied == () == known.redo(mine).applied


def test_a_change_of_what_another_window_changed_is_refused(store: RunStore, run_id: str) -> None:
    known = Annotations(store)
    seen = known.create(run_id, "mine", epoch=3)
    known.add(seen, MERGE)
    with pytest.raises(ValueError, match="changed or deleted in another window"):
        known.add(seen, RENAME)
    assert known.get(seen.annotation_id).steps == (MERGE,)


def test_names_are_cleaned_and_taken_once_per_run(store: RunStore, run_id: str) -> None:
    known = Annotations(store)
    first = known.create(run_id, "  my \0 names ", epoch=3)
    assert first.name == "my names"
    with pytest.raises(ValueError, match="called my names already"):
        known.create(run_id, "my names", epoch=3)
    other = known.create(run_id, "others", epoch=3)
    with pytest.raises(ValueError, match="called my names already"):
        known.rename(other, "my names")
    with pytest.raises(ValueError, match="needs a name"):
        known.rename(other, " ")
    assert [a.name for a in known.of(run_id)] == ["my names", "others"]
    known.create("another-run", "my names", epoch=0)


def test_annotations_go_with_their_run_and_leave_alone(store: RunStore, run_id: str) -> None:
    known = Annotations(store)
    one, two = known.create(run_id, "one", epoch=3), known.create(run_id, "two", epoch=3)
    known.delete(one.annotation_id)
    assert known.of(run_id) == [two]
    with pytest.raises(ValueError, match="was deleted"):
        known.get(one.annotation_id)
    store.delete(run_id)
    assert known.of(run_id) == []


def test_there_is_an_end_to_the_number_of_steps(store: RunStore, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmclust.runs.annotations.MOST_STEPS", 1)
    known = Annotations(store)
    mine = known.add(known.create(run_id, "mine", epoch=3), MERGE)
    with pytest.raises(ValueError, match="holds 1 steps"):
        known.add(mine, RENAME)
    assert MOST_STEPS > 100


def test_a_store_from_before_annotations_goes_on_opening(store: RunStore, run_id: str) -> None:
    with store.writing() as connection:
        ANNOTATIONS.drop(connection)
    store.close()
    again = RunStore()
    assert Annotations(again).create(run_id, "mine", epoch=3).name == "mine"
    assert again.record(run_id).spec.dataset == "digits"
