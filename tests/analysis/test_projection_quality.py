from pathlib import Path

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from mmclust.analysis import projection_quality
from mmclust.analysis.projection import pca


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 12)).astype(np.float32) + 4 * rng.normal(size=(5, 12))[np.arange(300) % 5]


def test_figures_agree_with_scikit_learn(codes: np.ndarray) -> None:
    xy = pca(codes.astype(np.float32))
    found = projection_quality.quality(codes, xy, neighbours=7)
    assert found.trustworthiness == pytest.approx(trustworthiness(codes, xy, n_neighbors=7), abs=1e-4)
    # continuity is trustworthiness with the two sides exchanged
    assert found.continuity == pytest.approx(trustworthiness(xy, codes, n_neighbors=7), abs=1e-4)


def test_a_layout_that_is_the_space_itself_is_beyond_reproach() -> None:
    xy = np.random.default_rng(1).normal(size=(200, 2))
    turned = 3 * xy @ np.array([[0.6, -0.8], [0.8, 0.6]]) + 5
    found = projection_quality.quality(xy, turned)
    assert found.trustworthiness == pytest.approx(1, abs=1e-6) and found.continuity == pytest.approx(1, abs=1e-6)
    assert not found.false.any() and not found.missing.any()


def test_a_random_layout_is_trusted_by_half(codes: np.ndarray) -> None:
    found = projection_quality.quality(codes, np.random.default_rng(2).normal(size=(300, 2)))
    assert 0.4 < found.trustworthiness < 0.6 and 0.4 < found.continuity < 0.6
    assert found.false.mean() > 0.4 and found.missing.mean() > 0.4


def test_a_fold_invents_neighbours_and_a_tear_loses_them() -> None:
    """Points on a line: folded back onto itself, far ones meet; torn in the middle, near ones part."""
    line = np.linspace(0, 1, 400)[:, None]
    folded = np.hstack([np.minimum(line, 1 - line), 1e-4 * line])
    fold = projection_quality.quality(line, folded, neighbours=10)
    assert fold.false[:50].mean() > 0.3 and fold.missing.max() < 0.01
    torn = np.hstack([line + 50 * (line > 0.5), 0 * line])
    shuffled = torn.copy()
    shuffled[200:, 0] = torn[200:, 0] + np.where(np.arange(200) % 2, 80, 0)  # every second point of one half goes away
    tear = projection_quality.quality(line, shuffled, neighbours=10)
    assert tear.missing[250:350].mean() > 0.3 > tear.false.mean()


def test_some_samples_give_the_means_within_their_error(codes: np.ndarray, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    many = np.repeat(codes, 8, axis=0) + rng.normal(0, 0.5, (2400, 12))
    xy = pca(many.astype(np.float32))
    whole = projection_quality.quality(many, xy, references=600)
    part = projection_quality.quality(many, xy, references=600, of_each=False)
    assert whole.is_of_each and whole.trustworthiness_error == 0 and whole.false_share == whole.false.mean()
    assert not part.is_of_each and 0 < part.trustworthiness_error < 0.01
    assert abs(part.trustworthiness - whole.trustworthiness) < 5 * part.trustworthiness_error
    assert abs(part.continuity - whole.continuity) < 5 * part.continuity_error
    assert part.false_share == pytest.approx(whole.false_share, abs=0.05)


def test_means_alone_and_marks_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection_quality, "REFERENCES", 50)
    codes = np.random.default_rng(5).normal(size=(120, 4))
    for of_each, size in ((False, 0), (True, 120), (False, 0)):
        found = projection_quality.cached_quality(tmp_path, codes, codes[:, :2], of_each=of_each)
        assert len(found.false) == len(found.missing) == size
    assert len(list(tmp_path.iterdir())) == 2


def test_a_sample_of_references_gives_nearly_the_same_marks() -> None:
    rng = np.random.default_rng(3)
    codes = rng.normal(size=(3000, 6)) + 5 * rng.normal(size=(6, 6))[np.arange(3000) % 6]
    xy = np.vstack([codes[:1500, :2], rng.normal(size=(1500, 2))])  # half of it is drawn at random
    whole, part = projection_quality.quality(codes, xy), projection_quality.quality(codes, xy, references=1000)
    assert part.references == 1000 and len(part.false) == 3000
    for found in (whole, part):
        assert found.false[1500:].mean() > 1.5 * found.false[:1500].mean()
    assert part.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.05)


@pytest.mark.parametrize("n", [4, 5, 20, 50])
def test_few_samples_are_compared_by_fewer_neighbours(n: int) -> None:
    found = projection_quality.quality(
        np.random.default_rng(n).normal(size=(n, 3)), np.random.default_rng(0).normal(size=(n, 2))
    )
    assert 1 <= found.neighbours <= max(1, n // 5)
    assert np.isfinite([found.trustworthiness, found.continuity]).all() and found.false.max() <= 1


def test_too_few_samples_and_another_number_of_positions_are_said() -> None:
    with pytest.raises(ValueError, match="3 samples"):
        projection_quality.quality(np.eye(3), np.eye(3)[:, :2])
    with pytest.raises(ValueError, match="5 codes and 4 positions"):
        projection_quality.quality(np.eye(5), np.eye(4)[:, :2])


def test_it_is_worked_out_once_and_a_broken_file_again(codes: np.ndarray, tmp_path: Path, monkeypatch) -> None:
    xy = pca(codes.astype(np.float32))
    first = projection_quality.cached_quality(tmp_path, codes, xy)
    with monkeypatch.context() as patched:
        patched.setattr(projection_quality, "quality", lambda *args, **options: pytest.fail("worked out again"))
        again = projection_quality.cached_quality(tmp_path, codes, xy)
    assert again.trustworthiness == first.trustworthiness and again.neighbours == first.neighbours
    np.testing.assert_array_equal(again.false, first.false)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert projection_quality.cached_quality(tmp_path, codes, xy).continuity == first.continuity
