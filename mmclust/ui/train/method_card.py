"""The method card: idea, objective and terms, with the weights of the moment in the equations."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from mmclust.methods.card import MethodCard
from mmclust.ui.components.stage.terms import term_colors


def objective(card: MethodCard, values: Mapping[str, Any]) -> list[str]:
    """The objective in LaTeX, one line per player, each weight in its term's colour above its value of the moment."""
    text = card.objective
    symbols = {hyperparameter.name: hyperparameter.symbol for hyperparameter in card.hyperparameters}
    colors = term_colors(card)
    done: dict[str, str] = {}
    for term in card.terms:
        symbol = symbols.get(term.weight)
        if symbol and symbol not in done:
            # A placeholder first: a symbol such as \lambda may also occur inside what replaces another one.
            done[symbol] = f"\x00{len(done)}\x00"
            text = text.replace(symbol + " ", done[symbol]).replace(symbol, done[symbol])
            colored = rf"\textcolor{{{colors[term.name]}}}{{{symbol}}}"
            done[symbol] = rf"\underset{{\textstyle {number(values[term.weight])}}}{{{colored}}}"
    for i, value in enumerate(done.values()):
        text = text.replace(f"\x00{i}\x00", value + " ")
    return [line.strip() for line in text.split(r"\qquad")]


def draw_method_card(card: MethodCard, values: Mapping[str, Any]) -> None:
    """The whole card.

    Args:
        card: of the method.
        values: every hyper-parameter of the moment.
    """
    with st.container(border=True, key="mm-card"):
        st.markdown(f"## {card.title}: the idea")
        st.markdown(card.idea)
        for number, line in enumerate(objective(card, values)):
            with st.container(key=f"mm-card-line-{number}"):  # its room is kept until formulas can be drawn
                st.latex(line)
        with st.container(key="mm-card-terms"):
            st.markdown(terms(card, values))
        st.caption(f"{card.citation} [Paper]({card.paper})")


def terms(card: MethodCard, values: Mapping[str, Any]) -> str:
    """The loss terms as a Markdown table: colour and name, equation, meaning."""
    colors = term_colors(card)
    rows = ["| Term | Loss | In words |", "|:--|:--|:--|"]
    for term in card.terms:
        off = "" if values.get(term.weight, 1.0) else " :gray-badge[off]"
        # A bar would end the table's cell.
        latex = term.latex.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        square = rf"$\textcolor{{{colors[term.name]}}}{{\blacksquare}}$"
        rows.append(f"| {square}&nbsp;**{term.title}**{off} | ${latex}$ | {term.meaning} |")
    return "\n".join(rows)


def number(value: float) -> str:
    """A number as short as it can be written: 2, 0.5, 1e-4."""
    text = f"{value:g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    power = rf"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa}\cdot {power}"
