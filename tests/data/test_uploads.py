from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmclust.data import catalogue, uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.uploads import About

N = 12
IMAGES = np.arange(N * 3 * 4 * 4, dtype=np.uint8).reshape(N, 3, 4, 4)
VECTORS = np.random.default_rng(0).normal(size=(N, 5)).astype(np.float32)
VIEWS = (ViewSpec(name="image", kind="image", shape=(3, 4, 4)), ViewSpec(name="text", kind="vector", shape=(5,)))
DATA = MultiViewDataset(
    spec=DataSpec(name="any", views=VIEWS, n_clusters=3, classes=("a", "b", "c")),
    views=(IMAGES, VECTORS),
    labels=np.arange(N) % 3,
    texts=np.array([f"sample {i}" for i in range(N)], object),
)


def test_a_kept_data_set_is_known_by_its_name_and_reads_the_same(home: Path) -> None:
    name = uploads.keep(DATA, About(title=" My  Birds! ", licence="CC BY 4.0", citation="Me, 2026"))
    assert name == "own/local/my-birds"
    for spelling in (name, "my-birds"):
        found = catalogue.load(spelling)
        assert found.spec == replace(DATA.spec, name=name)
        assert all(np.array_equal(a, b) for a, b in zip(found.views, DATA.views, strict=True))
        assert not found.views[0].flags.writeable  # in its file
        assert found.labels is not None and found.labels.tolist() == (np.arange(N) % 3).tolist()
        assert found.texts is not None and found.texts[4] == "sample 4"
    (entry,) = uploads.entries()
    assert (entry.title, entry.licence, entry.n_samples, entry.n_clusters) == ("My Birds!", "CC BY 4.0", N, 3)
    assert entry.available() and entry.kind == "multi-view" and entry.captioned
    assert catalogue.describe(name).views == VIEWS


def test_one_owner_does_not_see_what_another_has(home: Path) -> None:
    mine, yours = uploads.owner_of("me@example.org"), uploads.owner_of("you@example.org")
    name = uploads.keep(DATA, About(title="Mine"), mine)
    assert [entry.name for entry in uploads.entries(mine)] == [name]
    assert uploads.entries(yours) == uploads.entries() == [] and uploads.find("mine") is None
    for other in (name, f" {name}", f"{name}\n"):
        assert uploads.find(other) is not None and uploads.owner_in(other) == mine


@pytest.mark.parametrize("name", ["own/local/../../x", "own/../local/a", "/etc/passwd", "own/local/", "own//a", "../a"])
def test_a_name_never_becomes_a_path_elsewhere(home: Path, name: str) -> None:
    uploads.keep(DATA, About(title="a"))
    assert uploads.find(name) is None


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (About(title="  "), "has no title"),
        (About(title="x" * 81), "at most 80"),
        (About(title="x", licence="y" * 3000), "the licence has 3,000 letters"),
        (About(title="Taken"), "you have a data set called Taken already"),
    ],
)
def test_what_cannot_be_kept_is_one_sentence(home: Path, about: About, words: str) -> None:
    uploads.keep(DATA, About(title="taken"))
    with pytest.raises(ValueError, match=words):
        uploads.keep(DATA, about)
    assert len(uploads.entries()) == 1 and not list((home / "uploads" / "local" / ".drafts").iterdir())


def test_an_owner_has_so_much_room_and_no_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.settings, "limit", lambda name: 0)
    with pytest.raises(ValueError, match="0 MiB are left to you; delete a data set"):
        uploads.keep(DATA, About(title="a"))


def test_renaming_keeps_the_name_that_runs_know(home: Path) -> None:
    name = uploads.keep(DATA, About(title="First"))
    uploads.describe(name, About(title="Second", citation="Me"))
    assert uploads.about(name) == About(title="Second", citation="Me")
    found = uploads.find(name)
    assert found is not None and found.title == "Second"


def test_a_deleted_data_set_is_gone(home: Path) -> None:
    name = uploads.keep(DATA, About(title="First"))
    uploads.delete(name)
    assert uploads.entries() == [] and uploads.find(name) is None
    with pytest.raises(ValueError, match="any more; choose another"):
        uploads.delete(name)
    with pytest.raises(catalogue.UnknownDataset):
        catalogue.load(name)


def test_the_name_of_a_deleted_data_set_is_not_given_again(home: Path) -> None:
    for expected in ("own/local/first", "own/local/first-2", "own/local/first-3"):
        name = uploads.keep(DATA, About(title="First"))
        assert name == expected
        uploads.delete(name)


def test_damaged_files_are_one_sentence(home: Path) -> None:
    name = uploads.keep(DATA, About(title="First"))
    (home / "uploads" / "local" / "first" / "view-1.npy").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="the files of First are damaged"):
        catalogue.load(name)
    (home / "uploads" / "local" / "first" / "dataset.json").write_text("{")
    assert uploads.entries() == []


@pytest.mark.parametrize("name", ["view-0.npy", "view-1.npy", "labels.npy", "texts.json"])
def test_a_byte_that_has_changed_is_told_and_not_trained_on(home: Path, name: str) -> None:
    kept = uploads.keep(DATA, About(title="Mine"))
    file = home / "uploads" / "local" / "mine" / name
    catalogue.load(kept)
    assert uploads.damaged() == {}
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"files of Mine are damaged \\({name}\\); delete it"):
        catalogue.load(kept)
    assert uploads.damaged() == {kept: [name]}


def test_words_about_a_data_set_may_change(home: Path) -> None:
    kept = uploads.keep(DATA, About(title="Mine"))
    uploads.describe(kept, About(title="Ours"))
    assert uploads.damaged() == {} and catalogue.load(kept).n_samples == N
