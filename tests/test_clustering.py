"""A run at an epoch: where what is derived from it is kept."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mmclust.clustering import Clustering


def test_what_is_worked_out_of_the_example_is_kept_in_the_home_beside_what_ships_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMCLUST_HOME", str(tmp_path / "home"))
    shipped, run = tmp_path / "assets", SimpleNamespace(folder=tmp_path / "assets")
    (shipped / "layouts").mkdir(parents=True)
    (shipped / "layouts" / "a.npy").write_bytes(b"1")
    example = SimpleNamespace(run=run, record=SimpleNamespace(run_id="x-1", example=True))
    kept = Clustering.folder(example, "layouts")  # type: ignore[arg-type]
    assert kept.is_relative_to(tmp_path / "home") and (kept / "a.npy").read_bytes() == b"1"
    (kept / "b.npy").write_bytes(b"2")
    assert Clustering.folder(example, "layouts") == kept and (kept / "b.npy").exists()  # type: ignore[arg-type]
    assert [path.name for path in (shipped / "layouts").iterdir()] == ["a.npy"]
    own = SimpleNamespace(run=run, record=SimpleNamespace(run_id="x-2", example=False))
    assert Clustering.folder(own, "layouts") == shipped / "layouts"  # type: ignore[arg-type]
