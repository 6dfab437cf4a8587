"""All lessons, in the order in which they are taken."""

from collections.abc import Callable
from typing import Any

from mmclust.lessons import augmentation, merged, overclustering, seeds, style
from mmclust.lessons.lesson import Lesson
from mmclust.lessons.shipped import Shipped

LESSONS: dict[str, Callable[[Shipped], Lesson[Any]]] = {
    "style": style.lesson,
    "augmentation": augmentation.lesson,
    "over-clustering": overclustering.lesson,
    "merged": merged.lesson,
    "seeds": seeds.lesson,
}
"""Name -> what reads the shipped runs and gives the lesson."""
TITLES = {
    "style": "Style code",
    "augmentation": "Augmentation",
    "over-clustering": "Over-clustering",
    "merged": "A merged pair",
    "seeds": "Seeds",
}
"""What the page calls them, before any run is read."""
