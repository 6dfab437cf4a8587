from dataclasses import replace

import numpy as np
import pytest

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.features import backbones, extract, pixels, texts
from mmclust.features.extract import Wanted
from mmclust.features.extractors import EXTRACTORS, Options, find

RNG = np.random.default_rng(0)
N = 24
CLASSES = np.arange(N) % 3
COLOURS = np.array([[250, 10, 10], [10, 250, 10], [10, 10, 250]])
IMAGES = np.clip(COLOURS[CLASSES][:, :, None, None] + RNG.integers(-9, 9, (N, 3, 16, 16)), 0, 255).astype(np.uint8)
CAPTIONS = np.array(
    [f"{['a red rose', 'green grass', 'the blue sea'][c]} number {i}" for i, c in enumerate(CLASSES)], object
)
SPEC = ViewSpec(name="image", kind="image", shape=(3, 16, 16))
DATA = MultiViewDataset(
    spec=DataSpec(name="mine", views=(SPEC,), n_clusters=3, classes=("a", "b", "c")),
    views=(IMAGES,),
    labels=CLASSES,
    texts=CAPTIONS,
)


@pytest.fixture(autouse=True)
def _(home: object) -> None:
    """Features are kept in a home of their own."""


def test_pictures_and_captions_become_views_and_keep_classes_and_captions() -> None:
    told: list[float] = []
    found, made = extract.extract(
        DATA,
        [Wanted(extractor="colours"), Wanted(extractor="tfidf", steps=("minmax", "pca-4"))],
        progress=lambda fraction, _: told.append(fraction),
    )
    assert [(view.name, view.shape) for view in found.spec.views] == [("Colour histogram", (64,)), ("TF-IDF", (4,))]
    assert found.labels is DATA.labels and found.texts is DATA.texts and found.spec.n_clusters == 3
    assert (made[0].explained, made[0].n_columns) == (pytest.approx(1), 64)
    assert 0 < made[1].explained < 1 and made[1].n_raw > made[1].n_columns == 4
    assert 0 < max(told) <= 1


def test_samples_without_a_caption_are_left_out_where_captions_are_described() -> None:
    told = CAPTIONS.copy()
    told[[2, 7]] = ""
    data = replace(DATA, texts=told)
    wanted = [Wanted(extractor="colours"), Wanted(extractor="tfidf", steps=("pca-4",))]
    found, _ = extract.extract(data, wanted)
    kept = [row for row in range(N) if row not in (2, 7)]
    assert [len(view) for view in found.views] == [N - 2, N - 2]
    assert found.texts is not None and found.texts.tolist() == CAPTIONS[kept].tolist()
    assert found.labels is not None and found.labels.tolist() == CLASSES[kept].tolist()
    assert extract.left_out(data, found).startswith("2 of 24 samples have no caption and are left out")
    pictures, _ = extract.extract(data, wanted[:1])
    assert pictures.n_samples == N and extract.left_out(data, pictures) == ""


def test_the_share_of_variance_is_that_of_the_kept_directions() -> None:
    raw = extract.extract(DATA, [Wanted(extractor="hog")])[0].views[0].astype(np.float64)
    _, made = extract.extract(DATA, [Wanted(extractor="hog", steps=("pca-5",))])
    values = np.linalg.svd(raw - raw.mean(axis=0), compute_uv=False) ** 2
    assert made[0].explained == pytest.approx(values[:5].sum() / values.sum(), rel=1e-4)


@pytest.mark.parametrize("name", ["hog", "lbp", "colours"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (1, 33, 20), (3, 96, 96)])
def test_classic_features_have_their_length_for_pictures_of_any_size(name: str, shape: tuple[int, ...]) -> None:
    images = RNG.integers(0, 256, (4, *shape), np.uint8)
    found = find(name).run(images, ViewSpec(name="image", kind="image", shape=shape), Options())
    assert found.shape == (4, EXTRACTORS[name].n_columns) and found.dtype == np.float32 and np.isfinite(found).all()
    assert found.std() > 0


def test_a_histogram_of_colours_counts_pixels() -> None:
    image = np.zeros((1, 3, 8, 8), np.uint8)
    image[:, 0, :2] = 255
    found = find("colours").run(image, ViewSpec(name="image", kind="image", shape=(3, 8, 8)), Options())[0]
    assert found[0] == 0.75 and found[48] == 0.25 and found.sum() == 1


def test_hog_does_not_see_colour_and_the_histogram_no_shape() -> None:
    turned, swapped = IMAGES[:, :, ::-1], IMAGES[:, ::-1]

    def of(name: str, images: np.ndarray) -> np.ndarray:
        return find(name).run(images, SPEC, Options())

    assert np.allclose(of("colours", turned), of("colours", IMAGES))
    assert not np.allclose(of("hog", turned), of("hog", IMAGES), atol=0.05)
    assert np.allclose(of("hog", swapped), of("hog", IMAGES), atol=0.01)  # sums of floats fall on edges of bins
    assert not np.allclose(of("colours", swapped), of("colours", IMAGES))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, one in EXTRACTORS.items() if one.has_weights and one.of == "image" and not one.package]
)
def test_a_network_gives_the_activations_before_its_last_layer(name: str) -> None:
    if name == "vgg16":
        pytest.importorskip("torch")
    options = Options(weights="random", px=64)
    found = find(name).run(IMAGES[:2], SPEC, options)
    assert found.shape == (2, EXTRACTORS[name].n_columns) and np.isfinite(found).all()
    assert np.allclose(found, find(name).run(IMAGES[:2], SPEC, options), atol=1e-5), "random weights are the same"


@pytest.mark.parametrize("batch", [1, 5, 24])
def test_pictures_are_described_in_their_order_whatever_the_batches(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, told = Options(weights="random", px=32), []
    whole = find("resnet18").run(IMAGES, SPEC, options)
    monkeypatch.setattr(backbones, "BATCH", batch)
    parts = find("resnet18").run(IMAGES, SPEC, options, lambda fraction, _: told.append(fraction))
    assert np.allclose(parts, whole, atol=1e-4) and np.ptp(whole, axis=0).max() > 1e-3
    assert told == pytest.approx([min(N, i + batch) / N for i in range(0, N, batch)])


def test_weights_of_a_view_alone_go_before_those_of_all() -> None:
    with pytest.raises(ValueError, match="nowhere.pth is no file"):
        extract.extract(DATA, [Wanted(extractor="resnet18", weights="nowhere.pth")], Options(weights="random"))


def test_another_file_under_the_same_name_is_another_set_of_weights(tmp_path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("one")
    before = extract._stamp(str(tmp_path / "model"))
    (tmp_path / "model" / "weights").write_text("another")
    assert extract._stamp(str(tmp_path / "model")) != before
    assert extract._stamp("download") == "download"


def test_weights_come_from_a_file_or_are_refused_in_one_sentence(tmp_path) -> None:
    import torch
    import torchvision

    network = torchvision.models.get_model("resnet18", weights=None)
    torch.save(network.state_dict(), tmp_path / "resnet18.pth")
    ours = backbones.backbone("resnet18", str(tmp_path / "resnet18.pth"))
    assert torch.equal(ours.state_dict()["conv1.weight"], network.state_dict()["conv1.weight"])
    torch.save({"a": 1}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no weights")
    for file, words in (
        ("other.pth", "holds no weights of resnet18"),
        ("text.pth", "holds no weights"),
        ("x", "is no file"),
    ):
        with pytest.raises(ValueError, match=words) as error:
            backbones.backbone("resnet18", str(tmp_path / file))
        assert "\n" not in str(error.value)


def test_without_a_connection_the_message_says_where_to_put_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    with pytest.raises(ValueError, match=r"could not be downloaded \(no route to host\); put resnet18-\w+\.pth into"):
        backbones.backbone("resnet18", "download")


def test_gray_pictures_of_any_range_are_prepared_alike() -> None:
    import torch

    unit = RNG.random((2, 1, 8, 8)).astype(np.float32)
    spec = ViewSpec(name="image", kind="image", shape=(1, 8, 8), low=-1, high=1)
    one = pixels.prepared(torch.from_numpy(2 * unit - 1), spec, 32)
    other = pixels.prepared(torch.from_numpy(unit), ViewSpec(name="i", kind="image", shape=(1, 8, 8), high=1.0), 32)
    assert one.shape == (2, 3, 32, 32) and torch.allclose(one, other, atol=1e-5)


def test_captions_of_a_kind_lie_close_together() -> None:
    found = extract.extract(DATA, [Wanted(extractor="tfidf", steps=("l2",))])[0].views[0]
    alike = found @ found.T
    same = CLASSES[:, None] == CLASSES
    assert alike[same].min() > alike[~same].max()


def test_features_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = extract.extract(DATA, [Wanted(extractor="hog")])[0].views[0]
    monkeypatch.setattr(extract.Extractor, "run", lambda *_: pytest.fail("computed again"))
    assert np.array_equal(extract.extract(DATA, [Wanted(extractor="hog")])[0].views[0], first)
    with pytest.raises(pytest.fail.Exception):
        extract.extract(DATA.take(np.arange(5)), [Wanted(extractor="hog")])


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([], "no features are chosen"),
        ([Wanted(extractor="hug")], "choose one of vgg16"),
        ([Wanted(extractor="hog", source="text")], "choose one of image"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(wanted: list[Wanted], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        extract.extract(DATA, wanted)


def test_captions_are_needed_for_features_of_captions() -> None:
    plain = MultiViewDataset(spec=DATA.spec, views=DATA.views)
    with pytest.raises(ValueError, match="TF-IDF describes captions, and mine has none"):
        extract.extract(plain, [Wanted(extractor="tfidf")])
    with pytest.raises(ValueError, match="no words but such as"):
        find("tfidf").run(np.array(["the of", ""] * 3, object), None, Options())


def test_without_its_package_the_sentence_encoder_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(ValueError, match="pip install sentence-transformers"):
        find("sentences").run(CAPTIONS, None, Options())


def test_typical_words_tell_groups_apart() -> None:
    found = texts.typical_words(CAPTIONS, CLASSES, 4, count=2)
    assert [set(words) for words in found] == [{"red", "rose"}, {"green", "grass"}, {"blue", "sea"}, set()]
    assert texts.typical_words(np.array(["", ""], object), np.array([0, 1]), 2) == [[], []]


def test_captions_are_weighted_once_for_every_way_to_group_them(monkeypatch: pytest.MonkeyPatch) -> None:
    captions, asked = CAPTIONS.copy(), []
    weighted = texts._weighted
    monkeypatch.setattr(texts, "_weighted", lambda *args, **options: asked.append(1) or weighted(*args, **options))
    first = texts.typical_words(captions, CLASSES, 4, count=2)
    assert texts.typical_words(captions, 3 - CLASSES, 4, count=2) == first[::-1] and len(asked) == 1
    texts.typical_words(captions.copy(), CLASSES, 4)
    assert len(asked) == 2
