"""What a sweep asks for: cells (one setting each, of any method on any data set), and seeds that each cell is run with.

A sweep is one JSON document, like a run spec. It says what was asked; what came of it are ordinary runs in the store.
"""

import hashlib
import itertools
import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from mmclust.runs import spec_fields
from mmclust.runs.queue import SWEEP
from mmclust.runs.spec import RunSpec
from mmclust.runs.spec_fields import are_texts, is_text, is_whole, is_whole_or_none
from mmclust.specs import build_spec

AXES = ("dataset", "method", "preset", "epochs", "limit", "clusters")
"""What can vary beside a method's hyper-parameters."""
ABLATION = "ablation"
"""Axis of the rows of an ablation table."""
SETTING = "setting"
"""Axis of the settings of a list, which have no axes in common."""
MAX_RUNS = 10_000
N_SNAPSHOTS = 2
"""Runs of a sweep keep their first and last codes only: there are many of them."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One setting of a sweep: everything a run spec is planned from but the seed."""

    dataset: str
    method: str
    preset: str = ""
    """Empty for the method's usual."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Hyper-parameters that differ from the preset's."""
    preprocessing: tuple[str, ...] | None = None
    """Preparation of the data; None for what the method asks for."""
    epochs: int | None = None
    limit: int | None = None
    clusters: int | None = None
    device: str = "auto"
    execution: str = "eager"
    """Of steps on a GPU; see `mmclust.runs.spec`."""
    n_snapshots: int = N_SNAPSHOTS
    label: str = ""
    """What a table calls it; empty for its point."""
    point: Mapping[str, Any] = field(default_factory=dict)
    """Where it lies on the sweep's axes, by their names."""

    @property
    def title(self) -> str:
        """The label, or the point in words."""
        return self.label or ", ".join(f"{name}={_text(value)}" for name, value in self.point.items())

    def build_spec(self, seed: int, *, tags: Sequence[str] = ()) -> RunSpec:
        """The spec of its run with a seed.

        Raises:
            ValueError: such a run cannot be trained (see `mmclust.specs.build_spec`).
        """
        title = f"{self.title}, seed {seed}" if self.title else ""
        return build_spec(
            self.dataset,
            self.method,
            preset=self.preset or None,
            changes=self.changes,
            preprocessing=self.preprocessing,
            epochs=self.epochs,
            seed=seed,
            clusters=self.clusters,
            device=self.device,
            execution=self.execution,
            limit=self.limit,
            launcher=SWEEP,
            n_snapshots=self.n_snapshots,
            title=title,
            tags=tags,
        )


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Cells and the seeds that each is run with."""

    cells: tuple[Cell, ...]
    seeds: tuple[int, ...] = (0,)
    title: str = ""

    def __post_init__(self) -> None:
        if not self.cells or not self.seeds:
            raise ValueError("the sweep asks for no run; give at least one setting and one seed")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds {', '.join(map(str, self.seeds))} hold one twice; give each seed once")
        if self.n_runs > MAX_RUNS:
            raise ValueError(
                f"the sweep asks for {self.n_runs} runs; {MAX_RUNS} are allowed, leave values or seeds out"
            )

    @property
    def n_runs(self) -> int:
        """Runs asked for, before equal ones are counted once."""
        return len(self.cells) * len(self.seeds)

    @cached_property
    def id(self) -> str:
        """Name that depends on what is asked for alone: asking again goes on with the same sweep."""
        asked = json.loads(self.to_json()) | {"title": ""}
        for cell in asked["cells"]:
            del cell["n_snapshots"]  # how many are kept has no influence on the numbers
            if cell["execution"] == "eager":  # came after version 0.1.0, whose sweeps keep their ids
                del cell["execution"]
            cell["steps"] = cell.pop("preprocessing")  # its name in version 0.1.0
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:6]
        first = self.cells[0]
        name = self.title or f"{first.method}-{first.dataset.rpartition('/')[2]}"
        return f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:40] or 'sweep'}-{digest}"

    def axes(self) -> dict[str, tuple[Any, ...]]:
        """Values of each axis in the order they come."""
        return dict(self._axes)

    @cached_property
    def _axes(self) -> dict[str, tuple[Any, ...]]:
        found: dict[str, dict[str, Any]] = {}
        for cell in self.cells:
            for name, value in cell.point.items():
                found.setdefault(name, {})[_text(value)] = value
        return {name: tuple(values.values()) for name, values in found.items()}

    def aligned(self) -> "Sweep":
        """Itself where every cell lies on every axis; otherwise with the cells side by side on one, to be looked at."""
        axes = set(self.axes())
        if all(set(cell.point) == axes for cell in self.cells):
            return self
        cells = tuple(replace(cell, label=cell.title, point={SETTING: cell.title}) for cell in self.cells)
        return replace(self, cells=cells)

    def to_json(self) -> str:
        """The sweep as one JSON document."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Sweep":
        """Read a sweep.

        Raises:
            ValueError: not a sweep, in one sentence.
        """
        try:
            values = json.loads(text)
            cells = tuple(_cell(cell) for cell in values["cells"])
            return cls(cells=cells, seeds=tuple(values["seeds"]), title=values.get("title", ""))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"the sweep cannot be read ({error}); cells and seeds are needed") from None


def grid(base: Cell, axes: Mapping[str, Sequence[Any]], *, seeds: Sequence[int] = (0,), title: str = "") -> Sweep:
    """Every combination of the axes' values.

    Args:
        base: what all cells share.
        axes: name of a hyper-parameter, or one of `AXES` -> its values.
        seeds: each cell is run with all of them.
        title: what the user calls it.

    Raises:
        ValueError: an axis without values or with one twice.
    """
    for name, values in axes.items():
        if not values or len({_text(value) for value in values}) < len(values):
            raise ValueError(f"{name}={','.join(map(_text, values))} is no axis; give each value once, at least one")
    points = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    return points_of(base, points, seeds=seeds, title=title)


def points_of(
    base: Cell, points: Sequence[Mapping[str, Any]], *, seeds: Sequence[int] = (0,), title: str = ""
) -> Sweep:
    """One cell for each of the points, e.g. `{"beta": 0.3, "epochs": 20}`."""
    return Sweep(cells=tuple(_moved(base, point) for point in points), seeds=tuple(seeds), title=title)


def axis_values(text: str) -> list[Any]:
    """Values of an axis as a user writes them: `0.1,0.5,1`, words, or a range `FROM:TO:STEP` with both ends.

    Raises:
        ValueError: neither, or a range that does not end.
    """
    found: list[Any] = []
    for part in filter(None, map(str.strip, text.split(","))):
        ends = [plain(end) for end in part.split(":")]
        if len(ends) != 3:
            found.append(plain(part))
            continue
        if not all(type(end) in (int, float) for end in ends) or ends[2] <= 0 or ends[1] < ends[0]:
            raise ValueError(f"{part!r} is no range; write FROM:TO:STEP with a step above 0, e.g. 0:1:0.1")
        n_steps = int((ends[1] - ends[0]) / ends[2] + 1e-9)
        if n_steps >= MAX_RUNS:
            raise ValueError(f"{part!r} has {n_steps + 1} values; {MAX_RUNS} runs are allowed, take a larger step")
        found += [plain(f"{ends[0] + i * ends[2]:.10g}") for i in range(n_steps + 1)]
    return found


def plain(text: str) -> Any:
    """A number or switch as such, so that 0.10 and 0.1 are one value; anything else as text."""
    readers: tuple[Callable[[str], Any], ...] = (int, float)
    for reader in readers:
        try:
            return reader(text)
        except ValueError:
            continue
    return json.loads(text) if text in ("true", "false") else text.strip()


def seed_numbers(text: str) -> tuple[int, ...]:
    """Seeds as a user writes them: `0,1,2`, `0-9` or both.

    Raises:
        ValueError: anything else, or more seeds than runs are allowed.
    """
    found: list[int] = []
    for part in text.split(","):
        matched = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        if not matched or int(matched[2] or 0) - int(matched[1]) >= MAX_RUNS:
            raise ValueError(f"seeds {text!r} are not understood; write e.g. 0,1,2 or 0-9")
        first = int(matched[1])
        found += range(first, int(matched[2] or first) + 1)
    return tuple(found)


def ablations(base: Cell, rows: Mapping[str, Mapping[str, Any]], *, seeds: Sequence[int], title: str = "") -> Sweep:
    """One cell for each row of an ablation table: name -> settings that differ."""
    cells = [
        replace(base, changes={**base.changes, **values}, label=name, point={ABLATION: name})
        for name, values in rows.items()
    ]
    return Sweep(cells=tuple(cells), seeds=tuple(seeds), title=title)


def limited(sweep: Sweep, n_runs: int) -> Sweep:
    """At most so many runs: some of the cells, drawn evenly; the others stay gaps.

    Raises:
        ValueError: not even one cell with all its seeds would be left.
    """
    n_cells = n_runs // len(sweep.seeds)
    if n_cells < 1:
        raise ValueError(f"{n_runs} runs are too few for {len(sweep.seeds)} seeds; allow more runs or fewer seeds")
    if n_cells >= len(sweep.cells):
        return sweep
    order = random.Random(0).sample(range(len(sweep.cells)), n_cells)
    return replace(sweep, cells=tuple(sweep.cells[number] for number in sorted(order)))


def _moved(base: Cell, point: Mapping[str, Any]) -> Cell:
    own = {name: value for name, value in point.items() if name in AXES}
    changes = {name: value for name, value in point.items() if name not in AXES}
    return replace(base, **own, changes={**base.changes, **changes}, point={**base.point, **point})


def _cell(values: dict[str, Any]) -> Cell:
    known = {f.name for f in fields(Cell)}
    if "steps" in values:  # its name in sweeps of version 0.1.0
        values["preprocessing"] = values.pop("steps")
    if unknown := sorted(set(values) - known):
        raise ValueError(f"a cell of the sweep has unknown fields {', '.join(unknown)}; known are {', '.join(known)}")
    for name, fits in FIELDS.items():
        if name in values and not fits(values[name]):
            raise ValueError(f"a cell of the sweep has {name}={str(values[name])[:80]!r}, which no run can have")
    if values.get("preprocessing") is not None:
        values["preprocessing"] = tuple(values["preprocessing"])
    return Cell(**values)


def _are_values(value: Any) -> bool:
    """Whether these are what users write for settings, by their names; whether they can be trained is said later."""
    return isinstance(value, dict) and all(
        one is None or isinstance(one, (bool, float, str)) or is_whole(one) for one in value.values()
    )


FIELDS: Mapping[str, Callable[[Any], bool]] = {
    **{name: is_text for name in ("dataset", "method", "preset", "label")},
    **{name: spec_fields.FIELDS[name] for name in ("limit", "device", "execution", "n_snapshots")},
    **{name: _are_values for name in ("changes", "point")},
    **{name: is_whole_or_none for name in ("epochs", "clusters")},
    "preprocessing": lambda value: value is None or are_texts(value),
}
"""What the fields of a cell may be, as JSON."""


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
