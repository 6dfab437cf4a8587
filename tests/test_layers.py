"""The rooms of the package may use each other only downwards, and the light ones stay light."""

import ast
import re
import subprocess
import sys
from collections.abc import Mapping, Set
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ALLOWED = {
    "ui": {
        "ahead",
        "audit",
        "escaping",
        "ram",
        *(
            "analysis",
            "auto",
            "baselines",
            "clustering",
            "columns",
            "data",
            "errors",
            "evaluation",
            "events",
            "features",
            "loading",
        ),
        *("fitting", "interventions", "launch", "lessons", "methods.card", "models", "plots", "prediction", "report"),
        *("reproduction", "runs", "settings", "specs"),
        "sweeps",
    },
    "cli": {
        "escaping",
        *(
            "analysis",
            "auto",
            "bundle",
            "clustering",
            "columns",
            "data",
            "evaluation",
            "exchange",
            "features",
            "fitting",
        ),
        "interventions",
        *("launch", "lessons", "methods.card", "plots", "prediction", "report", "reproduction", "runs", "settings"),
        *("specs", "sweeps"),
    },
    "estimators": {"bundle", "data", "methods.card", "prediction", "runs", "specs", "worker"},
    "notebook": {"analysis", "clustering", "data", "estimators", "runs", "ui"},
    "exchange": {
        "analysis",
        "clustering",
        "data",
        "escaping",
        "evaluation",
        "methods.card",
        "models",
        "report",
        "runs",
    },
    "prediction": {"auto", "data", "escaping", "evaluation", "methods.base", "models", "neighbours", "runs"},
    "report": {
        "disk",
        "escaping",
        *("analysis", "auto", "clustering", "data", "evaluation", "methods.card", "models", "plots", "reproduction"),
        *("runs", "sweeps"),
    },
    "columns": {"analysis", "clustering", "data", "escaping", "evaluation", "forking", "plots", "runs", "sweeps"},
    "clustering": {"analysis", "data", "evaluation", "features", "plots", "runs", "settings"},
    "reproduction": {
        *("analysis", "auto", "baselines", "data", "estimate", "evaluation", "methods.card", "models", "plots", "runs"),
        *("settings", "sweeps"),
    },
    "lessons": {"analysis", "data", "evaluation", "models", "runs", "sweeps"},
    "bundle": {"audit", "baselines", "disk", "evaluation", "methods.card", "runs", "settings", "sweeps"},
    "sweeps": {
        *(
            "audit",
            "escaping",
            "evaluation",
            "forking",
            "launch",
            "methods.card",
            "runs",
            "settings",
            "specs",
            "worker",
        ),
    },
    "launch": {"audit", "engine", "errors", "helper", "runs", "settings", "worker"},
    "worker": {"engine", "errors", "methods.card", "runs", "signals", "training"},
    "helper": {"data", "engine", "evaluation", "runs", "training"},
    "training": {
        *("auto", "baselines", "data", "engine", "methods.base", "methods.card", "models", "runs", "settings"),
    },
    "interventions": {"evaluation", "methods.card", "runs"},
    "events": {"methods.card", "runs"},
    "estimate": {"data", "engine", "methods.card", "models", "runs"},
    "models": {"data", "engine", "errors", "methods.base", "methods.card", "runs"},
    "signals": {"runs"},
    "fitting": {"baselines", "methods.card"},
    "specs": {"footprint", "baselines", "data", "methods.card", "runs"},
    "auto": {
        *("analysis", "baselines", "changes", "data", "engine", "evaluation", "features", "loading", "methods.base"),
        "neighbours",
    },
    "baselines": {"analysis", "data", "evaluation", "loading", "losses", "methods.card", "runs", "seeding"},
    "plots": {"escaping", "evaluation"},
    "analysis": {"disk", "evaluation", "loading", "methods.base", "neighbours", "settings"},
    "engine": {
        *("changes", "data", "errors", "evaluation", "losses", "methods.base", "neighbours", "nets", "seeding"),
        "settings",
    },
    "changes": set(),
    "runs": {"audit", "changes", "ram", "disk", "evaluation", "settings"},
    "methods": {"data", "losses", "nets", "seeding"},
    "nets": set(),
    "losses": set(),
    "evaluation": {"disk"},
    "features": {"data", "loading", "seeding", "settings"},
    "data": {"audit", "disk", "errors", "settings"},
    "errors": {"disk", "settings"},
    "disk": set(),
    "forking": set(),
    "ahead": set(),
    "ram": set(),
    "footprint": {"data", "methods.card", "ram"},
    "audit": set(),
    "escaping": set(),
    "settings": set(),
    "seeding": set(),
    "loading": set(),
    "neighbours": set(),
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
    "mmclust.columns.query",
)

SOURCES = sorted((ROOT / "mmclust").rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCES}


@cache
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


def permission(module: str, target: str) -> str | None:
    """The room that a module of ours needs for an import; None where every module may make it.

    Args:
        module: name of the importing module.
        target: what it imports (mmclust.room.module[.name]).
    """
    here, there = room(module), room(target)
    if not there or there.startswith("__") or there == here or not here or here == "__main__":
        return None
    if there != "methods":
        return there
    inner = target.split(".")[2:]
    if inner[:1] in ([], ["automatic"], ["card"], ["METHODS"], ["method_class"]):
        return "methods.card"
    return "methods.base" if inner[:1] in (["base"], ["warm_start"]) else "methods"


def is_allowed(module: str, target: str) -> bool:
    """Whether a module of ours may import `target`."""
    needed = permission(module, target)
    return needed is None or needed in ALLOWED[room(module)]


def own_module(target: str) -> str:
    """The file's module of an imported name (`mmclust.runs.run.Run` -> `mmclust.runs.run`); "" for other packages."""
    while target and target not in MODULES:
        target = target.rpartition(".")[0]
    return target


def file_graph() -> dict[str, set[str]]:
    """Module -> modules of ours that it imports, also inside functions and for types alone."""
    return {module: {own_module(target) for target in imports(path)} - {"", module} for module, path in MODULES.items()}


def circle(graph: Mapping[str, Set[str]]) -> list[str]:
    """The modules of one circle, in the order they import each other; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1][::-1]
    return []


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


def test_no_permission_is_unused():
    used = {(room(module), permission(module, target)) for module, path in MODULES.items() for target in imports(path)}
    unused = sorted(f"{here} -> {there}" for here in ALLOWED for there in ALLOWED[here] if (here, there) not in used)
    assert not unused, f"take out of ALLOWED: {', '.join(unused)}"


def test_rooms_that_may_use_each_other_are_no_circle():
    assert not circle({here: {name.split(".")[0] for name in ALLOWED[here]} for here in ALLOWED})


def test_no_files_import_each_other_in_a_circle():
    found = circle(file_graph())
    assert not found, " -> ".join(found)


def test_a_circle_of_files_is_noticed():
    graph = file_graph()
    graph["mmclust.runs.tables"] = {"mmclust.runs.store"}
    assert {"mmclust.runs.tables", "mmclust.runs.store"} <= set(circle(graph))


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
    allowed = ALLOWED["ui"] | {"ui"}
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


def test_a_list_of_runs_loads_no_scipy():
    code = (
        "import sys, mmclust.cli.runs, mmclust.runs.store, mmclust.runs.mend, mmclust.auto.account\n"
        "sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120).returncode == 0
