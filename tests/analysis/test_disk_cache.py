import numpy as np

from mmclust.analysis import disk_cache
from mmclust.analysis.source import Source

SOURCE = Source(modules=("mmclust.analysis.disk_cache",))


def test_a_result_is_worked_out_once_for_a_key(tmp_path):
    calls = []

    def work():
        calls.append(1)
        return {"a": np.arange(3), "b": np.float64(0.5)}

    for _ in range(2):
        found = disk_cache.arrays(tmp_path / "new", ("x", 1), work, source=SOURCE)
        assert found["a"].tolist() == [0, 1, 2]
        assert float(found["b"]) == 0.5
    disk_cache.arrays(tmp_path / "new", ("x", 2), work, source=SOURCE)
    assert len(calls) == 2


def test_a_broken_file_is_worked_out_again_and_an_unwritable_folder_costs_only_time(tmp_path):
    folder = tmp_path / "folder"
    disk_cache.arrays(folder, "key", lambda: {"a": np.ones(2)}, source=SOURCE)
    next(folder.iterdir()).write_bytes(b"PK not a file")
    assert disk_cache.arrays(folder, "key", lambda: {"a": np.zeros(2)}, source=SOURCE)["a"].tolist() == [0, 0]
    (tmp_path / "file").write_text("")
    assert disk_cache.arrays(tmp_path / "file", "key", lambda: {"a": np.ones(1)}, source=SOURCE)["a"].tolist() == [1]


def test_arrays_are_named_by_shape_type_and_numbers():
    values = np.arange(6, dtype=np.float32)
    assert disk_cache.content(values) == disk_cache.content(values.copy())
    others = [values.reshape(2, 3), values.astype(np.float64), values + 1]
    assert len({disk_cache.content(other) for other in [values, *others]}) == 4
    assert disk_cache.content(values.reshape(2, 3).T) == disk_cache.content(values.reshape(2, 3).T.copy())
