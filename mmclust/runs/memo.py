"""What was worked out of objects that are kept, such as the records of a list, for as long as they are kept."""

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Found = TypeVar("Found")


class Memo(Generic[Thing, Found]):
    """A function whose results are kept by the identity of what it is given: specs and records cannot be hashed.

    Args:
        work: the function; its result depends on its argument alone, which never changes.
    """

    def __init__(self, work: Callable[[Thing], Found]) -> None:
        self._work = work
        self._kept: dict[int, tuple[weakref.ref[Thing], Found]] = {}

    def __call__(self, thing: Thing) -> Found:
        """The result for an object."""
        place = id(thing)
        kept = self._kept.get(place)
        if kept is not None and kept[0]() is thing:
            return kept[1]
        found = self._work(thing)
        self._kept[place] = (weakref.ref(thing, lambda gone: self._forget(place, gone)), found)
        return found

    def _forget(self, place: int, gone: "weakref.ref[Thing]") -> None:
        kept = self._kept.get(place)
        if kept is not None and kept[0] is gone:  # another object may have the place by now
            del self._kept[place]
