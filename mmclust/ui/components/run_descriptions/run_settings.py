"""A run's settings against those of its preset: in its name, and one click away on every page."""

import re
from typing import Any

import streamlit as st

from mmclust.data import catalogue
from mmclust.escaping import markdown
from mmclust.methods import METHODS, card
from mmclust.methods.card import Hyperparameter
from mmclust.runs.record import RunRecord

GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η"},
    **{"kappa": "κ", "lambda": "λ", "mu": "μ", "sigma": "σ", "tau": "τ", "omega": "ω"},
}
MOST_NAMED = 3
"""Differences that a name holds; of more it says how many there are."""


def differences(record: RunRecord) -> dict[str, tuple[Any, Any]]:
    """What a user has set differently from the preset: name -> (preset's value, the run's).

    Of presets that follow the data the spec says which settings were fixed; the value that would have been chosen is
    not known any more and None.
    """
    spec, found = record.spec, {}
    if spec.n_clusters is not None and spec.n_clusters != _n_classes(spec.dataset):
        found["K"] = (_n_classes(spec.dataset), spec.n_clusters)
    if spec.limit is not None:
        found["samples"] = (None, spec.limit)
    if spec.method not in METHODS:
        return found
    about = card(spec.method)
    if about.is_automatic(spec.preset):
        fixed = [name for name in spec.auto.get("fixed", ()) if name in spec.config]
        return found | {name: (None, spec.config[name]) for name in fixed}
    if spec.preset not in about.presets:
        return found
    usual = about.resolve(spec.dataset, spec.preset, {})
    if record.n_samples is not None:
        usual["batch_size"] = min(usual["batch_size"], record.n_samples)
    return found | {n: (usual[n], v) for n, v in spec.config.items() if n in usual and usual[n] != v}


def _n_classes(dataset: str) -> int | None:
    entry = catalogue.find(dataset)
    return entry.n_clusters if entry else None


def in_short(record: RunRecord) -> str:
    """The differences for a name, e.g. "K=1000, η=0.005"; empty for a preset's run."""
    found = [f"{_symbol(record, name)}={_short(value)}" for name, (_, value) in differences(record).items()]
    last = {change["name"]: change["after"] for change in record.spec.changes}
    found += [f"{_symbol(record, name)}→{_short(value)}" for name, value in last.items()]
    more = [f"{len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    return ", ".join([*found[:MOST_NAMED], *more])


def _symbol(record: RunRecord, name: str) -> str:
    known = _hyperparameters(record)
    return plain_symbol(known[name].symbol) or name if name in known else name


def plain_symbol(latex: str) -> str:
    r"""A paper's symbol in letters: `\beta_{Aug}` is β_Aug; empty for one that letters cannot say."""
    text = re.sub(r"\\([a-z]+)", lambda found: GREEK.get(found[1], found[0]), latex)
    text = re.sub(r"[{}]", "", text)
    return "" if "\\" in text or " " in text else text


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value).lower()


def _hyperparameters(record: RunRecord) -> dict[str, Hyperparameter]:
    known = card(record.spec.method).hyperparameters if record.spec.method in METHODS else ()
    return {one.name: one for one in known}


def popover(record: RunRecord) -> None:
    """A button that shows every setting of the run, what differs from its preset first."""
    with st.popover("Settings", icon=":material/tune:", help="All settings of this run, compared with its preset."):
        st.markdown(_table(record))


def _table(record: RunRecord) -> str:
    """Markdown of all settings; those that differ are bold, with the preset's value beside."""
    spec, changed, known = record.spec, differences(record), _hyperparameters(record)
    rows = [f"Preset **{spec.preset}**, seed {spec.seed}, {spec.epochs} epochs, {spec.precision}."]
    rows += ["", "| setting | this run | preset |", "|---|---|---|"]
    names = [*changed, *(name for name in spec.config if name not in changed)]
    for name in names:
        title = known[name].words if name in known else name
        value = markdown(_short(changed[name][1] if name in changed else spec.config[name]))
        before = "chosen from the data" if name in changed and changed[name][0] is None else ""
        before = markdown(_short(changed[name][0])) if name in changed and not before else before
        rows.append(
            f"| {markdown(title)} | **{value}** | {before} |" if name in changed else f"| {title} | {value} | |"
        )
    for change in spec.changes:
        title = known[change["name"]].words if change["name"] in known else change["name"]
        arrow = f"{_short(change['before'])} → {_short(change['after'])}"
        rows.append(f"| {markdown(title)} | **{arrow}** | changed at epoch {change['epoch']:.1f} |")
    return "\n".join(rows)
