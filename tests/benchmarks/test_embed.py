import numpy as np
import pytest

from benchmarks import embed


def test_codes_are_those_of_ten_clusters():
    codes = embed.codes(2000)
    assert codes.shape == (2000, 60)
    category = codes[:, 50:]
    np.testing.assert_allclose(category.sum(axis=1), 1, atol=1e-5)
    assert category.max(axis=1).mean() > 0.9
    assert len(np.unique(category.argmax(axis=1))) == 10


@pytest.mark.slow
def test_every_kind_of_map_is_timed_beside_scikit_learn():
    said: list[str] = []
    found = embed.measure(sizes=(300,), say=said.append)["maps"]["300"]
    assert set(found) == {"tsne", "umap", "pacmap", "tsne_sklearn", "ratio_to_sklearn"}
    assert found["tsne"]["trustworthiness"] > 0.6
    assert len(said) == 4
