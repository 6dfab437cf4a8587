"""Runs in words: titles, lines of lists, status, progress and times."""

import time

from mmclust import events
from mmclust.baselines.exploring import EXPLORED
from mmclust.data import catalogue
from mmclust.methods import METHODS, card
from mmclust.runs.record import RunRecord
from mmclust.ui.components.run_descriptions import run_settings

STATUS = {
    "queued": ("gray", ":material/hourglass_empty:"),
    "running": ("green", ":material/play_arrow:"),
    "paused": ("orange", ":material/pause:"),
    "finished": ("blue", ":material/check:"),
    "stopped": ("gray", ":material/stop:"),
    "failed": ("red", ":material/error:"),
    "interrupted": ("orange", ":material/bolt:"),
}
"""Colour and icon of a badge."""
EAGER = ("", "eager", "as written")
"""Execution mode of usual steps; the last is its name in runs of version 0.1.0."""
MOST_LETTERS = 30
"""Of a run's name in a list: with its ACC behind it, they fit into the run box of a window 1024 pixels wide."""


def method_title(record: RunRecord) -> str:
    """The title of the method or baseline; its key where it is not known here."""
    name = record.spec.method
    if name in EXPLORED:
        return EXPLORED[name].title
    return card(name).title if name in METHODS else name


def dataset_title(name: str) -> str:
    """The catalogue's title, or the last part of a path."""
    entry = catalogue.find(name)
    return entry.title if entry else name.rsplit("/", 1)[-1]


def about(record: RunRecord) -> str:
    """Method and data set."""
    return f"{method_title(record)} on {dataset_title(record.spec.dataset)}"


def title(record: RunRecord) -> str:
    """A run in a few words: what the user calls it, or method, data set and what differs from the preset."""
    if record.title:
        return record.title
    differs = run_settings.in_short(record)
    return f"{about(record)} · {differs}" if differs else about(record)


def with_seed(record: RunRecord) -> str:
    """A run in a few words with its seed, which the titles of a sweep's runs end with already."""
    words, seed = title(record), f"seed {record.spec.seed}"
    return words if words.endswith(seed) else f"{words}, {seed}"


def line(record: RunRecord) -> str:
    """A run in one line of a list, what tells it apart first: narrow boxes cut the end off."""
    words = [_shortened(with_seed(record)), *_metrics(record)]
    if record.example or record.status != "finished":
        words.append(_state(record))
    words.append(record.run_id.rsplit("-", 1)[-1])
    if record.title:
        words.append(about(record))
    return " · ".join(words)


def whole(record: RunRecord) -> str:
    """All that the line of a run may leave out or shorten."""
    words = [with_seed(record), *[about(record)] * bool(record.title), *_metrics(record), _state(record), record.run_id]
    return " · ".join(words)


def _metrics(record: RunRecord) -> list[str]:
    return [f"ACC {record.metrics['acc']:.1%}"] if record.metrics else []


def _state(record: RunRecord) -> str:
    return "example" if record.example else record.status


def _shortened(words: str) -> str:
    """Words that leave room for the metrics: the beginning, and the end with the seed."""
    if len(words) <= MOST_LETTERS:
        return words
    n_last = MOST_LETTERS // 2
    return f"{words[: MOST_LETTERS - n_last - 1].rstrip()}…{words[-n_last:].lstrip()}"


def badge(record: RunRecord) -> str:
    """Markdown of the badge of a run's status."""
    color, icon = STATUS[record.status]
    return f":{color}-badge[{icon} {record.status}]"


def ago(moment: float) -> str:
    """How long ago a moment was, in words."""
    seconds = max(0.0, time.time() - moment)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def duration(seconds: float) -> str:
    """1:05 or 2:03:04."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def progress(record: RunRecord) -> str:
    """Where a run stands, in words."""
    words = [f"Epoch {int(min(record.epoch, record.epochs))} of {record.epochs}"]
    n_trials = len(record.spec.auto.get("candidates", ()))
    if n_trials > 1 and record.status == "running" and record.total_steps:
        number = min(record.step * n_trials // record.total_steps + 1, n_trials)
        words.append(f"augmentation {number} of {n_trials}")
    if stage := events.stage_at(record.spec, record.epoch) if record.status == "running" else "":
        words.append(stage)
    if record.seconds_left is not None:
        words.append(f"about {duration(record.seconds_left)} left")
    elif record.status != "running":
        words.append(f"trained for {duration(record.seconds)}")
    else:
        words.append("starting …")
    if record.samples_per_s:
        words.append(f"{record.samples_per_s:,.0f} samples/s")
    if record.device:
        mode = record.environment.get("steps", "").partition(" (")[0]
        words.append(record.device if mode in EAGER else f"{record.device} ({mode})")
    if record.request:
        words.append({"stop": "stopping …", "pause": "pausing …"}[record.request])
    return " · ".join(words)
