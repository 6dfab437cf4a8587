import numpy as np
import pytest
import torch
from PIL import Image

from mmclust.nets.augmentation import (
    LUMA,
    jitter_color,
    jitter_gray,
    random_crop_box,
    random_resized_crop,
    random_slant,
    to_gray,
    to_gray_shuffled,
)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_gray_is_the_luma() -> None:
    image = torch.tensor([1.0, 0.5, 0.25]).view(1, 3, 1, 1)
    assert to_gray(image).item() == pytest.approx(0.299 + 0.5 * 0.587 + 0.25 * 0.114)


def test_shuffled_gray_uses_each_of_the_six_orders_equally_often() -> None:
    images = torch.tensor([1.0, 10.0, 100.0]).view(1, 3, 1, 1).expand(6000, 3, 1, 1)
    values, counts = to_gray_shuffled(images, _generator()).flatten().round(decimals=2).unique(return_counts=True)
    expected = sorted(
        round(a * 1 + b * 10 + c * 100, 2) for a in LUMA for b in LUMA for c in LUMA if len({a, b, c}) == 3
    )
    np.testing.assert_allclose(values.numpy(), expected, atol=0.02)
    assert counts.min() > 850


def test_crop_boxes_keep_area_and_aspect_within_their_ranges() -> None:
    top, left, height, width = random_crop_box(5000, (28, 28), min_area=0.4, generator=_generator())
    assert (top >= 0).all() and (left >= 0).all()
    assert (top + height <= 28).all() and (left + width <= 28).all()
    area = (height * width / 784).numpy()
    assert area.min() > 0.36 and area.max() <= 1
    assert abs(area.mean() - 0.66) < 0.03  # uniform in [0.4, 1], less the wide boxes that do not fit
    ratio = width / height
    assert ratio.min() > 0.7 and ratio.max() < 1.42


def test_a_crop_is_the_box_resized_bilinearly() -> None:
    images = torch.rand(8, 1, 28, 28)
    top, left, height, width = (
        v.int().tolist() for v in random_crop_box(8, (28, 28), min_area=0.4, generator=_generator(3))
    )
    ours = random_resized_crop(images, min_area=0.4, flip=False, generator=_generator(3))
    for i, image in enumerate(images):
        box = image[None, :, top[i] : top[i] + height[i], left[i] : left[i] + width[i]]
        expected = torch.nn.functional.interpolate(box, (28, 28), mode="bilinear", align_corners=False)[0]
        torch.testing.assert_close(ours[i], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [28, 20, 18, 12])
@pytest.mark.parametrize("area", [(0.08, 0.4), (0.2, 1.0), (1.0, 1.0)])
def test_a_crop_of_any_scale_is_what_pillow_makes_of_its_box(size: int, area: tuple[float, float]) -> None:
    bytes_ = torch.randint(0, 256, (40, 1, 32, 32), generator=_generator(1))
    settings = {"min_area": area[0], "max_area": area[1]}
    boxes = random_crop_box(40, (32, 32), **settings, generator=_generator(3))
    ours = random_resized_crop(bytes_.float(), size=size, flip=False, generator=_generator(3), **settings)
    for crop, image, top, left, height, width in zip(ours, bytes_, *(b.int().tolist() for b in boxes), strict=True):
        box = (left, top, left + width, top + height)
        cut = Image.fromarray(image[0].to(torch.uint8).numpy()).crop(box)
        theirs = np.asarray(cut.resize((size, size), Image.Resampling.BILINEAR), np.float32)
        assert np.abs(crop[0].numpy() - theirs).max() <= 1.01  # Pillow rounds rows to bytes, then columns


def test_a_crop_that_shrinks_keeps_no_stripes_that_its_pixels_cannot_show() -> None:
    stripes = (torch.arange(32) % 2).float().expand(4, 1, 32, 32)
    shrunk = random_resized_crop(stripes, min_area=1.0, size=12, flip=False, generator=_generator())
    plain = torch.nn.functional.interpolate(stripes, 12, mode="bilinear")
    assert (shrunk - 0.5).abs().mean() < 0.15 < (plain - 0.5).abs().mean()


def test_a_crop_of_the_whole_image_changes_nothing() -> None:
    images = torch.rand(3, 2, 10, 10)
    torch.testing.assert_close(random_resized_crop(images, min_area=1.0, flip=False, generator=_generator()), images)


def test_flips_mirror_about_half_of_the_images() -> None:
    images = torch.arange(4.0).view(1, 1, 1, 4).expand(1000, 1, 4, 4)
    first = random_resized_crop(images, min_area=1.0, flip=True, generator=_generator())[:, 0, 0, 0]
    assert 400 < (first == 3).sum().item() < 600


def test_contrast_and_brightness_stay_in_range_and_are_mild_at_zero_strength() -> None:
    images = torch.rand(50, 1, 6, 6)
    torch.testing.assert_close(jitter_gray(images, 0.0, _generator()), images)
    jittered = jitter_gray(images, 0.4, _generator())
    assert jittered.min() >= 0 and jittered.max() <= 1
    assert (jittered - images).abs().mean() > 0.02


def test_brightness_scales_by_factors_around_one() -> None:
    flat = torch.full((4000, 1, 2, 2), 0.5)  # contrast leaves a flat image alone
    factors = jitter_gray(flat, 0.4, _generator()).mean(dim=(1, 2, 3)) / 0.5
    assert factors.min() >= 0.599 and factors.max() <= 1.401
    assert abs(factors.mean().item() - 1) < 0.02


def test_turning_the_hue_agrees_with_pillow() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 40, 40, 3), dtype=np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    turned = jitter_color(images, 0.0, 0.0, _generator())
    torch.testing.assert_close(turned, images, atol=1e-5, rtol=0)
    from mmclust.nets.augmentation import _turn_hue

    ours = _turn_hue(images, torch.full((1, 1, 1, 1), 32 / 256))[0].permute(1, 2, 0).numpy() * 255
    hsv = np.asarray(Image.fromarray(pixels[0]).convert("HSV")).copy()
    hsv[..., 0] += 32
    theirs = np.asarray(Image.fromarray(hsv, "HSV").convert("RGB")).astype(float)
    assert np.abs(ours - theirs).mean() < 2.5  # Pillow rounds hue and saturation to bytes


def test_the_same_generator_gives_the_same_images() -> None:
    images = torch.rand(5, 3, 12, 12)
    first, second = (jitter_color(images, 0.4, 0.125, _generator(7)) for _ in range(2))
    torch.testing.assert_close(first, second, atol=0, rtol=0)


def test_without_angles_a_slanted_image_is_the_image() -> None:
    images = torch.rand(4, 2, 9, 12)
    torch.testing.assert_close(random_slant(images, rotation=0, shear=0, generator=_generator()), images)


def test_a_slanted_line_stays_in_the_middle_and_moves_at_its_ends_up_to_the_angle() -> None:
    images = torch.zeros(400, 1, 21, 21)
    images[:, :, :, 10] = 1.0
    turned = random_slant(images, rotation=20, shear=0, generator=_generator())[:, 0]
    columns = torch.arange(21.0)
    middle = (turned * columns).sum(2) / turned.sum(2).clamp_min(1e-6)
    torch.testing.assert_close(middle[:, 10], torch.full((400,), 10.0), atol=0.05, rtol=0)
    shift = middle[:, 2] - 10
    largest = 8 * np.tan(np.radians(20))
    assert shift.abs().max().item() == pytest.approx(largest, abs=0.2)
    assert abs(shift.mean().item()) < 0.2, "both directions are equally likely"
    slanted = random_slant(images, rotation=0, shear=0.3, generator=_generator())[:, 0]
    assert ((slanted[:, 2] * columns).sum(1) - 10).abs().max().item() == pytest.approx(8 * 0.3, abs=0.2)
