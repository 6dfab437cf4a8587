import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from mmclust.analysis import disk_cache, projection, source
from mmclust.analysis.source import Source
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.example import FOLDER, LESSONS

WORK = '"""Works it out."""\n\nfrom scratch.inner import part\n\n\ndef work():\n    return part() + 1\n'
INNER = "def part():\n    return 1\n"

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """`write(work=..., inner=...)` writes a package of two modules, and gives the version of what computes there."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "scratch").mkdir()

    def version(work: str = WORK, inner: str = INNER, **about: tuple[str, ...]) -> str:
        for name, text in {"__init__": "", "work": work, "inner": inner}.items():
            (tmp_path / "scratch" / f"{name}.py").write_text(text)
        source._version.cache_clear()
        return Source(**(about or {"modules": ("scratch.work",)})).version

    yield version
    source._version.cache_clear()
    source._path.cache_clear()


def test_an_edit_of_the_code_or_of_what_it_imports_is_another_version(write: Write) -> None:
    before = write()
    assert write() == before
    assert write(work=WORK.replace("+ 1", "+ 2")) != before
    assert write(inner=INNER.replace("return 1", "return 2")) != before
    assert write() == before


def test_comments_docstrings_and_layout_are_not_code(write: Write) -> None:
    before = write()
    assert write(work=WORK.replace("Works it out.", "Gives the sum.").replace("+ 1", "+ 1  # one more")) == before
    assert write(inner='def part():\n    """A part."""\n\n    return (\n        1\n    )\n') == before


def test_a_module_alone_counts_without_what_it_imports(write: Write) -> None:
    alone = {"alone": ("scratch.work",)}
    before = write(**alone)
    assert write(inner=INNER.replace("1", "2"), **alone) == before
    assert write(work=WORK.replace("+ 1", "+ 2"), **alone) != before


def test_versions_of_packages_count_and_absent_ones_do_no_harm(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    about = {"packages": ("numpy", "no-such-package")}
    before = write(**about)
    monkeypatch.setattr(source, "_installed", {"numpy": "99.0", "no-such-package": "absent"}.get)
    assert write(**about) != before


def test_after_an_edit_a_kept_result_is_made_again(write: Write, tmp_path: Path) -> None:
    made: list[int] = []

    def result() -> int:
        def work() -> disk_cache.Arrays:
            made.append(len(made))
            return {"number": np.array(made[-1])}

        about = Source(modules=("scratch.work",))
        return int(disk_cache.arrays(tmp_path / "kept", "key", work, source=about)["number"])

    write()
    assert (result(), result()) == (0, 0)
    write(inner=INNER.replace("return 1", "return 2"))
    assert (result(), result()) == (1, 1)
    write()
    assert result() == 0, "what the code before made is still there"


def test_after_an_edit_a_layout_is_made_again(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    monkeypatch.setitem(projection.SOURCES, "pca", Source(modules=("scratch.work",)))
    write()
    projection.cached_projection(tmp_path / "layouts", values, "pca")
    assert projection.is_cached(tmp_path / "layouts", values, "pca")
    write(work=WORK.replace("+ 1", "+ 2"))
    assert not projection.is_cached(tmp_path / "layouts", values, "pca")


def test_the_maps_that_ship_are_those_of_this_code() -> None:
    """Otherwise the first visitor waits for them: `python -m mmclust example --layouts` makes them again."""
    lessons = [layouts.parent for layouts in LESSONS.glob("*/layouts")]
    shipped = {FOLDER: tuple(projection.KINDS)} | dict.fromkeys(lessons, ("tsne",))
    assert len(shipped) > 4
    for folder, kinds in shipped.items():
        last = Snapshot.load(max((folder / "snapshots").iterdir()))
        for space in set(last.spaces) & {"z", "z_c", "z_s"}:
            for kind in kinds:
                options: dict[str, Any] = {"n_neighbors": 10} if kind == "pacmap" else {}
                assert projection.is_cached(folder / "layouts", last.spaces[space], kind, **options), (folder, space)


def test_a_parse_that_another_thread_disturbed_is_tried_again(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed, parse = write(), ast.parse
    attempts = []

    def disturbed(code: bytes) -> ast.Module:
        attempts.append(code)
        if attempts.count(code) < source.PARSES:
            raise SystemError("AST constructor recursion depth mismatch (before=42, after=39)")
        attempts.clear()
        return parse(code)

    monkeypatch.setattr(ast, "parse", disturbed)
    assert write() == undisturbed
    monkeypatch.setattr(source, "PARSES", 1)
    monkeypatch.setattr(ast, "parse", Mock(side_effect=SystemError("of another kind")))
    with pytest.raises(SystemError, match="another kind"):
        write()
