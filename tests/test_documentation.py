"""The tutorials run, the examples of docstrings are true, and the site builds without a warning."""

import ast
import doctest
import json
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import mmclust
from mmclust import exchange
from mmclust.cli.main import main
from mmclust.prediction import Predictor
from mmclust.runs.store import RunStore
from tests.optional import optional

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_runs_from_its_first_line_to_its_last(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    if "mmclust.Map" in text:
        optional("anywidget")
    blocks = BLOCK.findall(text)
    assert blocks
    names: dict[str, Any] = {}
    for language, block in blocks:
        if language == "python":
            exec(compile(block, str(page), "exec"), names)
        else:
            for line in block.splitlines():
                program, *words = shlex.split(line)
                assert program == "mmclust" and main(words) == 0, line


@pytest.mark.slow
@pytest.mark.parametrize("room", ["estimators.methods", "notebook", "prediction", "exchange"])
def test_examples_of_docstrings_are_true(room: str, home: Path, tmp_path: Path):
    if room == "notebook":
        optional("anywidget")
    known = {"RunStore": RunStore, "folder": tmp_path}
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(import_module(f"mmclust.{room}"), extraglobs=known, optionflags=flags)
    assert found.attempted > 2 and found.failed == 0


def test_whatever_a_user_imports_has_an_example():
    optional("anywidget")
    documented = [getattr(mmclust, name) for name in dir(mmclust) if name != "__version__"]
    assert len(documented) == 7
    assert [one.__name__ for one in (*documented, Predictor, exchange.write) if ">>>" not in (one.__doc__ or "")] == []


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path):
    for package in ("mkdocs", "material", "mkdocstrings"):
        optional(package)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "predict_proba" in (tmp_path / "api" / "index.html").read_text()


@pytest.mark.slow
def test_the_notebook_runs_and_ends_with_the_output_that_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its cells are executed here, without a kernel; the stored outputs come from one."""
    optional("anywidget")
    monkeypatch.chdir(tmp_path)
    book = json.loads((ROOT / "docs" / "tutorials" / "notebook.ipynb").read_text())
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] for cell in cells)
    names: dict[str, Any] = {}
    for cell in cells:
        *body, last = ast.parse("".join(cell["source"])).body
        assert isinstance(last, ast.Expr)
        exec(compile(ast.Module(body, []), "notebook", "exec"), names)
        found = eval(compile(ast.Expression(last.value), "notebook", "eval"), names)
    assert repr(found) in "".join(cells[-1]["outputs"][0]["data"]["text/plain"])
