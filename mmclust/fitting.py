"""Which methods take data of given shapes, and what can be done with data that none takes."""

import math
from collections.abc import Sequence

from mmclust.baselines.exploring import EXPLORED
from mmclust.methods import METHODS, card


def fitting_methods(shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """Names of the methods that take views of these shapes, (C, H, W) or (D,)."""
    several, is_image = len(shapes) > 1, len(shapes[0]) == 3
    return [name for name in METHODS if card(name).several_views == several and (several or is_image)]


def advice(shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """What can be done with views of these shapes where no method takes them; nothing where one does."""
    if fitting_methods(shapes):
        return []
    single = [card(name).title for name in METHODS if not card(name).several_views]
    several = [card(name).title for name in METHODS if card(name).several_views]
    (width,) = shapes[0]
    sides = (math.isqrt(width // channels) for channels in (1, 3) if width % channels == 0)
    side = next((side for side in sides if width in (side * side, 3 * side * side)), 0)
    pixels = (
        f"where the columns are the pixels of {side} x {side} images, answer so and {_either(single)} take them; "
        if side >= 8
        else f"{_either(single)} take images; "
    )
    titles, names = [one.title for one in EXPLORED.values()], " | ".join(EXPLORED)
    return [
        f"One view of numbers can be explored with baselines: {', '.join(titles[:-1])} and {titles[-1]} "
        f"(Explore with baselines on the Data page, or train --method {names}). Other methods: {pixels}"
        f"{_either(several)} take two views or more, such as the features of two extractors."
    ]


def _either(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
