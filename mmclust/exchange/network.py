"""ONNX: the trained assignment as one network, from prepared views to probabilities.

Inputs are `samples_1`, `samples_2` ... of the views, each (n, ...) float32 after the run's preprocessing; the output is
`probabilities` (n, K). The number of samples is free. Where onnxruntime is installed, the file is run on samples of the
run before it is kept.
"""

import io
import logging
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.data import catalogue, preprocessing
from mmclust.models import restore
from mmclust.runs.run import Run

SAMPLES = 8
CLOSE = 1e-4
"""Largest difference of a probability between torch and onnxruntime."""


def write(run: Run, path: Path) -> None:
    """Write the file.

    Raises:
        ValueError: the run has no weights, its data are not here, or onnxruntime gives other probabilities.
    """
    import torch

    data = catalogue.load(run.spec.dataset, limit=run.spec.limit)
    method = restore(run, data.spec)
    prepared = preprocessing.prepare(data, run.spec.preprocessing)
    views = tuple(torch.from_numpy(np.array(view[:SAMPLES], np.float32)) for view in prepared.views)

    class Assignment(torch.nn.Module):
        """Views in, probabilities out."""

        def __init__(self) -> None:
            super().__init__()
            self.method = method

        def forward(self, *views: Any) -> Any:
            return self.method.assign(views)

    names = [f"samples_{number}" for number in range(1, len(views) + 1)]
    free = tuple({0: torch.export.Dim("n", min=1)} for _ in views)
    network = Assignment().eval()
    temporary = path.with_suffix(".tmp.onnx")
    try:
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")  # of the exporter, about its own parts
            expected = network(*views).numpy()
            torch.onnx.export(
                network,
                views,
                temporary,
                input_names=names,
                output_names=["probabilities"],
                dynamic_shapes=(free,),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        _check(temporary, dict(zip(names, (view.numpy() for view in views), strict=True)), expected)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _check(path: Path, views: dict[str, np.ndarray], expected: np.ndarray) -> None:
    try:
        import onnxruntime  # pyright: ignore[reportMissingImports]
    except ImportError:
        return
    found = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, views)[0]
    if (off := float(np.abs(found - expected).max())) > CLOSE:
        raise ValueError(
            f"onnxruntime gives probabilities that differ by {off:.2g}; use the weights (safetensors) instead"
        )
