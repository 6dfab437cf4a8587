"""The wings of the pages stand beside each other: what two of them need lies in components or in the shell."""

import ast
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "mmclust" / "ui"
BELOW = {"shell": set(), "components": {"shell"}}
"""What the shared rooms may import; a wing may import both."""
MOST_FILES = 12
SOURCES = sorted(UI.rglob("*.py"))


def room(module: str) -> str:
    """`mmclust.ui.map.side` -> "map"; "" outside of the wings."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["mmclust", "ui"] and len(parts) > 2 else ""


def forbidden(here: str, source: str) -> list[str]:
    """Modules of other rooms that a file of a room imports against the rule."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found += [name for name in names if (there := room(name)) and there not in {here, *allowed(here)}]
    return found


def allowed(here: str) -> set[str]:
    return BELOW.get(here, {"components", "shell"})


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(UI)))
def test_wings_import_components_and_shell_and_never_each_other(path: Path):
    here = path.relative_to(UI).parts[0]
    if here in ("__init__.py", "__main__.py", "server.py"):
        pytest.skip("stands above the wings")
    assert not forbidden(here, path.read_text())


def test_an_import_of_another_wing_is_noticed():
    assert forbidden("map", "from mmclust.ui.train import live") == ["mmclust.ui.train.live"]
    assert forbidden("components", "import mmclust.ui.map.side") == ["mmclust.ui.map.side"]
    assert forbidden("shell", "from mmclust.ui.components import picker")
    assert not forbidden("map", "from mmclust.ui.components import picker\nfrom mmclust.ui.map import selection_panel")


def test_no_room_grows_beyond_a_glance():
    sizes = {folder: len(list(folder.glob("*.py"))) for folder in {path.parent for path in SOURCES}}
    assert not {folder.name: size for folder, size in sizes.items() if size > MOST_FILES}
