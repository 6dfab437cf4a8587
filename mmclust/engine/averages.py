"""Running means of what training tells."""

from collections import Counter, defaultdict
from typing import Any

import torch
from torch import Tensor

from mmclust.engine.steps import Values


class Averages:
    """Running means of what turns tell, which stay on the device until they are read."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        """Each (n,), by the n names, joined: what a phase tells is added at once."""
        self.counts: dict[str, int] = {}

    def add(self, values: Values) -> None:
        """Count in what a phase tells; waits for nothing."""
        names = ",".join(values.names)
        self.sums[names] = self.sums[names] + values.vector if names in self.sums else values.vector
        self.counts[names] = self.counts.get(names, 0) + 1

    def read(self) -> dict[str, float]:
        """The means since the last reading; the one place where the loop waits for the device."""
        if not self.sums:
            return {}
        names = [(name, self.counts[joined]) for joined in self.sums for name in joined.split(",")]
        values = torch.cat(list(self.sums.values())).tolist()
        sums, counts = defaultdict[str, float](float), Counter[str]()
        for (name, count), value in zip(names, values, strict=True):
            sums[name] += value
            counts[name] += count
        self.__init__()
        return {name: value / counts[name] for name, value in sums.items()}

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"sums": self.sums, "counts": self.counts}

    def restore(self, state: dict[str, Any], device: torch.device) -> None:
        """Go on from a checkpoint, also of a version that kept each name apart, with sums of no dimension."""
        self.sums = {names: value.to(device).reshape(-1) for names, value in state["sums"].items()}
        self.counts = dict(state["counts"])
