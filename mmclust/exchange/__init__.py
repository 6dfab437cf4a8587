"""A run in the formats of other programs: a table of formats, each written by one small module of this room.

The packages that a format needs are optional and imported when it is written.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmclust.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class Format:
    """What a run can be written as."""

    name: str
    about: str
    ending: str
    """Of the file; empty for a folder."""
    function: str
    """Module of this room, called as `write(run, path)`."""
    packages: tuple[str, ...] = ()
    """Names to import, beside what mmclust needs anyway."""


FORMATS = {
    one.name: one
    for one in (
        Format(
            name="parquet",
            about="a row for each sample, for explorers of embeddings",
            ending=".parquet",
            function="table",
        ),
        Format(
            name="h5ad",
            about="AnnData: codes, clusters and probabilities, for scanpy",
            ending=".h5ad",
            function="annotated",
            packages=("anndata",),
        ),
        Format(
            name="safetensors",
            about="trained weights with the run's spec",
            ending=".safetensors",
            function="weights",
            packages=("safetensors",),
        ),
        Format(
            name="onnx",
            about="the assignment as a network: prepared views in, probabilities out",
            ending=".onnx",
            function="network",
            packages=("onnx", "onnxscript"),
        ),
        Format(name="card", about="a model card in Markdown", ending=".md", function="model_card"),
        Format(
            name="tensorboard",
            about="the curves, for TensorBoard",
            ending="",
            function="to_tensorboard",
            packages=("tensorboard",),
        ),
        Format(
            name="mlflow",
            about="curves and hyperparameters, for MLflow",
            ending="",
            function="to_mlflow",
            packages=("mlflow",),
        ),
        Format(
            name="wandb",
            about="curves and hyperparameters, for `wandb sync`",
            ending="",
            function="to_wandb",
            packages=("wandb",),
        ),
    )
}
"""Name -> format."""


def write(run: "Run", name: str, path: Path) -> None:
    """Write a run in a format.

    Args:
        run: one with a snapshot.
        name: of the format.
        path: the file, or the folder where the format is one.

    Raises:
        ValueError: the format is not known, its packages or the run's data or weights are not here.
        OSError: the file cannot be written.

    Example:
        >>> example = RunStore.example()
        >>> write(example.get(example.list()[0].run_id), "card", folder / "card.md")
        >>> "dccs" in (folder / "card.md").read_text().lower()
        True
    """
    if name not in FORMATS:
        raise ValueError(f"format {name!r} is not known; choose one of {', '.join(FORMATS)}")
    chosen = FORMATS[name]
    if chosen.ending and path.suffix != chosen.ending:
        raise ValueError(f"{path} does not end in {chosen.ending}; give a name such as {run.id}{chosen.ending}")
    missing = [package for package in chosen.packages if not _is_there(package)]
    if missing:
        command = f"pip install {' '.join(missing)}"
        them = "them" if len(missing) > 1 else "it"
        raise ValueError(f"{name} needs {' and '.join(missing)}; install {them} with `{command}`")
    path.parent.mkdir(parents=True, exist_ok=True)
    work: Any = import_module(f"{__name__}.{chosen.function}")
    work.write(run, path)


def _is_there(package: str) -> bool:
    try:
        import_module(package)
    except ImportError:
        return False
    return True
