import json

import numpy as np
import pytest

from mmclust.evaluation.annotation import (
    Merge,
    Rename,
    Split,
    applied,
    from_json,
    merged,
    merges,
    moved,
    outline,
    to_json,
    words,
)
from mmclust.evaluation.snapshot import Snapshot


@pytest.fixture
def snapshot() -> Snapshot:
    """60 samples in four clusters; cluster 1 has two lumps in z, at -1 and at 1."""
    rng = np.random.default_rng(0)
    clusters = np.arange(60) % 4
    logits = (3 * np.eye(4)[clusters] + rng.normal(size=(60, 4))).astype(np.float32)
    side = np.where(np.arange(60) % 8 < 4, -1.0, 1.0)
    z = np.stack([side, rng.normal(0, 0.1, 60)], axis=1).astype(np.float32)
    return Snapshot(
        epoch=3, step=9, index=np.arange(60), spaces={"z": z}, logits=logits, view_logits=(logits[:, ::-1],)
    )


SPLIT = Split(cluster=1, space="z", centres=((1.0, 0.0), (-1.0, 0.0)), variance=0.1)


def test_a_merge_moves_the_samples_of_its_clusters_and_no_others(snapshot: Snapshot) -> None:
    found = applied(snapshot, [Merge(clusters=(3, 1))])
    new_number = np.array([0, 1, 2, 1])
    assert np.array_equal(found.y_pred, new_number[snapshot.y_pred])
    assert found.logits.shape == (60, 3)
    assert np.allclose(found.probs.sum(axis=1), 1)
    assert np.array_equal(found.view_logits[0].argmax(axis=1), new_number[snapshot.view_logits[0].argmax(axis=1)])
    assert found.index is snapshot.index and snapshot.logits.shape == (60, 4), "the run's own snapshot stays"


def test_a_split_puts_each_sample_of_the_cluster_to_its_nearest_centre(snapshot: Snapshot) -> None:
    found = applied(snapshot, [SPLIT])
    own = snapshot.y_pred == 1
    assert np.array_equal(found.y_pred[~own], snapshot.y_pred[~own])
    assert np.array_equal(found.y_pred[own], np.where(snapshot.spaces["z"][own, 0] > 0, 1, 4))
    assert np.isfinite(found.log_probs).all()


def test_samples_between_two_centres_are_shared_by_the_parts(snapshot: Snapshot) -> None:
    snapshot.spaces["z"][:] = 0.0
    probs = applied(snapshot, [SPLIT]).probs
    assert np.allclose(probs[:, 1], probs[:, 4])


def test_steps_follow_each_other_with_the_numbers_of_the_step_before(snapshot: Snapshot) -> None:
    steps = [SPLIT, Merge(clusters=(0, 4)), Rename(cluster=0, name=" mixed ")]
    found, groups = applied(snapshot, steps), outline(4, steps)
    assert [group.label for group in groups] == ["1+2b", "2a", "3", "4"]
    assert [group.origin for group in groups] == [(0, 1), (1,), (2,), (3,)]
    assert groups[0].name == "mixed"
    side = snapshot.spaces["z"][:, 0] > 0
    expected = np.where((snapshot.y_pred == 1) & ~side, 0, snapshot.y_pred)
    assert np.array_equal(found.y_pred, expected)


def test_names_survive_where_they_still_mean_one_thing() -> None:
    names = {0: "zero", 1: "one"}
    assert [g.name for g in outline(3, [Merge(clusters=(0, 2))], names)] == ["zero", "one"]
    assert [g.name for g in outline(3, [Merge(clusters=(0, 1))], names)] == ["", ""]
    assert [g.name for g in outline(3, [SPLIT], names)] == ["zero", "one a", "", "one b"]
    assert outline(3, [Rename(cluster=0, name="")], names)[0].name == ""


def test_parts_of_parts_and_of_merged_clusters_have_readable_numbers() -> None:
    again = Split(cluster=1, space="z", centres=((0.0,), (1.0,)), variance=1.0)
    assert [g.label for g in outline(3, [again, again])] == ["1", "2a1", "3", "2b", "2a2"]
    assert outline(3, [Merge(clusters=(1, 2)), again])[1].label == "(2+3)a"


def test_steps_come_back_from_json_as_they_were() -> None:
    steps = (SPLIT, Merge(clusters=(0, 4)), Rename(cluster=0, name="x"))
    assert from_json(json.loads(json.dumps(to_json(steps)))) == steps


@pytest.mark.parametrize(
    "value",
    [{"step": "fold"}, {}, {"step": "merge"}, {"step": "split", "cluster": "x"}, {"step": "merge", "clusters": 3}],
)
def test_a_step_that_cannot_be_read_is_one_sentence(value: dict) -> None:
    with pytest.raises(ValueError, match="a step of kind"):
        from_json([value])


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Merge(clusters=(1,)), "1 clusters came; choose at least 2"),
        (Merge(clusters=(0, 1, 2, 3)), "fewer than all 4"),
        (Merge(clusters=(0, 9)), "cluster 9 came; there are clusters 0 to 3"),
        (Rename(cluster=-1, name="x"), "cluster -1 came"),
        (Split(cluster=0, space="z", centres=((0.0, 0.0),), variance=1.0), "split a cluster into 2 to 26"),
        (Split(cluster=0, space="h", centres=((0.0,), (1.0,)), variance=1.0), "space h, which epoch 3 does not have"),
        (
            Split(cluster=0, space="z", centres=((0.0,), (1.0,)), variance=1.0),
            "by 1 numbers of space z, which now has 2",
        ),
    ],
)
def test_a_step_that_does_not_fit_is_one_sentence(snapshot: Snapshot, step, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        applied(snapshot, [step])


def test_steps_are_told_in_words() -> None:
    groups = outline(4, [], {1: "seven"})
    assert words(Merge(clusters=(1, 0, 3)), groups) == "1, seven and 4 merged"
    assert words(SPLIT, groups) == "seven split into 2 in z"
    assert words(Rename(cluster=0, name="six"), groups) == "1 called six"


def test_merged_clusters_are_those_of_the_steps_that_merge_them(snapshot: Snapshot) -> None:
    groups = np.array([1, 0, 1, 0])
    found = merged(snapshot, groups)
    assert np.array_equal(found.y_pred, groups[snapshot.y_pred]) and found.view_logits[0].shape == (60, 2)
    steps, places = merges(groups)
    assert steps == (Merge(clusters=(1, 3)), Merge(clusters=(0, 2))) and places.tolist() == [1, 0]
    after = applied(snapshot, steps)
    assert np.array_equal(places[found.y_pred], after.y_pred)
    assert merges(np.arange(4))[0] == ()
    with pytest.raises(ValueError, match="3 groups came for 4 clusters"):
        merged(snapshot, groups[:3])


def test_a_step_follows_clusters_to_other_places() -> None:
    places = np.array([2, 0, 1])
    assert moved(Rename(cluster=0, name="a"), places) == Rename(cluster=2, name="a")
    assert moved(Merge(clusters=(0, 1)), places) == Merge(clusters=(0, 2))
    split = moved(SPLIT, places)
    assert isinstance(split, Split) and split.cluster == 0
