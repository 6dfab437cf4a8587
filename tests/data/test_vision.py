"""Downloads are tried with small files in torchvision's formats, served by `file:` addresses."""

import bz2
import gzip
import hashlib
import io
import pickle
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets as tv
from PIL import Image

from mmclust.data import catalogue, vision
from mmclust.data.catalogue import DATASETS, DataUnavailable
from mmclust.data.dataset import MultiViewDataset

RNG = np.random.default_rng(0)
N_TRAIN, N_TEST, N_UNLABELLED = 30, 12, 50


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the servers; MMCLUST_DATA is an empty one."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("MMCLUST_DATA", str(tmp_path / "data"))
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def put(site: Path, name: str, data: bytes) -> tuple[str, str, str]:
    (site / name).write_bytes(data)
    return (site / name).as_uri(), name, md5(data)


def tar_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def draw(n: int, *shape: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    return RNG.integers(0, 256, (n, *shape), np.uint8), RNG.integers(0, classes, n)


Truth = tuple[np.ndarray, np.ndarray]


def mnist(site: Path, patch: pytest.MonkeyPatch, name: str = "MNIST") -> Truth:
    parts, resources = [], []
    for part, n in (("train", N_TRAIN), ("t10k", N_TEST)):
        images, labels = draw(n, 28, 28, classes=10)
        parts.append((images[:, None], labels))
        head = (2051).to_bytes(4, "big") + b"".join(size.to_bytes(4, "big") for size in images.shape)
        resources.append(put(site, f"{part}-images-idx3-ubyte.gz", gzip.compress(head + images.tobytes()))[1:])
        head = (2049).to_bytes(4, "big") + n.to_bytes(4, "big")
        content = gzip.compress(head + labels.astype(np.uint8).tobytes())
        resources.append(put(site, f"{part}-labels-idx1-ubyte.gz", content)[1:])
    dead = (site / "dead").as_uri() + "/"
    patch.setattr(getattr(tv, name), "mirrors", [dead, site.as_uri() + "/"])
    patch.setattr(getattr(tv, name), "resources", resources)
    return join(parts)


def fashion(site: Path, patch: pytest.MonkeyPatch) -> Truth:
    return mnist(site, patch, "FashionMNIST")


def usps(site: Path, patch: pytest.MonkeyPatch) -> Truth:
    parts, split_list = [], {}
    for part, n, name in (("train", N_TRAIN, "usps.bz2"), ("test", N_TEST, "usps.t.bz2")):
        levels, labels = draw(n, 256, classes=10)
        images = np.round(levels / 127.5 - 1, 3)
        rows = [
            f"{label + 1} " + " ".join(f"{i + 1}:{value:g}" for i, value in enumerate(row)) + " \n"
            for row, label in zip(images, labels, strict=True)
        ]
        split_list[part] = put(site, name, bz2.compress("".join(rows).encode()))
        parts.append((images.reshape(-1, 1, 16, 16).astype(np.float32), labels))
    patch.setattr(tv.USPS, "split_list", split_list)
    return join(parts)


def cifar(site: Path, patch: pytest.MonkeyPatch, n_classes: int) -> Truth:
    source = tv.CIFAR10 if n_classes == 10 else tv.CIFAR100
    key, meta_key = ("labels", "label_names") if n_classes == 10 else ("fine_labels", "fine_label_names")
    names = (["data_batch_1"], ["test_batch"]) if n_classes == 10 else (["train"], ["test"])
    parts, files, lists = [], {}, []
    for (name,), n in zip(names, (N_TRAIN, N_TEST), strict=True):
        images, labels = draw(n, 3, 32, 32, classes=n_classes)
        parts.append((images, labels))
        files[name] = pickle.dumps({"data": images.reshape(n, -1), key: labels.tolist()})
        lists.append([[name, md5(files[name])]])
    meta_name = str(source.meta["filename"])
    files[meta_name] = pickle.dumps({meta_key: [str(i) for i in range(n_classes)]})
    url, file, total = put(
        site, source.filename, tar_of({f"{source.base_folder}/{name}": data for name, data in files.items()})
    )
    for attribute, value in {
        "url": url,
        "filename": file,
        "tgz_md5": total,
        "train_list": lists[0],
        "test_list": lists[1],
        "meta": {"filename": meta_name, "key": meta_key, "md5": md5(files[meta_name])},
    }.items():
        patch.setattr(source, attribute, value)
    return join(parts)


def cifar10(site: Path, patch: pytest.MonkeyPatch) -> Truth:
    return cifar(site, patch, 10)


def cifar100(site: Path, patch: pytest.MonkeyPatch) -> Truth:
    return cifar(site, patch, 100)


def stl10(site: Path, patch: pytest.MonkeyPatch) -> Truth:
    unlabelled, _ = draw(N_UNLABELLED, 3, 96, 96, classes=10)
    parts, files = [], {"unlabeled_X.bin": unlabelled.transpose(0, 1, 3, 2).tobytes()}
    for part, n in (("train", N_TRAIN), ("test", N_TEST)):
        images, labels = draw(n, 3, 96, 96, classes=10)
        parts.append((images, labels))
        files[f"{part}_X.bin"] = images.transpose(0, 1, 3, 2).tobytes()  # the source stores columns first
        files[f"{part}_y.bin"] = (labels + 1).astype(np.uint8).tobytes()
    sums = {name: [name, md5(data)] for name, data in files.items()}
    url, _, total = put(site, tv.STL10.filename, tar_of({f"stl10_binary/{name}": data for name, data in files.items()}))
    patch.setattr(tv.STL10, "url", url)
    patch.setattr(tv.STL10, "tgz_md5", total)
    patch.setattr(tv.STL10, "train_list", [sums[name] for name in ("train_X.bin", "train_y.bin", "unlabeled_X.bin")])
    patch.setattr(tv.STL10, "test_list", [sums[name] for name in ("test_X.bin", "test_y.bin")])
    return join(parts)


def join(parts: list[tuple[np.ndarray, np.ndarray]]) -> Truth:
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


SITES: dict[str, Callable[[Path, pytest.MonkeyPatch], Truth]] = {
    "mnist": mnist,
    "fashion-mnist": fashion,
    "usps": usps,
    "cifar10": cifar10,
    "cifar100": cifar100,
    "stl10": stl10,
}


def check(dataset: MultiViewDataset, name: str, truth: Truth) -> None:
    assert dataset.spec == DATASETS[name].spec
    assert np.array_equal(dataset.views[0], truth[0]) and dataset.views[0].dtype == truth[0].dtype
    assert dataset.labels is not None and dataset.labels.dtype == np.int64
    assert np.array_equal(dataset.labels, truth[1])
    assert dataset.split is not None and dataset.split.tolist() == [0] * N_TRAIN + [1] * N_TEST


@pytest.mark.parametrize("name", SITES)
def test_a_download_arrives_with_progress_and_is_there_afterwards(
    name: str, site: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = SITES[name](site, monkeypatch)
    told: list[tuple[float, str]] = []
    assert not DATASETS[name].available()
    catalogue.download(name, lambda fraction, message: told.append((fraction, message)))
    assert DATASETS[name].found_at() == home / "data" / f"{name}.npz"
    assert [item.name for item in (home / "data").iterdir()] == [f"{name}.npz"]
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1 and len(told) >= 3
    assert " MB" in told[0][1]
    check(catalogue.load(name), name, truth)


@pytest.mark.parametrize("name", SITES)
def test_torchvisions_own_folders_are_found_among_the_users_data(
    name: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = SITES[name](site, monkeypatch)
    source = getattr(tv, vision._TORCHVISION[name][0])
    if name == "usps":
        for file in ("usps.bz2", "usps.t.bz2"):
            (tmp_path / "data" / file).write_bytes((site / file).read_bytes())
    else:
        for _, file, _ in vision._wanted(vision._TORCHVISION[name][0], tmp_path / "data"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes((site / file.name).read_bytes())
        source(tmp_path / "data", download=True)  # unpacks them
    check(catalogue.load(name), name, truth)
    if name != "usps":
        monkeypatch.setattr(vision, "_parsed", None)  # the second time comes from the cache
        check(catalogue.load(name), name, truth)


def test_stl10_brings_its_unlabelled_images_from_either_place(
    site: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stl10(site, monkeypatch)
    downloaded = catalogue.load("stl10", download=True)
    with tarfile.open(site / tv.STL10.filename) as archive:
        if hasattr(tarfile, "data_filter"):  # not in Python before 3.11.4, and later versions warn without one
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(tmp_path / "data")
    unpacked = catalogue.load("stl10")
    assert downloaded.n_samples == unpacked.n_samples == N_TRAIN + N_TEST
    (a,), (b,) = downloaded.unlabelled, unpacked.unlabelled
    assert a.shape == (N_UNLABELLED, 3, 96, 96) and a.dtype == np.uint8
    assert np.array_equal(a, b)
    raw = np.fromfile(tmp_path / "data" / "stl10_binary" / "unlabeled_X.bin", np.uint8).reshape(-1, 3, 96, 96)
    assert np.array_equal(a, raw.transpose(0, 1, 3, 2))
    part = unpacked.part("train+unlabelled")
    assert part.tolist() == [*range(N_TRAIN), *range(N_TRAIN + N_TEST, N_TRAIN + N_TEST + N_UNLABELLED)]
    assert len(unpacked.take(np.arange(21)).unlabelled[0]) == N_UNLABELLED // 2


def test_cifar20_comes_from_cifar100(site: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, fine = cifar100(site, monkeypatch)
    dataset = catalogue.load("cifar20", download=True)
    assert [item.name for item in (home / "data").iterdir()] == ["cifar100.npz"]
    assert DATASETS["cifar100"].available() and np.array_equal(dataset.views[0], images)
    assert dataset.spec == DATASETS["cifar20"].spec and dataset.labels is not None
    for coarse, label in zip(dataset.labels, fine, strict=True):
        members = vision.SUPERCLASSES[dataset.spec.classes[coarse]].split()
        assert vision.CIFAR100_CLASSES[label] in members


def test_the_coarse_classes_are_those_of_the_source() -> None:
    published = "4 1 14 8 0 6 7 7 18 3 3 14 9 18 7 11 3 9 7 11 6 11 5 10 7 6 13 15 3 15"  # of fine classes 0 to 29
    coarse_of = {name: i for i, names in enumerate(vision.SUPERCLASSES.values()) for name in names.split()}
    assert [coarse_of[name] for name in vision.CIFAR100_CLASSES[:30]] == [int(i) for i in published.split()]
    assert len(vision.CIFAR100_CLASSES) == len(set(vision.CIFAR100_CLASSES)) == 100
    assert {len(names.split()) for names in vision.SUPERCLASSES.values()} == {5}


def test_a_dead_server_is_a_sentence_and_what_arrived_is_kept(
    site: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = mnist(site, monkeypatch)
    hidden = site / "t10k-labels-idx1-ubyte.gz"
    hidden.rename(site / "away")
    with pytest.raises(DataUnavailable, match="MNIST could not be downloaded.*check the connection") as error:
        catalogue.download("mnist")
    assert "\n" not in str(error.value) and not DATASETS["mnist"].available()
    (site / "away").rename(hidden)
    (site / "train-images-idx3-ubyte.gz").unlink()  # it was fetched the first time
    check(catalogue.load("mnist", download=True), "mnist", truth)


def test_a_damaged_download_is_refused(site: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cifar10(site, monkeypatch)
    file = site / tv.CIFAR10.filename
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(DataUnavailable, match="arrived damaged"):
        catalogue.download("cifar10")
    assert not DATASETS["cifar10"].available()
    assert not [item for item in home.rglob("*") if item.is_file()]


def test_a_full_disk_ends_a_download_with_a_sentence(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usps(site, monkeypatch)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(DataUnavailable, match="No space left on device.*the space in"):
        catalogue.download("usps")


@pytest.mark.parametrize("name", ["imagenet10", "tiny-imagenet"])
def test_what_has_no_download_says_where_it_comes_from(name: str, site: Path) -> None:
    with pytest.raises(DataUnavailable, match="has no download here: get "):
        catalogue.download(name)


def test_incomplete_files_of_torchvision_are_refused(tmp_path: Path, site: Path) -> None:
    (tmp_path / "data" / "cifar-10-batches-py").mkdir()
    with pytest.raises(ValueError, match="not complete.*remove them and download again"):
        catalogue.load("cifar10")


def photograph(level: int, size: tuple[int, int] = (130, 110)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (level, level, level)).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("folder", ["", "imagenet/"])
def test_imagenet10_is_cut_out_of_a_local_imagenet(folder: str, tmp_path: Path, site: Path) -> None:
    wnids = [*vision.IMAGENET10, "n01440764"]
    for i, wnid in enumerate(wnids):
        place = tmp_path / "data" / folder / "train" / wnid
        place.mkdir(parents=True)
        (place / f"{wnid}_1.JPEG").write_bytes(photograph(20 * i))
    dataset = catalogue.load("imagenet10")
    assert dataset.views[0].shape == (10, 3, 96, 96) and dataset.spec == DATASETS["imagenet10"].spec
    assert dataset.labels is not None and dataset.labels.tolist() == list(range(10))
    assert np.abs(dataset.views[0].mean(axis=(1, 2, 3)) - 20 * np.arange(10)).max() < 2


def test_imagenet10_is_read_from_an_archive_of_its_own(tmp_path: Path, site: Path) -> None:
    files = {f"imagenet-10/{wnid}/a.JPEG": photograph(20 * i) for i, wnid in enumerate(vision.IMAGENET10)}
    (tmp_path / "data" / "imagenet10.tar.gz").write_bytes(tar_of(files))
    assert catalogue.load("imagenet10").spec == DATASETS["imagenet10"].spec


def tiny_imagenet(root: Path, annotations: str) -> None:
    for name, level in {
        "train/n01443537/images/n01443537_0.JPEG": 10,
        "train/n01629819/images/n01629819_0.JPEG": 50,
        "val/images/val_0.JPEG": 90,
        "val/images/val_1.JPEG": 130,
        "val/images/val_10.JPEG": 170,
        "test/images/test_0.JPEG": 210,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(photograph(level, (64, 64)))
    (root / "words.txt").write_text("n01443537\tgoldfish, Carassius auratus\nn01629819\tEuropean fire salamander\n")
    if annotations:
        (root / "val" / "val_annotations.txt").write_text(annotations)


VALIDATION = "".join(
    f"val_{number}.JPEG\t{wnid}\t0\t0\t63\t63\n"
    for number, wnid in ((0, "n01629819"), (1, "n01443537"), (10, "n01629819"))
)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_tiny_imagenet_is_tested_on_its_validation_pictures(kind: str, tmp_path: Path, site: Path) -> None:
    root = tmp_path / ("data" if kind == "folder" else "made") / "tiny-imagenet-200"
    tiny_imagenet(root, VALIDATION)
    if kind == "zip":
        shutil.make_archive(str(tmp_path / "data" / "tiny-imagenet-200"), "zip", root.parent, root.name)
    dataset = catalogue.load("tiny-imagenet")
    assert dataset.views[0].shape == (5, 3, 64, 64)
    assert np.abs(dataset.views[0].mean(axis=(1, 2, 3)) - [10, 50, 90, 130, 170]).max() < 2
    assert dataset.spec.classes == ("goldfish", "European fire salamander")
    assert dataset.labels is not None and dataset.labels.tolist() == [0, 1, 1, 0, 1]
    assert dataset.part("train").tolist() == [0, 1] and dataset.part("test").tolist() == [2, 3, 4]


def test_tiny_imagenet_without_the_classes_of_its_validation_pictures_is_refused(tmp_path: Path, site: Path) -> None:
    tiny_imagenet(tmp_path / "data" / "tiny-imagenet-200", "")
    with pytest.raises(ValueError, match=r"no val/val_annotations\.txt.*put the whole of tiny-imagenet-200\.zip there"):
        catalogue.load("tiny-imagenet")


def test_photographs_of_imagenet10_are_resized_as_a_whole(tmp_path: Path, site: Path) -> None:
    wide = Image.new("RGB", (300, 100), (0, 0, 0))
    wide.paste((255, 255, 255), (0, 0, 75, 100))  # the left quarter, which a square in the middle would not show
    for wnid in vision.IMAGENET10:
        place = tmp_path / "data" / "imagenet-10" / wnid
        place.mkdir(parents=True)
        wide.save(place / "a.png")
        Image.new("RGB", (96, 96), (9, 9, 9)).save(place / "b.png")
    first = catalogue.load("imagenet10").views[0][0]
    assert first[:, :, :22].min() > 240 and first[:, :, 27:].max() < 15
