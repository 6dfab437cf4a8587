"""The clusters that runs of preset auto begin with, before the method's own objective."""

import json

from mmclust.auto.view_run import FILE
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore


def metrics(store: RunStore, run: RunRecord) -> dict[str, float] | None:
    """Metrics of a run's start; None where it has none, or no labels."""
    file = store.get(run.run_id).folder / FILE
    if not file.is_file():
        return None
    return json.loads(file.read_text()).get("partitions", {}).get("start")
