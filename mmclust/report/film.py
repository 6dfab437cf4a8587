"""The training of a run as a film: map, scores and the most confident samples of each cluster at its saved epochs."""

import logging
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmclust.analysis import timeline, topk
from mmclust.clustering import Clustering, cluster_snapshot
from mmclust.plots import images as drawing
from mmclust.plots.corners import corner_map, corners
from mmclust.report import samples
from mmclust.report.figures.paper import SMALL_PT, Paper, run_name

log = logging.getLogger(__name__)

Progress = Callable[[float], None]
KINDS = ("mp4", "webp", "gif")
PX = (1280, 720)
BETWEEN = 3
"""Pictures from one saved epoch to the next, so that points glide; fewer where a film has many epochs."""
FRAME_MS = 160
HOLD = 6
"""Times that the last picture is shown."""
MOST_POINTS = 6000
N_IMAGES = 8
MOST_ROWS = 12


def kinds() -> tuple[str, ...]:
    """What films can be written as here, the best first: MP4 needs ffmpeg."""
    return KINDS if ffmpeg() else KINDS[1:]


def ffmpeg() -> str | None:
    """Where ffmpeg is: on the PATH, or in the package imageio-ffmpeg."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-not-found]  # an extra, not a requirement
    except ImportError:
        return None
    try:
        return str(get_ffmpeg_exe())
    except RuntimeError:
        return None


def film(clustering: Clustering, kind: str, *, dark: bool = False, progress: Progress | None = None) -> bytes:
    """The film of a run.

    Args:
        clustering: the run at its last snapshot.
        kind: one of `KINDS`.
        dark: on a dark ground.
        progress: told the fraction done.

    Raises:
        ValueError: the run has one snapshot only, the kind is unknown, or MP4 is asked for without ffmpeg.
    """
    if kind not in KINDS:
        raise ValueError(f"films are written as {', '.join(KINDS)}, not as {kind or 'a file without ending'}")
    saved = timeline.shown_epochs(clustering.run.snapshots())
    if len(saved) < 2:
        raise ValueError(
            f"a film needs two saved epochs, run {clustering.record.run_id} has {len(saved)}; train it further"
        )
    encoder = ffmpeg() if kind == "mp4" else None
    if kind == "mp4" and encoder is None:
        raise ValueError("MP4 needs ffmpeg, which is not here; install ffmpeg, or choose webp or gif")
    pictures = _pictures(clustering, [epoch for epoch, _ in saved], Paper(dark=dark), progress or (lambda done: None))
    return _encoded(encoder, pictures) if encoder else _animated(kind, list(pictures))


def _pictures(clustering: Clustering, epochs: list[int], paper: Paper, progress: Progress) -> Iterator[np.ndarray]:
    """Pictures (H, W, 3) in order."""
    shown = [_at(clustering, epoch) for epoch in epochs]
    ids = timeline.common_samples([one.snapshot for one in shown], most=MOST_POINTS)
    places = [_positions(one, ids) for one in shown]
    between = max(1, min(BETWEEN, 48 // len(epochs)))
    total, done = (len(epochs) - 1) * between + 1, 0
    scene = _Scene(clustering, paper)
    for number in range(len(epochs)):
        steps = range(between) if number + 1 < len(epochs) else range(1)
        for step in steps:
            share = step / between
            after = min(number + 1, len(epochs) - 1)
            xy = (1 - share) * places[number] + share * places[after]
            yield scene.picture(shown[number], ids, xy, new=step == 0)
            done += 1
            progress(done / total)
    last = scene.picture(shown[-1], ids, places[-1], new=False)
    for _ in range(HOLD):
        yield last


def _at(clustering: Clustering, epoch: int) -> Clustering:
    if epoch == clustering.epoch:
        return clustering
    snapshot = clustering.snapshot_at(epoch)
    data = clustering.dataset
    return cluster_snapshot(clustering.record, clustering.run, clustering.version, snapshot, data, like=clustering)


def _positions(shown: Clustering, ids: np.ndarray) -> np.ndarray:
    rows = timeline.rows_of(shown.snapshot, ids)
    return corner_map(shown.log_probs[rows], temperature=1.0 if shown.snapshot.view_logits else 2.0)


class _Scene:
    """One picture after another on the same canvas: what stays is drawn once."""

    def __init__(self, clustering: Clustering, paper: Paper) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.clustering, self.paper = clustering, paper
        self.figure = Figure(figsize=(PX[0] / 100, PX[1] / 100), dpi=100, facecolor=paper.ground)
        self.canvas = FigureCanvasAgg(self.figure)
        self.map = paper.bare(self.figure.add_axes((0.015, 0.06, 0.5, 0.8)))
        self.rows = paper.bare(self.figure.add_axes((0.60, 0.06, 0.39, 0.8)), frame=False)
        self.map.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
        names = range(len(clustering.sizes)) if len(clustering.sizes) <= 30 else ()
        for k, (x, y) in zip(names, corners(len(clustering.sizes)) * 1.22, strict=False):
            self.map.text(x, y, clustering.short_name(k)[:14], color=paper.ink, ha="center", va="center", fontsize=10)
        self.points = self.map.scatter([], [], s=9, linewidths=0, alpha=0.85)
        about: dict[str, Any] = {"color": paper.ink, "va": "top"}
        self.figure.text(0.015, 0.97, run_name(clustering), fontsize=15, weight="bold", **about)
        self.told = self.figure.text(0.60, 0.97, "", fontsize=15, weight="bold", **about)

    def picture(self, shown: Clustering, ids: np.ndarray, xy: np.ndarray, *, new: bool) -> np.ndarray:
        """The canvas at a moment; `new` draws figures and samples of another epoch."""
        self.points.set_offsets(xy)
        if new:
            rows = timeline.rows_of(shown.snapshot, ids)
            self.points.set_facecolor([self.clustering.colors[k] for k in shown.y_pred[rows]])
            scores = "   ".join(f"{name.upper()} {shown.scores[name]:.1%}" for name in ("acc", "nmi") if shown.scores)
            self.told.set_text(f"epoch {shown.epoch}   {scores}")
            self._samples(shown)
        self.canvas.draw()
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()

    def _samples(self, shown: Clustering) -> None:
        axis, data = self.rows, shown.dataset
        axis.clear()
        self.paper.bare(axis, frame=False)
        view = None if data is None else next((i for i in range(len(data.views)) if samples.is_image(data, i)), None)
        order = np.sort(np.argsort(-shown.sizes, kind="stable")[:MOST_ROWS])
        if data is None or view is None:
            axis.barh(np.arange(len(order)), shown.sizes[order], color=[self.clustering.colors[k] for k in order])
            axis.set_ylim(len(order) - 0.5, -0.5)
        else:
            most = topk.most_confident(shown.snapshot, N_IMAGES)
            axis.imshow(
                _sheet(shown, view, [shown.ids[most[k]] for k in order]), interpolation="nearest", aspect="auto"
            )
        height = axis.get_ylim()[0] + 0.5
        for number, k in enumerate(order):
            text = f"{self.clustering.short_name(k)[:10]}  {int(shown.sizes[k]):,}"
            place = (-0.02, 1 - (number + 0.5) / len(order)) if height else (0, 0)
            about: dict[str, Any] = {
                "fontsize": SMALL_PT + 2,
                "ha": "right",
                "va": "center",
                "color": self.clustering.colors[k],
            }
            axis.text(*place, text, transform=axis.transAxes, **about)


def _sheet(shown: Clustering, view: int, rows: list[np.ndarray]) -> np.ndarray:
    px = 40
    cells = np.zeros((len(rows), N_IMAGES, px, px, 3), np.uint8)
    for number, ids in enumerate(rows):
        if len(ids):
            pictures = drawing.resize(samples.drawn(shown.data, view, ids), px)[:, :px, :px]
            cells[number, : len(ids), : pictures.shape[1], : pictures.shape[2]] = pictures
    return cells.swapaxes(1, 2).reshape(len(rows) * px, N_IMAGES * px, 3)


def _animated(kind: str, pictures: list[np.ndarray]) -> bytes:
    target = BytesIO()
    first, *rest = [Image.fromarray(picture) for picture in pictures]
    options = {"quality": 82, "method": 2} if kind == "webp" else {"optimize": False}
    first.save(target, kind.upper(), save_all=True, append_images=rest, duration=FRAME_MS, loop=0, **options)
    return target.getvalue()


def _encoded(encoder: str, pictures: Iterator[np.ndarray]) -> bytes:
    """MP4 that every browser plays."""
    size = f"{PX[0]}x{PX[1]}"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "film.mp4"
        command = [encoder, "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size]
        command += ["-r", f"{1000 / FRAME_MS:g}", "-i", "-", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
        process = subprocess.Popen([*command, str(target)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdin is not None
        try:
            for picture in pictures:
                process.stdin.write(picture.tobytes())
        except BrokenPipeError:
            log.warning("ffmpeg ended early")
        finally:
            process.stdin.close()
            told = process.stderr.read() if process.stderr else b""
            process.wait()
        if process.returncode:
            words = told.decode(errors="replace").strip().splitlines()
            raise ValueError(
                f"ffmpeg could not write the film ({words[-1] if words else 'no reason given'}); choose webp"
            )
        return target.read_bytes()
