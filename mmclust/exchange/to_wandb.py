"""Weights & Biases, offline: nothing leaves the machine until `wandb sync` is called on the folder."""

from pathlib import Path

from mmclust.exchange import contents
from mmclust.runs.run import Run


def write(run: Run, path: Path) -> None:
    """Write an offline run into a folder; `wandb sync FOLDER/wandb/offline-run-*` uploads it."""
    import wandb  # pyright: ignore[reportMissingImports]

    path.mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True)
    record = run.record()
    with wandb.init(
        project="mmclust",
        name=record.title or run.id,
        mode="offline",
        dir=str(path),
        config=contents.parameters(run),
        settings=settings,
    ) as made:
        for step, values in contents.points(run).groupby("step"):
            made.log(dict(zip(values["name"], values["value"], strict=True)), step=int(str(step)))
