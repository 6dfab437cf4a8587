"""The model of a run: newly built from its spec, or restored with its trained weights."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mmclust.data import preprocessing
from mmclust.data.dataset import DataSpec
from mmclust.errors import first_line
from mmclust.methods import card, method_class
from mmclust.runs import checkpoints
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec

if TYPE_CHECKING:
    from mmclust.methods.base import Method


def build_model(spec: RunSpec, dataset_spec: DataSpec, **changes: Any) -> "Method":
    """A method with its first weights, which depend on the seed alone.

    Args:
        spec: of the run.
        dataset_spec: of the prepared data; the run's own number of clusters takes precedence.
        changes: hyper-parameters that differ from the spec's.

    Raises:
        ValueError: the method cannot take such data; the sentence says why and what to do.
    """
    from mmclust.engine.trainer import build

    about = card(spec.method)
    # What came to a preset that follows the data after the run was made is off in it.
    automatic = about.is_automatic(spec.preset)
    values = about.completed(spec.config) if automatic else about.resolve(spec.dataset, spec.preset, spec.config)
    config = about.config(**(values | changes))
    return build(method_class(spec.method), config, with_clusters(dataset_spec, spec), spec.seed)


def with_clusters(dataset_spec: DataSpec, spec: RunSpec) -> DataSpec:
    """The data's spec with the number of clusters that the run looks for."""
    return dataset_spec if spec.n_clusters is None else replace(dataset_spec, n_clusters=spec.n_clusters)


def restore(run: Run, dataset_spec: DataSpec) -> "Method":
    """The trained method of a run, in evaluation mode on the CPU.

    Args:
        run: a run that has a checkpoint.
        dataset_spec: of the data it was trained on, before or after the run's preprocessing, which is applied here.
            What the method is called with must be prepared (`mmclust.data.preprocessing.prepare`).

    Raises:
        ValueError: it has no checkpoint yet, or the checkpoint cannot be read.
    """
    from mmclust.methods.warm_start import trained

    path = run.folder / "checkpoint.pt"
    if not path.exists():
        raise ValueError(f"run {run.id} has no trained weights yet; let it train for an epoch first")
    prepared = preprocessing.spec_after(dataset_spec, run.spec.preprocessing, run.record().n_samples)
    method = build_model(run.spec, prepared)
    try:
        # Mapped: the optimisers' part of the file takes no memory.
        state = checkpoints.read(path, mapped=True)
        method.load_state_dict(trained(state["method"]))
    except Exception as error:
        raise ValueError(f"the weights of run {run.id} cannot be read; train it again ({first_line(error)})") from error
    return method.eval()
