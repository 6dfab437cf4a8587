"""Forms drawn from declared hyper-parameters: one widget per hyperparameter, grouped, with help and paper symbol.

Widgets get the value of their session key as their default too: a page that is drawn twice before the browser has
loaded a widget tells it the session's value only once, and without it that widget would show and send its own minimum.

The values of the form live in `st.session_state`, outlast a change of page, and stand in the URL where they differ
from the preset.
"""

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from mmclust.methods.card import Hyperparameter, MethodCard

PREFIX = "hyperparameter:"
"""Session keys of the hyperparameters' widgets: `hyperparameter:beta_aug`."""

SAVED = "form"
"""Session key of the values that outlast a change of page: name -> value."""

NUMBERS = "form:"
"""How session keys of whole numbers begin: `form:epochs`."""

DEFAULTS = "form-defaults"
"""Session key of the defaults that the form was last drawn with: name -> value."""


def save(name: str, value: Any) -> None:
    """Remember a value of the form beyond the page."""
    st.session_state.setdefault(SAVED, {})[name] = value


def save_change(name: str, value: Any, default: Any) -> None:
    """Remember a value, also in the URL, where it is not the default: defaults change with the data."""
    changed = not same(value, default)
    if changed:
        save(name, value)
    else:
        st.session_state.get(SAVED, {}).pop(name, None)
    write_url({name: value if changed else None})


def forget() -> None:
    """Forget all values of the form, so that its next visit begins with what the URL says."""
    st.session_state.pop(SAVED, None)


def saved(name: str, default: Any = None) -> Any:
    """A value of the form as the URL or an earlier visit of the page left it."""
    return st.query_params.get(name, st.session_state.get(SAVED, {}).get(name, default))


def write_url(values: Mapping[str, Any]) -> None:
    """Put values into the URL; None takes a name out of it."""
    for name, value in values.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)


def reset(card: MethodCard) -> None:
    """Back to the preset's values."""
    for hyperparameter in card.hyperparameters:
        st.session_state.pop(PREFIX + hyperparameter.name, None)
        st.session_state.get(SAVED, {}).pop(hyperparameter.name, None)
        st.query_params.pop(hyperparameter.name, None)


def set_values(card: MethodCard, values: Mapping[str, Any]) -> None:
    """Move some sliders, e.g. to a row of the paper's ablation table, and the others back to the preset."""
    reset(card)
    for name, value in values.items():
        st.session_state[PREFIX + name] = value


def hyperparameters(
    card: MethodCard, defaults: Mapping[str, Any], *, open_groups: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Draw all hyperparameters in their groups.

    Args:
        card: of the method.
        defaults: every hyper-parameter as the preset has it.
        open_groups: groups that start unfolded.

    Returns:
        The values that differ from `defaults`.
    """
    _follow(defaults)
    changes: dict[str, Any] = {}
    for group in dict.fromkeys(hyperparameter.group for hyperparameter in card.hyperparameters):
        members = [hyperparameter for hyperparameter in card.hyperparameters if hyperparameter.group == group]
        with st.expander(group, expanded=group in open_groups):
            for hyperparameter in members:
                value = widget(hyperparameter, defaults[hyperparameter.name])
                if not same(value, defaults[hyperparameter.name]):
                    changes[hyperparameter.name] = value
    for hyperparameter in card.hyperparameters:
        save_change(
            hyperparameter.name,
            changes.get(hyperparameter.name, defaults[hyperparameter.name]),
            defaults[hyperparameter.name],
        )
    return changes


def number(name: str, label: str, default: int, low: int, high: int, text: str) -> int:
    """A whole number that stands in the URL where it is not the default; one left at an earlier default follows it."""
    key = f"{NUMBERS}{name}"
    earlier = st.session_state.setdefault(DEFAULTS, {}).get(name, default)
    if key in st.session_state and earlier != default and st.session_state[key] == earlier:
        st.session_state[key] = default
    if key not in st.session_state:
        wanted = str(saved(name, default))
        st.session_state[key] = min(high, max(low, int(wanted))) if wanted.lstrip("-").isdigit() else default
    st.session_state[DEFAULTS] = st.session_state[DEFAULTS] | {name: default}
    now = within(low, st.session_state[key], high)
    value = int(st.number_input(label, low, high, now, step=1, key=key, help=text))
    save_change(name, value, default)
    return value


def _follow(defaults: Mapping[str, Any]) -> None:
    """Move sliders that stand at an earlier default, e.g. of more samples, to the present one."""
    earlier = st.session_state.get(DEFAULTS, {})
    for name, default in defaults.items():
        key = PREFIX + name
        if key in st.session_state and name in earlier and not same(earlier[name], default):
            value = st.session_state[key]
            st.session_state[key] = default if same(value, earlier[name]) else value
    st.session_state[DEFAULTS] = earlier | dict(defaults)


def widget(hyperparameter: Hyperparameter, default: Any) -> Any:
    """The widget of one hyperparameter, at its present value; returns the value.

    A value of the URL that the hyperparameter does not allow is replaced by the default.
    """
    key = PREFIX + hyperparameter.name
    if key not in st.session_state:
        try:
            st.session_state[key] = _in_kind(hyperparameter, saved(hyperparameter.name, default))
        except ValueError:
            st.session_state[key] = default
    help_text = f"{hyperparameter.help}\n\nPreset: {default}. Command line: `--set {hyperparameter.name}=...`"
    text = label(hyperparameter)
    now = st.session_state[key]
    if hyperparameter.kind is bool:
        return st.toggle(text, bool(now), key=key, help=help_text)
    if hyperparameter.choices:
        index = hyperparameter.choices.index(now) if now in hyperparameter.choices else 0
        return st.selectbox(text, hyperparameter.choices, index, key=key, help=help_text)
    if hyperparameter.log and hyperparameter.low is not None and hyperparameter.high is not None:
        stops = log_stops(hyperparameter.low, hyperparameter.high, (default, now))
        return st.select_slider(text, stops, float(now), key=key, help=help_text, format_func=lambda v: f"{v:g}")
    low, high = (
        None if edge is None else hyperparameter.kind(edge) for edge in (hyperparameter.low, hyperparameter.high)
    )
    step = None if hyperparameter.step is None else hyperparameter.kind(hyperparameter.step)
    now = hyperparameter.kind(within(low, now, high))
    if low is None or high is None:
        return st.number_input(text, low, high, now, step=step, key=key, help=help_text)
    return st.slider(text, low, high, now, step=step, key=key, help=help_text)


def within(low: float | None, value: Any, high: float | None) -> Any:
    """The value, or the bound that it lies beyond: of another method a hyperparameter has other bounds."""
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else value


def label(hyperparameter: Hyperparameter) -> str:
    """Title and, where the paper has one, symbol."""
    title = hyperparameter.words
    return f"{title} ${hyperparameter.symbol}$" if hyperparameter.symbol else title


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


def _in_kind(hyperparameter: Hyperparameter, value: Any) -> Any:
    value = hyperparameter.check(value)
    return value if hyperparameter.kind in (bool, str) else hyperparameter.kind(value)
