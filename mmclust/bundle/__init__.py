"""A run or a whole sweep as one file, to be opened on another machine: `export --bundle` and `import`.

A zip of JSON documents and plain `.npz` arrays: nothing in it is executed when it is opened. Everything is measured
against limits and checked before the store hears of it, as the file may come from anybody.

    manifest.json                       format, program, how many runs, and for a sweep what it asked for
    runs/0001/record.json               spec, title, metrics, times, the user's words and annotations
    runs/0001/curves.npz                step, epoch, name, value: a point per row
    runs/0001/snapshots/epoch_0010.npz  codes of an epoch (see `evaluation.snapshot`)
    runs/0001/weights.npz               the networks' parameters
"""

from mmclust.bundle.layout import FORMAT, IMPORTED, VERSION
from mmclust.bundle.reading import Opened, read
from mmclust.bundle.writing import write, write_run

__all__ = ["FORMAT", "IMPORTED", "VERSION", "Opened", "read", "write", "write_run"]
