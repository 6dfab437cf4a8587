"""A selection as the text of the URL's parameter, and back."""

import base64
import hashlib
import os
import re
import zlib
from dataclasses import dataclass

import numpy as np

from mmclust import settings
from mmclust.clustering import Clustering
from mmclust.ui.shell import cache

LONGEST = 1200
"""Characters of packed ids that an address may hold; longer ones go to a file."""
MOST_IDS = 2_000_000
MANY = 10_000
"""Ids that no address has room for, however well they are packed."""
MAX_FILES = 200
_BITS = b"bits"
"""What begins a selection with a bit for each id; compressed bytes begin otherwise."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Some samples of a clustering."""

    rows: np.ndarray
    """(m,) places in the clustering's arrays, ascending."""
    title: str
    """What they are, e.g. "Cluster 4 · seven"."""


def encode(clustering: Clustering, rows: np.ndarray, title: str) -> str:
    """Samples as the text of the URL's parameter.

    Args:
        clustering: the run at an epoch.
        rows: (m,) places in the clustering's arrays, ascending.
        title: stored with them where they are no whole cluster, class or cell.
    """
    if rule := _rule(_whole(clustering), rows):
        return rule
    packed, name = _pack(clustering.ids[rows]), title[:80]
    if len(packed) * 4 / 3 > LONGEST and (digest := _keep(packed)):
        return f"file:{digest}:{name}"
    return f"ids:{base64.urlsafe_b64encode(packed).decode().rstrip('=')}:{name}"


def is_rule(text: str) -> bool:
    """Whether the text of the URL's parameter names a cluster, class or cell, so that it means others elsewhere."""
    return text.startswith(("cluster:", "class:", "cell:"))


def decode(clustering: Clustering, text: str) -> Selection | None:
    """What the text of the URL's parameter selects of a clustering; None where it says nothing of it."""
    if found := re.fullmatch(r"(cluster|class|cell):(\d{1,6})(?:-(\d{1,6}))?", text):
        return _by_rule(clustering, found[1], int(found[2]), None if found[3] is None else int(found[3]))
    kind, _, rest = text.partition(":")
    payload, _, name = rest.partition(":")
    packed = _read(payload) if kind == "file" else _from_base64(payload) if kind == "ids" else None
    ids = None if packed is None else _unpack(packed)
    if ids is None:
        return None
    rows = np.flatnonzero(np.isin(clustering.ids, ids))
    return Selection(rows, name[:80] or "Selection") if len(rows) else None


def _rule(clustering: Clustering, rows: np.ndarray) -> str:
    """The rule that just these samples follow; one sample alone is itself."""
    if len(rows) < 2:
        return ""
    cluster, first = clustering.y_pred[rows[0]], rows[0]
    whole = bool((clustering.y_pred[rows] == cluster).all())
    if whole and len(rows) == clustering.sizes[cluster]:
        return f"cluster:{cluster + 1}"
    if (
        clustering.y_true is None
        or clustering.counts is None
        or not (clustering.y_true[rows] == clustering.y_true[first]).all()
    ):
        return ""
    label = clustering.y_true[first]
    if label < 0:
        return ""
    if len(rows) == clustering.counts[label].sum():
        return f"class:{label}"
    return f"cell:{label}-{cluster + 1}" if whole and len(rows) == clustering.counts[label, cluster] else ""


def _by_rule(clustering: Clustering, kind: str, number: int, cluster: int | None) -> Selection | None:
    whole = _whole(clustering)
    cluster = number if kind == "cluster" else cluster
    if (kind == "class") != (cluster is None) or (cluster is not None and not 1 <= cluster <= len(whole.sizes)):
        return None
    if kind == "cluster":
        return Selection(np.flatnonzero(whole.y_pred == number - 1), f"Cluster {whole.cluster_name(number - 1)}")
    if whole.y_true is None or whole.counts is None or number >= len(whole.counts):
        return None
    inside, title = whole.y_true == number, f"Class {clustering.class_name(number)}"
    if cluster is not None:
        inside = inside & (whole.y_pred == cluster - 1)
        title += f" in cluster {whole.cluster_name(cluster - 1)}"
    return Selection(np.flatnonzero(inside), title)


def _whole(clustering: Clustering) -> Clustering:
    """The run's own assignment at the epoch, which rules speak of: a page may show that of one view alone."""
    for epoch, path in clustering.run.snapshots():
        if epoch == clustering.epoch:
            return cache.clustering(clustering.record, epoch, path)
    return clustering


def _pack(ids: np.ndarray) -> bytes:
    """Distances between ascending ids, byte by byte, compressed; of very many, for a file, a bit for each id."""
    if len(ids) > MANY and ids.max() < MOST_IDS:
        bits = np.zeros(int(ids.max()) + 1, bool)
        bits[ids] = True
        return _BITS + zlib.compress(np.packbits(bits).tobytes(), 1)
    steps = np.diff(np.sort(ids.astype("<u4")), prepend=np.uint32(0)).astype("<u4")
    return zlib.compress(steps.view(np.uint8).reshape(-1, 4).T.tobytes(), 9 if len(ids) <= MANY else 1)


def _unpack(packed: bytes) -> np.ndarray | None:
    """The ids; None where the bytes hold none, or more than any data set has."""
    unzip, is_bits = zlib.decompressobj(), packed.startswith(_BITS)
    try:
        flat = np.frombuffer(unzip.decompress(packed.removeprefix(_BITS), 4 * MOST_IDS), np.uint8)
    except zlib.error:
        return None
    if not unzip.eof or not len(flat) or (not is_bits and len(flat) % 4):
        return None
    if is_bits:
        return np.flatnonzero(np.unpackbits(flat[: MOST_IDS // 8]))
    return np.cumsum(flat.reshape(4, -1).T.copy().view("<u4").ravel(), dtype=np.int64)


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None


def _keep(packed: bytes) -> str:
    """Write ids to a file by their content, and give its name; nothing where that cannot be done."""
    digest = hashlib.blake2b(packed, digest_size=12).hexdigest()
    folder = settings.home() / "cache" / "selections"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{digest}.{os.getpid()}.tmp"
        temporary.write_bytes(packed)
        temporary.replace(folder / digest)
        oldest = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in oldest[: max(0, len(oldest) - MAX_FILES)]:
            path.unlink(missing_ok=True)
    except OSError:
        return ""
    return digest


def _read(digest: str) -> bytes | None:
    if not re.fullmatch(r"[0-9a-f]{24}", digest):
        return None
    path = settings.home() / "cache" / "selections" / digest
    try:
        return path.read_bytes()
    except OSError:
        return None
