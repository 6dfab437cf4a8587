"""Parquet: a row for each sample; opens in Embedding Atlas and latent-scope."""

from pathlib import Path

from mmclust.exchange import contents
from mmclust.report import sample_table
from mmclust.runs.run import Run


def write(run: Run, path: Path) -> None:
    """Write the file; columns are those of `mmclust.report.sample_table`."""
    sample_table.write(contents.clustering(run), path)
