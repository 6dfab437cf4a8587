import base64

import numpy as np

from mmclust.ui.components import matrix


def sent(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells and counts as the browser reads them; without cells all of them are there."""
    n, m = counts.shape
    heads = [matrix.Head(name=str(i), size=1) for i in range(max(n, m))]
    data = matrix.content(counts, heads[:n], heads[:m], words=("class", "cluster", "recall", "precision"), alt="")
    numbers = [np.frombuffer(base64.b64decode(data[name]), "<u4") for name in ("cells", "counts")]
    return numbers[0], numbers[1]


def test_of_large_tables_only_cells_with_samples_are_sent():
    counts = np.zeros((300, 200), np.int64)
    counts[np.arange(200), np.arange(200)] = np.arange(1, 201)
    cells, found = sent(counts)
    np.testing.assert_array_equal(cells, np.arange(200) * 201)
    np.testing.assert_array_equal(found, np.arange(1, 201))


def test_small_and_full_tables_are_sent_whole():
    for counts in (np.eye(5, 7, dtype=int), np.ones((101, 100), int)):
        cells, found = sent(counts)
        assert not len(cells)
        np.testing.assert_array_equal(found.reshape(counts.shape), counts)
