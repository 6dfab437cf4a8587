"""The table of methods. A menu can read it without importing torch."""

from importlib import import_module
from typing import TYPE_CHECKING

from mmclust.methods.card import MethodCard

if TYPE_CHECKING:
    from mmclust.methods.base import Method

METHODS = {
    "dccs": "mmclust.methods.dccs",
    "imc-swav": "mmclust.methods.imc_swav",
    "dmim": "mmclust.methods.dmim",
    "msdib": "mmclust.methods.msdib",
    "dmid-uic": "mmclust.methods.dmid_uic",
}
"""Key -> package with `card.py` (CARD, no torch) and `method.py` (METHOD, the class)."""


def card(name: str) -> MethodCard:
    """The method's card; no torch is imported.

    Raises:
        ValueError: unknown method; the message lists the known ones.
    """
    return import_module(_package(name) + ".card").CARD


def method_class(name: str) -> "type[Method]":
    """The method's class; imports torch.

    Raises:
        ValueError: unknown method; the message lists the known ones.
    """
    return import_module(_package(name) + ".method").METHOD


def _package(name: str) -> str:
    if name not in METHODS:
        raise ValueError(f"method {name!r} is not known; choose one of {', '.join(METHODS)}")
    return METHODS[name]
