"""What computes a result, as part of the key under which it is kept: after a change of the code it is made again."""

import ast
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

OURS = "mmclust"
PARSES = 5
"""Attempts at parsing a file while other threads parse too, which Python 3.11 can fail at (cpython issue 106905)."""
BESIDE_THE_POINT = {OURS, f"{OURS}.settings", f"{OURS}.loading", f"{OURS}.errors", f"{OURS}.analysis.source"}
"""Modules that say where things are, how many threads there are and what goes wrong, not what comes out."""

_PARSING = Lock()


@dataclass(frozen=True, kw_only=True)
class Source:
    """The code that a result depends on. Comments, docstrings and layout of the code do not count."""

    modules: tuple[str, ...] = ()
    """Full names; what they import of our own package counts too."""
    alone: tuple[str, ...] = ()
    """Full names of modules without what they import."""
    packages: tuple[str, ...] = ()
    """Distributions whose version counts."""

    def __add__(self, other: "Source") -> "Source":
        """The code of both."""
        return Source(
            modules=self.modules + other.modules,
            alone=self.alone + other.alone,
            packages=self.packages + other.packages,
        )

    @property
    def version(self) -> str:
        """A name for the code as it is; worked out once in a process."""
        return _version(self)


@lru_cache(maxsize=64)
def _version(source: Source) -> str:
    wanted = set(source.alone) | _with_imports(source.modules)
    parts = [f"{name} {_code(_path(name))}" for name in sorted(wanted)]
    parts += [f"{name} {_installed(name)}" for name in sorted(set(source.packages))]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def _with_imports(modules: tuple[str, ...]) -> set[str]:
    """Modules and those of ours that they import, and so on."""
    roots = {OURS, *(name.partition(".")[0] for name in modules)}
    found, waiting = set(), list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or name in BESIDE_THE_POINT:
            continue
        found.add(name)
        waiting += [other for other in _imported(_tree(_path(name))) if _is_module(other, roots)]
    return found


def _imported(tree: ast.AST) -> Iterator[str]:
    """What a module imports anywhere in it, `from a import b` as both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_module(name: str, roots: set[str]) -> bool:
    return name.partition(".")[0] in roots and _path(name).is_file()


@lru_cache(maxsize=1024)
def _path(name: str) -> Path:
    """The file of a module, or where it would be; nothing is imported but the outermost package."""
    top, *rest = name.split(".")
    spec = find_spec(top)
    assert spec is not None and spec.submodule_search_locations, f"{name} is in no package"
    place = Path(next(iter(spec.submodule_search_locations)), *rest)
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _tree(path: Path) -> ast.Module:
    """The syntax tree of a file.

    Python 3.11 counts the depth of all threads' trees in one number and may stumble over the count: the lock keeps our
    own threads apart, a further attempt is for those of libraries (Numba parses, too).
    """
    source = path.read_bytes()
    with _PARSING:
        for _ in range(PARSES - 1):
            with suppress(SystemError):
                return ast.parse(source)
        return ast.parse(source)


def _code(path: Path) -> str:
    """A name for what a file computes, the same for every version of Python."""
    digest = hashlib.blake2b(digest_size=12)
    for part in _parts(_tree(path)):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _parts(node: object) -> Iterator[str]:
    """The syntax tree in words. Fields without a value are left out: later versions of Python have more of them."""
    if isinstance(node, list):
        yield "["
        for inner in node:
            if not (isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant)):  # docstrings
                yield from _parts(inner)
        yield "]"
    elif isinstance(node, ast.AST):
        yield type(node).__name__
        for name, value in ast.iter_fields(node):
            if value is not None and value != [] and name not in ("ctx", "kind", "type_comment"):
                yield name
                yield from _parts(value)
    else:
        yield repr(node)
