"""TensorBoard: an event file with the curves of a run."""

from pathlib import Path

from mmclust.exchange import contents
from mmclust.runs.run import Run


def write(run: Run, path: Path) -> None:
    """Write the event file into a folder; `tensorboard --logdir FOLDER` shows it."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(path / run.id)) as writer:
        writer.add_text("spec", f"```\n{run.spec.shared().to_json()}\n```")
        for step, _, name, value in contents.points(run).itertuples(index=False):
            writer.add_scalar(name, value, step)
