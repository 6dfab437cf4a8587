"""The rooms of the package may use each other only downwards, and the light ones stay light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

UI_SIDE = {"plots", "analysis", "evaluation", "runs", "data", "launch", "methods.card", "specs", "settings", "report"}
UI_SIDE |= {"sweeps", "reproduction", "baselines", "bundle", "clustering", "features", "lessons"}
ALLOWED = {
    "ui": UI_SIDE | {"worker"},  # Grad-CAM needs the trained network: worker.restore
    "cli": UI_SIDE,
    "launch": {"worker", "runs", "settings"},
    "worker": {"engine", "runs", "methods", "data", "settings", "analysis"},
    "reproduction": {"sweeps", "baselines", "runs", "data", "methods.card", "analysis", "evaluation"}
    | {"settings", "worker"},
    "sweeps": {"launch", "worker", "specs", "runs", "settings", "engine", "evaluation", "methods.card"},
    "baselines": {"loading", "seeding", "data", "evaluation", "methods.card", "settings"},
    "lessons": {"sweeps", "worker", "runs", "analysis", "evaluation", "data", "methods.card"},
    "bundle": {"sweeps", "runs", "evaluation", "methods.card", "settings"},
    "specs": {"methods.card", "data", "runs", "settings"},
    "report": {"plots", "analysis", "evaluation", "runs", "data", "worker", "sweeps", "reproduction"},  # worker.restore
    "plots": {"evaluation"},
    "auto": {"analysis", "baselines", "data", "engine", "evaluation", "features", "methods.base"}
    | {"loading", "losses", "seeding", "settings"},
    "clustering": {"data", "evaluation", "plots", "runs", "settings"},
    "analysis": {"loading", "evaluation", "methods.base", "settings"},
    "engine": {"seeding", "losses", "methods.base", "data", "evaluation"},
    "runs": {"evaluation", "settings"},
    "methods": {"seeding", "losses", "nets", "data"},
    "nets": set(),
    "losses": set(),
    "evaluation": set(),
    "features": {"loading", "seeding", "data", "settings"},
    "data": {"settings"},
    "settings": set(),
    "seeding": set(),
    "loading": set(),
}
"""Room -> what it may import beside itself. `methods.card` stands for the torch-free table and cards."""

TORCH_FREE = (
    "mmclust",
    "mmclust.settings",
    "mmclust.methods",
    "mmclust.methods.card",
    "mmclust.specs",
    "mmclust.data",
    "mmclust.runs",
    "mmclust.evaluation",
    "mmclust.plots",
)

SOURCES = sorted((ROOT / "mmclust").rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Full names of every module that a file imports anywhere, `from a import b` as a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}:{node.lineno} imports relatively; write the full name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(module: str) -> str:
    """`mmclust.data.catalogue` -> "data"; "" for the package itself and for other packages."""
    parts = module.split(".")
    return parts[1] if parts[0] == "mmclust" and len(parts) > 1 else ""


def is_allowed(module: str, target: str) -> bool:
    """Whether a module of ours may import `target` (mmclust.room.module[.name])."""
    here, there = room(module), room(target)
    if not there or there.startswith("__") or there == here or not here or here == "__main__":
        return True
    allowed = ALLOWED[here]
    if there in allowed:
        return True
    inner = target.split(".")[2:]
    if there == "methods":
        table = "methods.card" in allowed and inner[:1] in (["card"], ["METHODS"], ["card"], ["method_class"], [])
        return table or ("methods.base" in allowed and inner[:1] == ["base"])
    return False


def test_every_room_is_in_the_picture():
    rooms = {room(module_name(path)) for path in SOURCES} - {"", "__main__"}
    assert rooms <= set(ALLOWED), f"say in ALLOWED what {sorted(rooms - set(ALLOWED))} may import"


def test_imports_point_only_downwards():
    upward = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in SOURCES
        for target in sorted(imports(path))
        if not is_allowed(module_name(path), target)
    ]
    assert not upward, "\n".join(upward)


def test_an_upward_import_is_noticed():
    assert not is_allowed("mmclust.losses.kl", "mmclust.methods.base.Method")
    assert not is_allowed("mmclust.engine.trainer", "mmclust.methods.dccs.method.DCCS")
    assert not is_allowed("mmclust.runs.store", "mmclust.launch.submit")
    assert is_allowed("mmclust.engine.trainer", "mmclust.methods.base.Method")


def test_only_the_ui_room_knows_streamlit():
    knowing = {
        room(module_name(path)) for path in SOURCES if any(name.split(".")[0] == "streamlit" for name in imports(path))
    }
    assert knowing <= {"ui"}


def test_losses_and_nets_use_torch_alone():
    outside = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        if room(module_name(path)) in ("losses", "nets")
        for name in imports(path)
        if (top := name.split(".")[0]) not in {"torch", "jaxtyping", "mmclust"} and top not in sys.stdlib_module_names
    }
    assert not outside


def test_pages_and_the_app_do_not_reach_below_the_ui_side():
    allowed = UI_SIDE | {"ui"}
    reaching = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in [*ROOT.glob("app.py"), *ROOT.glob("pages/*.py")]
        for target in imports(path)
        if room(target) and room(target) not in {name.split(".")[0] for name in allowed}
    ]
    assert not reaching


def test_light_rooms_load_neither_torch_nor_streamlit_nor_umap():
    light = [
        name
        for name in set(map(module_name, SOURCES))
        if name in TORCH_FREE
        or name.startswith(("mmclust.data.", "mmclust.runs.", "mmclust.evaluation.", "mmclust.plots."))
        or re.fullmatch(r"mmclust\.methods\.\w+\.card", name)
    ]
    heavy = ("torch", "torchvision", "streamlit", "umap", "openTSNE", "sklearn.manifold")
    code = (
        "import importlib, sys\n"
        f"for name in {sorted(light)!r}:\n"
        "    importlib.import_module(name)\n"
        f"    for heavy in {heavy!r}:\n"
        "        if heavy in sys.modules: sys.exit(f'{name} loads {heavy}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", ["losses", "nets", "methods", "evaluation"])
def test_shape_checked_rooms_keep_real_annotations(folder: str):
    postponed = [
        path.relative_to(ROOT)
        for path in (ROOT / "mmclust" / folder).rglob("*.py")
        if "__future__.annotations" in imports(path)
    ]
    assert not postponed, "postponed annotations switch the shape checks off"


def test_no_file_names_a_machine_or_a_package_index():
    private = re.compile(r"(?<![\w.])/(?:[h]ome|[r]oot|[w]ork|[U]sers)/\w|--(?:extra-)?[i]ndex-url|--[f]ind-links")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    if not listed:
        pytest.skip("no git checkout: the files of the project can't be told from others")
    named = []
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if name and path.suffix in {"", ".py", ".md", ".toml", ".txt", ".lock", ".yaml", ".json", ".csv", ".js"}:
            lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
            named += [f"{name}:{i}: {line.strip()}" for i, line in enumerate(lines, 1) if private.search(line)]
    assert not named, "\n".join(named)
