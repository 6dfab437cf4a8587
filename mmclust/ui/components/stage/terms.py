"""Colours of loss terms: equations, curves and the stage share them."""

from mmclust.methods.card import MethodCard

TERM_COLORS = ("#1391a5", "#de6b35", "#6c7ce0", "#45a05a", "#cf5c9d", "#b18a1f", "#8b66cf", "#6c838d")
"""One per loss term, readable on light and dark."""


def term_colors(card: MethodCard) -> dict[str, str]:
    """Term name -> colour."""
    return {term.name: TERM_COLORS[i % len(TERM_COLORS)] for i, term in enumerate(card.terms)}
