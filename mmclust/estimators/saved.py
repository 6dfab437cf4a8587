"""A fitted estimator as one file: a zip of JSON and plain arrays, of which nothing is executed when it is opened.

parameters.json   of the estimator
run.mmclust       the run (see `mmclust.bundle`)
data.json         what the views of the samples are
data.npz          the samples: new ones are prepared by what their preparation has learnt
auto.json         what preset auto kept, where there is one
"""

import io
import json
import tempfile
import weakref
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import bundle
from mmclust.data import catalogue, memory
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore

PARAMETERS, RUN, SPEC, DATA, AUTO = "parameters.json", "run.mmclust", "data.json", "data.npz", "auto.json"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What a file holds."""

    run: Run
    parameters: dict[str, Any]


def temporary_store(dataset: MultiViewDataset) -> tuple[RunStore, str]:
    """A store of runs on samples of this process; it and the samples go when nobody holds the store any more.

    Returns:
        The store, and the name that a run finds the samples under.
    """
    folder = tempfile.TemporaryDirectory(prefix="mmclust-", ignore_cleanup_errors=True)
    store, name = RunStore(Path(folder.name)), memory.hold(dataset)
    weakref.finalize(store, _let_go, folder, name)
    return store, name


def _let_go(folder: tempfile.TemporaryDirectory, name: str) -> None:
    memory.release(name)
    folder.cleanup()


def pack(run: Run, parameters: Mapping[str, Any]) -> bytes:
    """The file of an estimator.

    Args:
        run: that it was fitted by.
        parameters: of its constructor, as JSON may hold them.
    """
    data = catalogue.load(run.spec.dataset, limit=run.spec.limit)
    whole = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(whole, "w") as file:
        file.writestr(PARAMETERS, json.dumps(dict(parameters), default=_plain))
        bundle.write_run(run, Path(folder) / RUN)
        file.write(Path(folder) / RUN, RUN)
        file.writestr(SPEC, json.dumps(asdict(replace(data.spec, classes=()))))
        with file.open(DATA, "w", force_zip64=True) as member:
            np.savez(member, allow_pickle=False, **{str(i): view for i, view in enumerate(data.views)})
        if (decided := run.folder / AUTO).exists():
            file.write(decided, AUTO)
    return whole.getvalue()


def unpack(content: bytes, name: str) -> Saved:
    """What is in a file.

    Args:
        content: of the file.
        name: of it, for messages.

    Raises:
        ValueError: it was not written by `pack`, or is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            parameters, spec = json.loads(file.read(PARAMETERS)), json.loads(file.read(SPEC))
            arrays = np.load(io.BytesIO(file.read(DATA)), allow_pickle=False)
            views = tuple(arrays[str(number)] for number in range(len(arrays.files)))
            store, held = temporary_store(_dataset(spec, views))
            packed = store.home / RUN
            packed.write_bytes(file.read(RUN))
            run = store.get(bundle.read(store, packed).run_ids[0])
            if AUTO in file.namelist():
                (run.folder / AUTO).write_bytes(file.read(AUTO))
    except (zipfile.BadZipFile, KeyError, TypeError, AssertionError, EOFError) as error:
        raise ValueError(f"{name} is no saved estimator or is damaged ({error}); save it again") from None
    run.spec = replace(run.spec, dataset=held, limit=None)
    return Saved(run=run, parameters=parameters)


def _dataset(spec: dict[str, Any], views: tuple[np.ndarray, ...]) -> MultiViewDataset:
    return MultiViewDataset(
        spec=replace(DataSpec(**spec), views=tuple(map(_view, spec["views"])), classes=()), views=views
    )


def _view(about: dict[str, Any]) -> ViewSpec:
    inside = about["image_shape"]
    return ViewSpec(
        **about | {"shape": tuple(about["shape"]), "image_shape": None if inside is None else tuple(inside)}
    )


def _plain(value: Any) -> Any:
    """Numbers of NumPy as those of Python."""
    return value.item() if isinstance(value, np.generic) else list(value)
