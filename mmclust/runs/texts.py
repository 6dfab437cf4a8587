"""Texts of users and of other machines as the store keeps them: without control characters, and not too long."""

import unicodedata

LINES = "\n\t"
DIRECTIONS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Characters that turn the direction of all text after them."""


def clean(text: str, *, at_most: int, lines: bool = False) -> str:
    """A text without control characters, halves of characters and changes of direction, and not too long.

    Args:
        text: of whatever origin.
        at_most: characters that are kept.
        lines: whether it may have several lines.
    """
    allowed = LINES if lines else ""
    return "".join(c for c in text if c in allowed or not _controls(c))[:at_most]


def _controls(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in DIRECTIONS
