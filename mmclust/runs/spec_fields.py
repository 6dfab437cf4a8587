"""What the fields of a spec may be, as JSON: pages show them and trainings go by them, whoever wrote the spec."""

import math
import re
from collections.abc import Callable
from typing import Any

MOST_WHOLE = 2**63
LONGEST_WORD, LONGEST_TEXT = 200, 4_000
DEEPEST = 8
"""How far lists and objects may lie in one another."""
PLAN_NUMBERS = ("budget_min", "noise")
PLAN_COUNTS = ("layout", "mixture", "start_epochs")


def is_text(value: Any) -> bool:
    """Any text."""
    return isinstance(value, str)


def is_word(value: Any) -> bool:
    """A short text of one line."""
    return is_text(value) and len(value) <= LONGEST_WORD and value.isprintable()


def is_whole(value: Any) -> bool:
    """A whole number that a database can keep."""
    return type(value) is int and -MOST_WHOLE <= value <= MOST_WHOLE


def is_whole_or_none(value: Any) -> bool:
    """Likewise, or none."""
    return value is None or is_whole(value)


def is_number(value: Any) -> bool:
    """A finite number."""
    return is_whole(value) or (type(value) is float and math.isfinite(value))


def is_setting(value: Any) -> bool:
    """What a hyper-parameter may be: a number, a switch, a word, or none."""
    return value is None or isinstance(value, bool) or is_number(value) or is_word(value)


def are_texts(value: Any) -> bool:
    """A list of texts."""
    return isinstance(value, list) and all(map(is_text, value))


def are_settings(value: Any) -> bool:
    """Settings by their names."""
    return isinstance(value, dict) and all(is_word(name) and is_setting(one) for name, one in value.items())


def is_plain(value: Any, *, depth: int = DEEPEST) -> bool:
    """Settings and texts, in lists and objects that are not nested without end."""
    if isinstance(value, dict):
        return depth > 0 and all(is_word(name) and is_plain(one, depth=depth - 1) for name, one in value.items())
    if isinstance(value, list):
        return depth > 0 and all(is_plain(one, depth=depth - 1) for one in value)
    return is_setting(value) or (is_text(value) and len(value) <= LONGEST_TEXT)


def is_plan(value: Any) -> bool:
    """Whether preset auto can have planned or decided this (see `mmclust.auto`)."""
    if not (isinstance(value, dict) and is_plain(value)):
        return False
    named = is_text(value.get("space", ""))
    counted = all(is_whole(value[name]) and value[name] >= 0 for name in PLAN_COUNTS if name in value)
    known = [value[name] for name in PLAN_NUMBERS if value.get(name) is not None]
    measured = all(is_number(one) and one >= 0 for one in known)
    fixed, start, tried = value.get("fixed", []), value.get("start", ""), value.get("candidates", {})
    held = is_text(start) or (isinstance(start, dict) and all(map(is_number, start.values())))
    candidates = isinstance(tried, dict) and all(map(are_settings, tried.values()))
    suggested = isinstance(value.get("clusters", {}), dict)
    return named and counted and measured and are_texts(fixed) and held and candidates and suggested


def is_change(value: Any) -> bool:
    """Whether this says what was changed while a run trained (see `mmclust.changes.Change`)."""
    if not (isinstance(value, dict) and set(value) == {"step", "epoch", "name", "before", "after", "trial"}):
        return False
    when = is_whole(value["step"]) and is_number(value["epoch"]) and 0 <= value["epoch"] < 10**9
    what = is_word(value["name"]) and is_word(value["trial"])
    return when and what and is_setting(value["before"]) and is_setting(value["after"])


def is_parent(value: Any) -> bool:
    """Whether this says nothing, or of which run a fork is; pages show its words."""
    if value == {}:
        return True
    named = isinstance(value, dict) and set(value) == {"run", "epoch", "step"} and is_text(value["run"])
    counted = named and type(value["epoch"]) in (int, float) and 0 <= value["epoch"] < 10**9
    return counted and is_whole(value["step"]) and re.fullmatch(r"[\w-]{1,100}", value["run"]) is not None


FIELDS: dict[str, Callable[[Any], bool]] = (
    dict.fromkeys(("dataset", "method", "preset", "launcher", "title"), is_text)
    | dict.fromkeys(("epochs", "seed", "devices", "evaluate_every", "n_snapshots"), is_whole)
    | dict.fromkeys(("n_clusters", "limit"), is_whole_or_none)
    | dict.fromkeys(("preprocessing", "tags"), are_texts)
    | {
        "config": lambda value: isinstance(value, dict),
        "auto": is_plan,
        "changes": lambda value: isinstance(value, list) and all(map(is_change, value)),
        "parent": is_parent,
        "device": lambda value: value in ("auto", "cpu", "cuda"),
        "precision": lambda value: value in ("float32", "bf16"),
        "execution": lambda value: value in ("eager", "auto"),
        "gpus": lambda value: type(value) in (int, float) and 0 <= value <= 1024,
    }
)
