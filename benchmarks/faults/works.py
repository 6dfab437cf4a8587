"""What users ask for beside training is killed, or its disk is full: what is found afterwards is whole, or absent."""

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.faults.original import SLOW_S, Original, Wrong, child_of, compare, has_layout, laid_out, numbers
from benchmarks.faults.training import fill, small_disk
from mmclust import bundle, disk
from mmclust.data import catalogue, uploads
from mmclust.errors import is_for_the_user
from mmclust.report.export import export
from mmclust.runs import mend
from mmclust.runs.store import RunStore


def works(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Kill a work at a random moment, look at what there is, do it again."""
    shutil.copytree(whole.home, home / "home")
    store = RunStore(home / "home")
    _undo(home, store, whole)
    name = chance.choice(list(WORKS))
    work, whole_after = WORKS[name]
    arguments = (str(home), whole.run_id, str(whole.bundle))
    began = time.monotonic()
    child = child_of(store.home, store.url, work, *arguments)
    child.join(SLOW_S)
    took = time.monotonic() - began
    if child.exitcode != 0:
        raise Wrong(f"{name} ended with {child.exitcode}")
    whole_after(home, store, whole)
    _undo(home, store, whole)
    child = child_of(store.home, store.url, work, *arguments)
    child.join(chance.uniform(0.0, took))
    child.kill()
    child.join()
    if faults := list(mend.faults(store)):
        raise Wrong(f"after a killed {name}: {faults[0].run_id} {faults[0].sentence}")
    compare(numbers(store, whole.run_id), whole.numbers)
    yield f"{name} was killed"
    child = child_of(store.home, store.url, work, *arguments)
    child.join(SLOW_S)
    if child.exitcode != 0:
        raise Wrong(f"{name} after a kill ended with {child.exitcode}")
    whole_after(home, store, whole)
    store.close()
    yield "done again"


def full(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Fill the disk of a home, then do everything: it works, or says that the disk is full; reading always works."""
    with small_disk(home) as is_own:
        if not is_own:
            yield "no small disk could be mounted"
            return
        shutil.copytree(whole.home, home / "home")
        store = RunStore(home / "home")
        _undo(home, store, whole)
        os.environ["MMCLUST_HOME"] = str(store.home)  # where uploads go
        fill(home, leave=chance.choice((0, 0, 4, 20, 100)) * 1024)
        arguments = (str(home), whole.run_id, str(whole.bundle))
        for name in chance.sample(list(WORKS), len(WORKS)):
            yield f"{name} {_on_full_disk(WORKS[name][0], arguments)}"
        if [run.run_id for run in RunStore(store.home).list(examples=False)][-1] != whole.run_id:
            raise Wrong("runs are not listed on a full disk")
        compare(numbers(store, whole.run_id), whole.numbers)
        elsewhere = home.parent / "elsewhere"
        export(store.get(whole.run_id), elsewhere)
        shutil.rmtree(elsewhere)
        yield "read and exported elsewhere"
        (home / "ballast").unlink(missing_ok=True)
        if faults := list(mend.faults(store)):
            raise Wrong(f"after a full disk: {faults[0].run_id} {faults[0].sentence}")
        store.close()


def _on_full_disk(work: Callable[[str, str, str], None], arguments: tuple[str, str, str]) -> str:
    try:
        work(*arguments)
    except Exception as error:
        if not (is_for_the_user(error) or disk.is_full(error)):
            raise
        return "said that the disk is full" if disk.is_full(error) or "full" in str(error) else "was refused"
    return "fitted"


def _export(home: str, run_id: str, _: str) -> None:
    export(RunStore().get(run_id), Path(home) / "export")


def _exported(home: Path, store: RunStore, whole: Original) -> None:
    with np.load(home / "export" / "codes.npz") as codes:
        if not np.array_equal(codes["logits"], whole.numbers["logits"]):
            raise Wrong("the codes of an export differ")


def _bundle(home: str, run_id: str, _: str) -> None:
    bundle.write(RunStore(), run_id, Path(home) / "copy.mmclust")


def _bundled(home: Path, store: RunStore, whole: Original) -> None:
    other = RunStore(home / "other")
    (run_id,) = bundle.read(other, home / "copy.mmclust").run_ids
    compare(numbers(other, run_id), whole.numbers)
    other.close()
    shutil.rmtree(home / "other")


def _import(home: str, _: str, file: str) -> None:
    bundle.read(RunStore(Path(home) / "import"), Path(file))


def _imported(home: Path, store: RunStore, whole: Original) -> None:
    other = RunStore(home / "import")
    found = other.list(examples=False)
    if not found:
        raise Wrong("nothing was imported")
    for record in found:
        compare(numbers(other, record.run_id), whole.numbers)
    other.close()


def _upload(home: str, _: str, __: str) -> None:
    data = catalogue.load("digits", limit=200)
    known = {entry.title for entry in uploads.entries()}
    if "Mine" not in known:
        uploads.keep(data, uploads.About(title="Mine"))


def _uploaded(home: Path, store: RunStore, whole: Original) -> None:
    os.environ["MMCLUST_HOME"] = str(store.home)
    (entry,) = [one for one in uploads.entries() if one.title == "Mine"]
    if not np.array_equal(catalogue.load(entry.name).views[0], catalogue.load("digits", limit=200).views[0]):
        raise Wrong("a data set that was added differs")


def _layout(home: str, run_id: str, _: str) -> None:
    laid_out(RunStore(), run_id)


def _laid_out(home: Path, store: RunStore, whole: Original) -> None:
    if not has_layout(store, whole.run_id) or not np.isfinite(laid_out(store, whole.run_id)).all():
        raise Wrong("a layout is not whole")


def _undo(home: Path, store: RunStore, whole: Original) -> None:
    """Take back what a work has made."""
    (home / "copy.mmclust").unlink(missing_ok=True)
    layouts = store.folder(whole.run_id) / "layouts"
    for folder in (home / "export", home / "import", store.home / "uploads" / "local" / "mine", layouts):
        shutil.rmtree(folder, ignore_errors=True)


Work = Callable[[str, str, str], None]
WORKS: dict[str, tuple[Work, Callable[[Path, RunStore, Original], None]]] = {
    "export": (_export, _exported),
    "bundle": (_bundle, _bundled),
    "import": (_import, _imported),
    "upload": (_upload, _uploaded),
    "layout": (_layout, _laid_out),
}
