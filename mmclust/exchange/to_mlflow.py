"""MLflow: a run with hyperparameters and curves in a local store."""

import re
from pathlib import Path

from mmclust.exchange import contents
from mmclust.runs.run import Run

BATCH = 1000
"""Metrics in one call, at most; MLflow's own limit."""


def write(run: Run, path: Path) -> None:
    """Add the run to the store `mlflow.db` in a folder.

    `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db` shows it.
    """
    from mlflow import MlflowClient  # pyright: ignore[reportMissingImports]
    from mlflow.entities import Metric, Param  # pyright: ignore[reportMissingImports]

    path.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(tracking_uri=f"sqlite:///{(path / 'mlflow.db').absolute()}")
    known = client.get_experiment_by_name("mmclust")
    place = (path / "artifacts").absolute().as_uri()
    experiment = known.experiment_id if known else client.create_experiment("mmclust", artifact_location=place)
    record = run.record()
    started, ended = (int(1000 * (moment or record.created)) for moment in (record.started, record.ended))
    made = client.create_run(
        experiment, start_time=started, run_name=record.title or run.id, tags={"mmclust.run": run.id}
    )
    params = [Param(name, str(value)[:6000]) for name, value in contents.parameters(run).items()]
    for first in range(0, len(params), 100):
        client.log_batch(made.info.run_id, params=params[first : first + 100])
    metrics = [
        Metric(re.sub(r"[^\w/. -]", "_", name), value, started, step)
        for step, _, name, value in contents.points(run).itertuples(index=False)
    ]
    for first in range(0, len(metrics), BATCH):
        client.log_batch(made.info.run_id, metrics=metrics[first : first + BATCH])
    client.set_terminated(made.info.run_id, end_time=ended)
