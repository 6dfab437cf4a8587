"""Random image augmentations on whole batches of tensors, on the device the batch is on.

Shapes: B images, C channels, H x W pixels, values in [0, 1]. Every draw comes from the given generator; no
operation waits for the device or loops over images.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a gray value (ITU-R BT.601)."""


def to_gray(images: Tensor) -> Tensor:
    """Luma (B, 1, H, W) of gray or colour images (B, C, H, W)."""
    if images.shape[1] == 1:
        return images
    return torch.einsum("bchw,c->bhw", images, _constant(LUMA, images.device, images.dtype)).unsqueeze(1)


def to_gray_shuffled(images: Tensor, generator: torch.Generator) -> Tensor:
    """Luma (B, 1, H, W) after a random permutation of each image's colour channels.

    Shuffling the channels and taking the luma is the luma with shuffled weights: no pixel moves.
    """
    if images.shape[1] == 1:
        return images
    order = torch.rand(len(images), 3, device=images.device, generator=generator).argsort(dim=1)
    return torch.einsum("bchw,bc->bhw", images, _constant(LUMA, images.device, images.dtype)[order]).unsqueeze(1)


@lru_cache
def _constant(values: tuple[float, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    """The values as a tensor, made once and by the device itself: a copy from the host would wait for it."""
    with torch.inference_mode(False):  # made in an evaluation, it serves the training too
        return torch.stack([torch.full((), value, device=device, dtype=dtype) for value in values])


def random_crop_box(
    n_images: int, size: tuple[int, int], *, min_area: float, max_area: float = 1.0, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Boxes of the usual random resized crop: top, left, height, width, each (B,) whole pixels.

    The area is uniform in [min_area, max_area] of the image and the aspect ratio log-uniform in [3/4, 4/3]. Boxes that
    do not fit are drawn again; after ten misses the whole image is kept.
    """
    height, width = size
    device, tries = generator.device, 10
    draws = torch.rand(4, tries, n_images, device=device, generator=generator)
    area = height * width * (min_area + (max_area - min_area) * draws[0])
    ratio = torch.exp(math.log(3 / 4) + (math.log(4 / 3) - math.log(3 / 4)) * draws[1])
    box_width, box_height = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()
    fits = (box_width > 0) & (box_width <= width) & (box_height > 0) & (box_height <= height)
    first = fits.to(torch.uint8).argmax(dim=0, keepdim=True)  # (1, B), the first fitting try
    found = fits.gather(0, first)[0]
    box_width = torch.where(found, box_width.gather(0, first)[0], float(width))
    box_height = torch.where(found, box_height.gather(0, first)[0], float(height))
    top = (draws[2].gather(0, first)[0] * (height - box_height + 1)).floor()
    left = (draws[3].gather(0, first)[0] * (width - box_width + 1)).floor()
    return top, left, box_height, box_width


def random_resized_crop(
    images: Tensor,
    *,
    min_area: float,
    max_area: float = 1.0,
    size: int | None = None,
    flip: bool,
    generator: torch.Generator,
) -> Tensor:
    """A random crop of each image, resized; mirrored with probability 1/2 if `flip`.

    Bilinear, with the filter widened where a crop shrinks (antialiased), as in Pillow, which the published code uses.
    Written as two small matrix products per image (rows, then columns), so that a batch is few kernels on any device.

    Args:
        images: (B, C, H, W).
        min_area: smallest share of the image's area that a crop keeps.
        max_area: largest share.
        size: pixels of both edges of the result; None for those of the images.
        flip: whether to mirror left and right at random.
        generator: source of all draws, on the images' device.

    Returns:
        (B, C, size, size), or (B, C, H, W).
    """
    n_images, _, height, width = images.shape
    top, left, box_height, box_width = random_crop_box(
        n_images, (height, width), min_area=min_area, max_area=max_area, generator=generator
    )
    rows = _interpolation(top, box_height, height, size or height)
    columns = _interpolation(left, box_width, width, size or width)
    if flip:
        mirrored = torch.rand(n_images, 1, 1, device=images.device, generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    return rows.unsqueeze(1) @ images @ columns.transpose(1, 2).unsqueeze(1)


def _interpolation(start: Tensor, length: Tensor, size: int, out_size: int) -> Tensor:
    """Matrices (B, out_size, size) that resize the box [start, start + length) of `size` pixels to `out_size`.

    Bilinear: a triangle around each position. Where the box shrinks, it is as wide as the pixels that it stands for.
    """
    pixel = torch.arange(size, device=start.device, dtype=start.dtype)
    target = torch.arange(out_size, device=start.device, dtype=start.dtype)
    source = start[:, None] + ((target + 0.5) * length[:, None] / out_size - 0.5)
    if out_size >= size:  # no box shrinks: at the border a position is clamped, as when the crop is cut out before
        source = torch.minimum(source.maximum(start[:, None]), (start + length - 1)[:, None])
        return (1 - (source[:, :, None] - pixel).abs()).clamp_min_(0)
    width = (length / out_size).clamp_min(1)[:, None, None]
    inside = ((pixel >= start[:, None]) & (pixel < (start + length)[:, None])).to(start.dtype).unsqueeze(1)
    weights = (1 - (source[:, :, None] - pixel).abs() / width).clamp_min_(0) * inside
    return weights / weights.sum(dim=2, keepdim=True)


def random_slant(images: Tensor, *, rotation: float, shear: float, generator: torch.Generator) -> Tensor:
    """Images (B, C, H, W) turned and slanted at random around their middle, bilinear; the border is continued outwards.

    Args:
        images: to be turned.
        rotation: largest angle in degrees, to either side.
        shear: largest shift of a row to its neighbour, in pixels, to either side.
        generator: source of all draws, on the images' device.
    """
    draws = 2 * torch.rand(2, len(images), device=images.device, generator=generator) - 1
    angle, sheared = math.radians(rotation) * draws[0], shear * draws[1]
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # Rows of the map from an output position (x, y) to where it is read: first slanted, then turned.
    across = torch.stack((cosine, cosine * sheared - sine, zero), dim=1)
    down = torch.stack((sine, sine * sheared + cosine, zero), dim=1)
    grid = F.affine_grid(torch.stack((across, down), dim=1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def jitter_gray(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Random brightness and contrast of gray images (B, 1, H, W), in random order, clipped to [0, 1].

    Both factors are uniform in [1 - strength, 1 + strength]; contrast stretches around the image's mean.
    """
    draws = torch.rand(3, len(images), 1, 1, 1, device=images.device, generator=generator)
    brightness, contrast = 1 + strength * (2 * draws[:2] - 1)
    brightness_first = draws[2] < 0.5
    one = torch.ones_like(brightness)
    images = (images * torch.where(brightness_first, brightness, one)).clamp_(0, 1)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = (mean + (images - mean) * contrast).clamp_(0, 1)
    return (images * torch.where(brightness_first, one, brightness)).clamp_(0, 1)


def jitter_color(images: Tensor, strength: float, hue: float, generator: torch.Generator) -> Tensor:
    """Random brightness, contrast, saturation and hue of colour images (B, 3, H, W), in random order.

    The first three factors are uniform in [1 - strength, 1 + strength]; the hue turns by a uniform share of the
    colour circle in [-hue, hue]. Each image has its own order.
    """
    n_images, device = len(images), images.device
    draws = torch.rand(4, n_images, 1, 1, 1, device=device, generator=generator)
    factors = 1 + strength * (2 * draws[:3] - 1)
    turn = hue * (2 * draws[3] - 1)
    order = torch.rand(n_images, 4, device=device, generator=generator).argsort(dim=1)
    for position in range(4):
        kind = order[:, position].view(-1, 1, 1, 1)
        gray = to_gray(images)
        anchor = torch.where(kind == 1, gray.mean(dim=(1, 2, 3), keepdim=True), torch.where(kind == 2, gray, 0.0))
        factor = torch.where(kind == 0, factors[0], torch.where(kind == 1, factors[1], factors[2]))
        blended = (anchor + (images - anchor) * factor).clamp(0, 1)
        images = torch.where(kind == 3, _turn_hue(images, turn), blended)
    return images


def sometimes(images: Tensor, changed: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Each image (B, C, H, W) replaced by its changed version with the given probability."""
    chosen = torch.rand(len(images), 1, 1, 1, device=images.device, generator=generator) < probability
    return torch.where(chosen, changed, images)


def _turn_hue(images: Tensor, turn: Tensor) -> Tensor:
    """Colour images (B, 3, H, W) with their hue turned by `turn` (B, 1, 1, 1), a share of the colour circle."""
    high, low = images.amax(dim=1, keepdim=True), images.amin(dim=1, keepdim=True)
    chroma = high - low
    red, green, blue = ((high - channel) / chroma.clamp_min(1e-12) for channel in images.split(1, dim=1))
    is_red, is_green = images[:, :1] == high, images[:, 1:2] == high
    sector = torch.where(is_red, blue - green, torch.where(is_green, 2 + red - blue, 4 + green - red))
    sector = torch.where(chroma > 0, sector + 6 * turn, torch.zeros_like(sector))
    # HSV back to RGB: channel = high - chroma * clamp(min(k, 4 - k), 0, 1) with k = (n + sector) mod 6.
    k = (_constant((5.0, 3.0, 1.0), images.device, images.dtype).view(1, 3, 1, 1) + sector) % 6
    return high - chroma * torch.minimum(k, 4 - k).clamp(0, 1)
