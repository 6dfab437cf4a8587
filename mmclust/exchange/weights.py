"""safetensors: the trained weights; the header says of which run, method and data they are."""

import json
from dataclasses import asdict
from pathlib import Path

from mmclust import __version__
from mmclust.data import catalogue
from mmclust.models import restore
from mmclust.runs.run import Run


def write(run: Run, path: Path) -> None:
    """Write the file.

    Its metadata hold `spec` (the run's, JSON), `data` (the views that the weights fit, JSON) and `version`: with them
    `mmclust.models.build_model` makes the network that `load_state_dict` fills.

    Raises:
        ValueError: the run has no weights.
    """
    from safetensors.torch import save_file

    spec = catalogue.describe(run.spec.dataset)
    state = {name: value.clone().contiguous() for name, value in restore(run, spec).state_dict().items()}
    about = {"spec": run.spec.shared().to_json(), "data": json.dumps(asdict(spec)), "version": __version__}
    save_file(state, path, metadata=about | {"format": "pt", "run": run.id})
