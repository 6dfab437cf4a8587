"""What can be worked out again is bounded: the longest unused goes first, and nothing else."""

import json
import os
import time
from pathlib import Path

import pytest

from mmclust.cli.main import main
from mmclust.runs import caches


@pytest.fixture
def kept(home: Path) -> dict[str, Path]:
    """Files of 1,000 bytes, the first one unused for longest; and files that are not caches."""
    cached = ("runs/a/layouts/tsne-1.npy", "cache/thumbnails/9f/0.jpg", "cache/4a/array.npy", "runs/a/heat/1.npz")
    others = ("runs/a/snapshots/epoch_0001.npz", "runs/a/checkpoint.pt", "cache/selections/1", "cache/example-1.sqlite")
    now = time.time()
    for age, name in enumerate((*reversed(cached), *others)):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(bytes(1000))
        os.utime(home / name, (now - 60 * age, now - 60 * age))
    return {name: home / name for name in (*cached, *others)}


def there(kept: dict[str, Path]) -> list[str]:
    return [name for name, path in kept.items() if path.exists()]


def test_the_longest_unused_goes_first(home: Path, kept: dict[str, Path]):
    assert caches.clean(home, at_most=4000) == 0 and there(kept) == list(kept)
    assert caches.clean(home, at_most=2500) == 2000
    assert there(kept) == list(kept)[2:] and not (home / "cache" / "thumbnails" / "9f").exists()


def test_what_a_killed_process_left_behind_goes_after_a_day(home: Path, kept: dict[str, Path]):
    old, young = home / "runs/a/layouts/old.npy.1.tmp", home / "cache/new.12ab.tmp"
    for path, age_s in ((old, 2 * 86_400), (young, 60)):
        path.write_bytes(bytes(10))
        os.utime(path, (time.time() - age_s, time.time() - age_s))
    assert caches.clean(home) == 10
    assert young.exists() and there(kept) == list(kept)


def test_the_command_says_what_it_removed(home: Path, kept: dict[str, Path], capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMCLUST_MAX_CACHE_GIB", "1")
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == "0.0 MiB were removed, 0.0 MiB are left.\n" and there(kept) == list(kept)
    assert main(["clean", "--all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed_bytes": 4000, "left_bytes": 0}
    assert there(kept) == list(kept)[4:]
