"""AnnData: samples are the observations.

`X` is the fused code, `obs` holds cluster, confidence and class, `obsm` the probabilities, the other spaces and
the first two principal components, `uns` the run's spec.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmclust.analysis.projection import pca
from mmclust.exchange import contents
from mmclust.runs.run import Run


def write(run: Run, path: Path) -> None:
    """Write the file."""
    import anndata  # pyright: ignore[reportMissingImports]

    shown = contents.clustering(run)
    spaces = {name: codes.reshape(len(codes), -1).astype(np.float32) for name, codes in shown.snapshot.spaces.items()}
    main = next((name for name in ("z", "z_c") if name in spaces), next(iter(spaces)))
    about: dict[str, Any] = {
        "cluster": pd.Categorical.from_codes(shown.y_pred, categories=_names(range(len(shown.sizes)))),
        "confidence": shown.confidence,
    }
    if shown.y_true is not None:
        about["class"] = pd.Categorical(_names(shown.class_name(int(label)) for label in shown.y_true))
    matrices: dict[str, Any] = {f"X_{name}": codes for name, codes in spaces.items() if name != main}
    matrices |= {"X_pca": pca(spaces[main]), "probabilities": shown.snapshot.probs.astype(np.float32)}
    table = anndata.AnnData(
        X=spaces[main],
        obs=pd.DataFrame(about, index=_names(shown.ids)),
        var=pd.DataFrame(index=_names(range(spaces[main].shape[1]))),
        obsm=matrices,
        uns={"mmclust": {"run": run.id, "epoch": shown.epoch, "space": main, "spec": run.spec.shared().to_json()}},
    )
    table.write_h5ad(path)


def _names(values: Iterable[object]) -> pd.Index:
    """As Python's texts: HDF5 files of AnnData know no others."""
    return pd.Index([str(value) for value in values], dtype=object)
