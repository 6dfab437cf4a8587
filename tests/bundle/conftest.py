from pathlib import Path

import pytest

from mmclust import bundle, worker
from mmclust.evaluation.annotation import Merge, Split
from mmclust.runs.annotations import Annotations
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunStore, Run, Path]:
    """A store with a finished run, and its bundle."""
    home = tmp_path_factory.mktemp("shared")
    store = RunStore(home)
    run = store.create(
        build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, limit=192, epochs=2, title="Mine")
    )
    active = store.claim(run.id)
    assert active is not None and worker.execute(active) == "finished"
    run.write_note("see *cluster 3*")
    run.name_clusters({3: "threes"})
    annotations = Annotations(store)
    begun = annotations.add(annotations.create(run.id, "by eye", epoch=2), Merge(clusters=(1, 2)))
    dim = run.snapshot(2).spaces["z"].shape[1]
    centres = ((0.0,) * dim, (1.0,) * dim)
    begun = annotations.add(begun, Split(cluster=0, space="z", centres=centres, variance=0.5))
    annotations.undo(begun)
    file = home / "run.mmclust"
    assert bundle.write(store, run.id, file) == [run.id]
    return store, run, file


@pytest.fixture
def there(tmp_path: Path) -> RunStore:
    """Another machine's store."""
    return RunStore(tmp_path / "there")
