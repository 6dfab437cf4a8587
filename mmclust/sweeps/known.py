"""Which runs are there already: a run that was trained once is not trained again."""

import json
from dataclasses import replace
from typing import Any

from mmclust.methods import METHODS, card
from mmclust.runs.memo import Memo
from mmclust.runs.record import RunRecord
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

BESIDE_THE_POINT = ("title", "tags", "launcher", "gpus", "devices", "n_snapshots", "parent")
"""Fields of a run spec that have no influence on its numbers."""
_DEFAULTS = json.loads(RunSpec(dataset="", method="", config={}, epochs=1).to_json())
"""Specs of earlier versions lack some fields."""


def key(spec: RunSpec) -> str:
    """Equal for runs that give the same numbers: the spec without `BESIDE_THE_POINT`."""
    return _keys(spec)


def setting(spec: RunSpec) -> str:
    """Equal for runs that differ in nothing but their seed."""
    return _settings(spec)


def _key(spec: RunSpec) -> str:
    asked = _DEFAULTS | json.loads(spec.to_json())
    if asked["method"] in METHODS:
        asked["config"] = card(asked["method"]).completed(asked["config"])
    if "candidates" in asked["auto"]:
        _leave_open(asked)
    # 1 and 1.0 are the same setting, but a switch is no number.
    asked["config"] = {k: float(v) if type(v) is int else v for k, v in asked["config"].items()}
    return json.dumps({name: value for name, value in asked.items() if name not in BESIDE_THE_POINT}, sort_keys=True)


def _leave_open(asked: dict[str, Any]) -> None:
    """Take out what preset auto decides by trials: a run that has decided equals one that is about to."""
    auto = asked["auto"]
    tried = {"flip"}.union(*auto["candidates"].values())
    fixed = sorted(tried & set(auto["fixed"]))
    asked["config"] = {k: v for k, v in asked["config"].items() if k not in tried or k in fixed}
    asked["auto"] = {"budget_min": auto["budget_min"], "start": auto["start"], "fixed": fixed}


_keys = Memo(_key)
_settings = Memo[RunSpec, str](lambda spec: _key(replace(spec, seed=0)))


class KnownRuns:
    """The runs of a store by what they give; of several equal ones the most advanced is kept."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self.runs: dict[str, RunRecord] = {}
        self.refresh()

    def refresh(self) -> None:
        """Look again: others train too."""
        self.runs = {}
        for record in self.store.list(examples=False):
            name = key(record.spec)
            before = self.runs.get(name)
            if before is None or _rank(record) > _rank(before):
                self.runs[name] = record

    def find(self, name: str) -> RunRecord | None:
        """The run with that key, or None."""
        return self.runs.get(name)


def _rank(record: RunRecord) -> tuple[int, float]:
    return (2 if record.status == "finished" else 1 if record.active else 0), record.epoch
