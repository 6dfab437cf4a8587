"""How long work tells where it stands."""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the fraction done, from 0 to 1, and what is being done."""
