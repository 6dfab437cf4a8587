import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from mmclust.analysis import probes
from mmclust.analysis.probes import factor_title, probe_classes, probe_factor, probe_kept, sample


@pytest.fixture
def codes():
    return np.random.default_rng(0).normal(size=(400, 6)).astype(np.float32)


def test_a_class_that_is_a_half_space_is_read_off_and_one_that_is_chance_is_not(codes):
    there = probe_classes(codes, (codes[:, 0] + codes[:, 1] > 0).astype(int))
    absent = probe_classes(codes, np.random.default_rng(1).integers(0, 2, 400))
    assert there.shape == absent.shape == (5,)
    assert there.mean() > 0.95
    assert abs(absent.mean() - 0.5) < 0.08


def test_probes_keep_to_one_thread_and_leave_the_number_of_others_alone(codes, monkeypatch):
    seen, fit = [], LogisticRegression.fit

    def watched(*given):
        seen.append({pool["num_threads"] for pool in threadpool_info()})
        return fit(*given)

    monkeypatch.setattr(LogisticRegression, "fit", watched)
    with threadpool_limits(2):
        probe_classes(codes, (codes[:, 0] > 0).astype(int), folds=2)
        assert seen == [{1}, {1}]
        assert {pool["num_threads"] for pool in threadpool_info()} == {2}


def test_folds_find_what_each_finds_alone_also_where_one_lacks_a_class(codes):
    labels = (codes[:, 0] > 0).astype(int) + (codes[:, 1] > 0)
    labels[KFold(5, shuffle=True, random_state=0).split(codes).__next__()[1][:3]] = 7  # the first fold holds them out
    for folds in (2, 5):
        found = probe_classes(codes, labels, folds=folds)
        alone = [
            make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
            .fit(codes[train], labels[train])
            .score(codes[test], labels[test])
            for train, test in KFold(folds, shuffle=True, random_state=0).split(codes)
        ]
        np.testing.assert_allclose(found, alone, atol=0.02)
        assert found.mean() == pytest.approx(np.mean(alone), abs=0.005)


def test_a_linear_factor_is_read_off_whatever_the_scale_of_the_code(codes):
    assert probe_factor(1000 * codes + 7, 3 * codes[:, 2] - 1).mean() > 0.99
    assert probe_factor(codes, np.random.default_rng(1).normal(size=400)).mean() < 0.05


def test_an_angle_is_read_as_a_point_on_a_circle():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 400)
    codes = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert probe_factor(codes, angle, period=np.full(400, 2 * np.pi)).mean() > 0.99
    assert probe_factor(codes, angle).mean() < 0.8, "read as a number it jumps where the circle closes"


def test_samples_of_another_period_have_a_probe_of_their_own_and_those_without_one_are_left_out():
    rng = np.random.default_rng(0)
    angle, kind = rng.uniform(0, 2 * np.pi, 600), np.arange(600) % 3
    turns = np.array([1, 4, 1])[kind]
    codes = np.stack([np.cos(turns * angle), np.sin(turns * angle)], axis=1)
    codes[kind == 2] = rng.normal(size=(200, 2))
    period = np.array([2 * np.pi, np.pi / 2, 0])[kind]
    assert probe_factor(codes, angle, period=period).mean() > 0.99


def test_the_same_seed_gives_the_same_figures_and_large_sets_are_sampled(codes):
    labels = np.arange(400) % 3
    np.testing.assert_array_equal(probe_classes(codes, labels), probe_classes(codes, labels))
    assert sample(50).tolist() == list(range(50))
    chosen = sample(1000, most=100)
    assert len(np.unique(chosen)) == 100
    assert (np.diff(chosen) > 0).all()


def test_what_cannot_be_learned_gives_no_figures(codes):
    assert probe_classes(codes, np.zeros(400, int)).size == 0
    assert probe_classes(codes[:3], np.array([0, 1, 0])).size == 0
    assert probe_factor(codes[:2], np.array([0.0, 1.0])).size == 0
    assert probe_factor(codes, np.ones(400), period=np.zeros(400)).size == 0
    assert probe_classes(codes[:8], np.arange(8) % 2).shape == (4,)


def test_whole_numbers_are_categories_and_are_measured_by_accuracy(codes):
    kinds = (codes[:, 0] > 0).astype(int) + (codes[:, 1] > 0)
    np.testing.assert_array_equal(probe_factor(codes, kinds), probe_classes(codes, kinds))
    assert factor_title("font", kinds) == "font (accuracy)"
    assert factor_title("size", kinds.astype(float)) == "size (R²)"


def test_what_was_probed_before_is_read_and_another_code_or_factor_is_probed_anew(codes, tmp_path, monkeypatch):
    classes = (codes[:, 0] > 0).astype(int)
    first, other = probe_kept(tmp_path, codes, classes), probe_kept(tmp_path, codes, codes[:, 1])
    assert (first == probe_classes(codes, classes)).all() and (other == probe_factor(codes, codes[:, 1])).all()
    monkeypatch.setattr(probes, "probe_factor", lambda *args, **more: np.full(5, -1.0))
    assert (probe_kept(tmp_path, codes, classes) == first).all()
    assert (probe_kept(tmp_path, codes[::-1], classes) == -1).all()
    assert (probe_kept(tmp_path, codes, classes, period=np.ones(400)) == -1).all()
