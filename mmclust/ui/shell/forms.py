"""Forms drawn from declared hyper-parameters: one widget per knob, grouped, with help and paper symbol.

The values of the form live in `st.session_state`, outlast a change of page, and stand in the URL where they differ
from the preset.
"""

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from mmclust.methods.card import Knob, MethodCard

PREFIX = "knob:"
"""Session keys of the knobs' widgets: `knob:beta_aug`."""

KEPT = "form"
"""Session key of the values that outlast a change of page: name -> value."""

DEFAULTS = "form-defaults"
"""Session key of the defaults that the form was last drawn with: name -> value."""


def keep(name: str, value: Any) -> None:
    """Remember a value of the form beyond the page."""
    st.session_state.setdefault(KEPT, {})[name] = value


def keep_change(name: str, value: Any, default: Any) -> None:
    """Remember a value, also in the URL, where it is not the default: defaults change with the data."""
    changed = not same(value, default)
    if changed:
        keep(name, value)
    else:
        st.session_state.get(KEPT, {}).pop(name, None)
    write_url({name: value if changed else None})


def forget() -> None:
    """Forget all values of the form, so that its next visit begins with what the URL says."""
    st.session_state.pop(KEPT, None)


def kept(name: str, default: Any = None) -> Any:
    """A value of the form as the URL or an earlier visit of the page left it."""
    return st.query_params.get(name, st.session_state.get(KEPT, {}).get(name, default))


def write_url(values: Mapping[str, Any]) -> None:
    """Put values into the URL; None takes a name out of it."""
    for name, value in values.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)


def reset(card: MethodCard) -> None:
    """Back to the preset's values."""
    for knob in card.knobs:
        st.session_state.pop(PREFIX + knob.name, None)
        st.session_state.get(KEPT, {}).pop(knob.name, None)
        st.query_params.pop(knob.name, None)


def set_values(card: MethodCard, values: Mapping[str, Any]) -> None:
    """Move some sliders, e.g. to a row of the paper's ablation table, and the others back to the preset."""
    reset(card)
    for name, value in values.items():
        st.session_state[PREFIX + name] = value


def knobs(card: MethodCard, defaults: Mapping[str, Any], *, open_groups: tuple[str, ...] = ()) -> dict[str, Any]:
    """Draw all knobs in their groups.

    Args:
        card: of the method.
        defaults: every hyper-parameter as the preset has it.
        open_groups: groups that start unfolded.

    Returns:
        The values that differ from `defaults`.
    """
    _follow(defaults)
    changes: dict[str, Any] = {}
    for group in dict.fromkeys(knob.group for knob in card.knobs):
        members = [knob for knob in card.knobs if knob.group == group]
        with st.expander(group, expanded=group in open_groups):
            for knob in members:
                value = widget(knob, defaults[knob.name])
                if not same(value, defaults[knob.name]):
                    changes[knob.name] = value
    for knob in card.knobs:
        keep_change(knob.name, changes.get(knob.name, defaults[knob.name]), defaults[knob.name])
    return changes


def _follow(defaults: Mapping[str, Any]) -> None:
    """Move sliders that stand at an earlier default, e.g. of more samples, to the present one."""
    earlier = st.session_state.get(DEFAULTS, {})
    for name, default in defaults.items():
        key = PREFIX + name
        if key in st.session_state and name in earlier and not same(earlier[name], default):
            value = st.session_state[key]
            st.session_state[key] = default if same(value, earlier[name]) else value
    st.session_state[DEFAULTS] = dict(defaults)


def widget(knob: Knob, default: Any) -> Any:
    """The widget of one knob, at its present value; returns the value.

    A value of the URL that the knob does not allow is replaced by the default.
    """
    key = PREFIX + knob.name
    if key not in st.session_state:
        try:
            st.session_state[key] = _in_kind(knob, kept(knob.name, default))
        except ValueError:
            st.session_state[key] = default
    help_text = f"{knob.help}\n\nPreset: {default}. Command line: `--set {knob.name}=...`"
    text = label(knob)
    if knob.kind is bool:
        return st.toggle(text, key=key, help=help_text)
    if knob.choices:
        return st.selectbox(text, knob.choices, key=key, help=help_text)
    if knob.log and knob.low is not None and knob.high is not None:
        stops = log_stops(knob.low, knob.high, (default, st.session_state[key]))
        return st.select_slider(text, stops, key=key, help=help_text, format_func=lambda v: f"{v:g}")
    low, high = (None if edge is None else knob.kind(edge) for edge in (knob.low, knob.high))
    step = None if knob.step is None else knob.kind(knob.step)
    if low is None or high is None:
        return st.number_input(text, low, high, step=step, key=key, help=help_text)
    return st.slider(text, low, high, step=step, key=key, help=help_text)


def label(knob: Knob) -> str:
    """Name and, where the paper has one, symbol."""
    name = knob.name.replace("_", " ")
    name = name[0].upper() + name[1:]
    return f"{name} ${knob.symbol}$" if knob.symbol else name


def log_stops(low: float, high: float, among: tuple[float, ...] = ()) -> list[float]:
    """1, 2, 5, 10 ... between two values, with both ends and the values in `among`."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    stops = {float(f"{m}e{e}") for e in decades for m in (1, 2, 5)}
    return sorted({stop for stop in stops if low <= stop <= high} | {float(low), float(high), *map(float, among)})


def same(left: Any, right: Any) -> bool:
    """Equality that forgives the rounding of sliders."""
    if isinstance(left, float) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=1e-6, abs_tol=1e-12)
    return left == right


def _in_kind(knob: Knob, value: Any) -> Any:
    value = knob.check(value)
    return value if knob.kind in (bool, str) else knob.kind(value)
