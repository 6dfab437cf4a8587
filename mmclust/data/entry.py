"""What the catalogue knows of a data set before it is loaded, and where its files would be."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mmclust import settings
from mmclust.data.dataset import DataSpec, ViewSpec

ENDINGS = {
    "image": (".npz", ".tar.gz", ".tgz", ".tar", ".zip", ""),
    "multi-view": (".mat", ".npz", ".zip", ""),
}
"""How the file of a data set may end; the last one is a folder."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A data set in the catalogue, as a person meets it before it is loaded."""

    name: str
    title: str
    about: str
    """What a sample is, in a sentence or two."""
    shape: tuple[int, ...] = ()
    """(C, H, W) of an image; empty where `several` says what there is."""
    several: tuple[ViewSpec, ...] = ()
    """The views of a multi-view set; empty for an image set."""
    pixels: tuple[float, float] = (0.0, 255.0)
    """Smallest and largest value of a pixel."""
    n_samples: int
    n_clusters: int
    classes: tuple[str, ...] = ()
    source: str
    licence: str
    citation: str
    how_to_get: str = ""
    """One sentence; empty where nothing is to be got."""
    bundled: bool = False
    """Needs no file and no download."""
    downloads: bool = False
    """`download` can fetch it."""
    files: tuple[str, ...] = ()
    """Names it is found under besides its own, such as torchvision's folders."""
    needs: tuple["Entry", ...] = ()
    """Other data sets that it is made from."""
    as_found: bool = False
    """Sizes here are those of the papers; several files are about, and the user's own decides."""
    place: Path | None = None
    """Where a data set of a user lies; None for those of the catalogue, which are looked for."""
    captioned: bool = False
    """Samples have captions."""
    loader: str = "mmclust.data.vision:image_set"
    """"module:function", called as `function(spec, path, progress)`."""

    @property
    def kind(self) -> Literal["image", "multi-view"]:
        """Whether it is one set of images or has several views."""
        return "multi-view" if self.several else "image"

    @property
    def view_specs(self) -> tuple[ViewSpec, ...]:
        """Every view; one for an image set."""
        low, high = self.pixels
        return self.several or (ViewSpec(name="image", kind="image", shape=self.shape, low=low, high=high),)

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views."""
        return tuple(view.name for view in self.view_specs)

    @property
    def spec(self) -> DataSpec:
        """What a data set of this name holds, before any preparation."""
        return DataSpec(name=self.name, views=self.view_specs, n_clusters=self.n_clusters, classes=self.classes)

    def found_at(self) -> Path | None:
        """The file or folder it would be read from, or None; bundled sets have none."""
        if self.bundled or self.place:
            return self.place
        return next((path for root in folders() for path in self._places(root) if os.path.exists(path)), None)

    def available(self) -> bool:
        """Whether `load` needs no download."""
        there = self.bundled or self.found_at() is not None
        return there and all(needed.available() for needed in self.needs)

    def _places(self, root: Path) -> Iterator[Path]:
        yield from (root / name for name in self.files)
        for stem in dict.fromkeys(self.name.replace("-", other) for other in ("-", "_", "")):
            yield from (root / f"{stem}{ending}" for ending in ENDINGS[self.kind])
            if self.kind == "image":
                yield from (root / f"{stem}_jpeg{ending}" for ending in ENDINGS[self.kind])


def folders() -> Iterator[Path]:
    """Where data files are looked for: the user's folder, then the downloads."""
    if folder := settings.data_folder():
        yield folder
    yield settings.home() / "data"
