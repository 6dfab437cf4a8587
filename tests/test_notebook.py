import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust.data import catalogue
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from tests.optional import optional

anywidget = optional("anywidget")
N = 60


@pytest.fixture
def run(home: Path) -> Run:
    """A run on digits whose clusters are the classes."""
    labels = catalogue.load("digits", limit=N).labels
    assert labels is not None
    run = RunStore().create(RunSpec(dataset="digits", method="dccs", config={}, epochs=1, limit=N))
    active = RunStore().claim(run.id)
    assert active is not None
    logits = (6 * np.eye(10)[labels]).astype(np.float32)
    with active:
        active.begin(n_samples=N, n_train=N, n_clusters=10, environment={})
        order = np.random.default_rng(0).permutation(N)
        active.snapshot(Snapshot(epoch=1, step=1, index=order, spaces={"z": logits[order]}, logits=logits[order]))
        active.finish("finished")
    return run


def made(run: Run, **about: Any) -> Any:
    import mmclust

    return mmclust.Map(run, projection="pca", **about)


def test_a_map_holds_the_points_of_a_run_with_their_pictures(run: Run):
    map: Any = made(run)
    length = int.from_bytes(map.content[:4], "little")
    header = json.loads(map.content[4 : 4 + length])
    assert header["n"] == N and {c["key"] for c in header["colorings"]} >= {"cluster", "class", "confidence"}
    assert header["atlas"]["pages"][0].startswith("data:image/jpeg;base64,")
    with pytest.raises(ValueError, match="space 'y' is not known; choose one of z"):
        made(run, space="y")


def test_the_selection_is_read_and_set_by_numbers_of_samples(run: Run):
    map: Any = made(run)
    assert map.selection.tolist() == []
    map.selection = [7, 3]
    assert np.asarray(map.selection).tolist() == [3, 7]
    places = np.flatnonzero(np.isin(run.snapshot().index, [3, 7]))
    bits = np.unpackbits(np.frombuffer(base64.b64decode(map.bits), np.uint8), bitorder="little")
    assert np.flatnonzero(bits).tolist() == places.tolist()
    with pytest.raises(ValueError, match="sample 60 is not on the map; samples go from 0 to 59"):
        map.selection = [60]


def test_the_widgets_module_is_one_that_can_be_loaded(run: Run, tmp_path: Path):
    text = made(run)._esm
    assert text.count("export default") == 1 and "import {" not in text
    try:
        subprocess.run(["node", "--version"], capture_output=True, check=True)
    except OSError:
        pytest.skip("no Node.js to read JavaScript with")
    (tmp_path / "map.mjs").write_text(text)
    found = subprocess.run(["node", "--check", str(tmp_path / "map.mjs")], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
