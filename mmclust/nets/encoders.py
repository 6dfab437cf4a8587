"""Image encoders of DCCS. Shapes: B batch, C channels, H x W pixels, F flattened features, D output.

Each encoder gives its flattened inner feature map (B, F), which stands for the image in the mutual-information term,
and its output (B, D).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmclust.nets.linear import Linear
from mmclust.nets.mlp import SLOPE, xavier_normal

SMALLEST = {"small": 4, "plain": 10, "residual-32": 8, "residual-96": 16}
"""Least height and width in pixels that each encoder can take."""


class Encoder(nn.Module):
    """What DCCS asks of an encoder: forward gives flattened inner features (B, F) and output (B, D)."""

    features_dim: int
    """Size F of the flattened features."""

    @property
    def cam_layer(self) -> nn.Module:
        """The module whose output (B, f, h, w) Grad-CAM reads."""
        raise NotImplementedError

    @property
    def convolutions(self) -> tuple[nn.Module, ...]:
        """The parts that nearly all of the work is in."""
        raise NotImplementedError

    def passes(
        self, *batches: Float[Tensor, "b c h w"]
    ) -> tuple[tuple[Float[Tensor, "b f"], Float[Tensor, "b d"]], ...]:
        """What forward gives for each batch; every batch is normalised by its own statistics, in their order."""
        return tuple(self(batch) for batch in batches)


def choose_encoder(size: tuple[int, int], wanted: str = "auto") -> str:
    """The encoder that is wanted by its name, or the one for such images.

    Args:
        size: height and width in pixels.
        wanted: a key of `SMALLEST`; auto: the published one, and the small one below 14 pixels; light: the same, but
            none larger than the plain one.
    """
    if wanted not in ("auto", "light"):
        return wanted
    side = min(size)
    if side < 14:
        return "small"
    if side < 32 or wanted == "light":
        return "plain"
    return "residual-32" if side < 64 else "residual-96"


def make_encoder(name: str, in_channels: int, size: tuple[int, int], out_dim: int, width: float) -> Encoder:
    """An encoder by name, Xavier-initialised; `width` scales its channels (1: the published sizes)."""
    classes = {"small": SmallEncoder, "plain": PlainEncoder}
    if name in classes:
        encoder = classes[name](in_channels, size, out_dim, width)
    else:
        widths = (128, 256, 512) if name == "residual-32" else (64, 128, 256, 512)
        encoder = ResidualEncoder(in_channels, size, out_dim, tuple(_scaled(w, width) for w in widths))
    xavier_normal(encoder)
    return encoder


def _scaled(channels: int, width: float) -> int:
    return max(8, round(channels * width))


class _ConvEncoder(Encoder):
    """Convolutions, then two dense layers; the flattened convolution output is the feature map."""

    def __init__(self, blocks: nn.Sequential, in_channels: int, size: tuple[int, int], hidden: int, out_dim: int):
        super().__init__()
        # Channels last in memory: the same function, its float32 convolutions up to twice as fast on a CPU.
        self.blocks = blocks.to(memory_format=torch.channels_last)
        with torch.no_grad():
            self.features_dim = blocks.eval()(torch.zeros(1, in_channels, *size)).numel()
        blocks.train()
        self.dense = nn.Sequential(
            Linear(self.features_dim, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(SLOPE),
            Linear(hidden, out_dim),
        )

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution block."""
        return self.blocks[-1]

    @property
    def convolutions(self) -> tuple[nn.Module, ...]:
        """All blocks."""
        return (self.blocks,)

    def forward(self, images: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b f"], Float[Tensor, "b d"]]:
        """Flattened feature map and output."""
        features = self.blocks(images).flatten(1)
        return features, self.dense(features)

    def passes(
        self, *batches: Float[Tensor, "b c h w"]
    ) -> tuple[tuple[Float[Tensor, "b f"], Float[Tensor, "b d"]], ...]:
        """As `forward` for each batch; the dense layers take all at once, so that their large weights are read once."""
        features = tuple(self.blocks(batch).flatten(1) for batch in batches)
        wide, norm, activation, narrow = self.dense
        hidden = wide(torch.cat(features)).chunk(len(batches))
        outputs = narrow(activation(torch.cat([norm(each) for each in hidden]))).chunk(len(batches))
        return tuple(zip(features, outputs, strict=True))


def _block(in_channels: int, out_channels: int, kernel: int, stride: int, padding: int) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.LeakyReLU(SLOPE))


class PlainEncoder(_ConvEncoder):
    """The published encoder for 28 x 28: two 4 x 4 convolutions of stride 2 (64, 128), dense 1024."""

    def __init__(self, in_channels: int, size: tuple[int, int], out_dim: int, width: float) -> None:
        first, second = _scaled(64, width), _scaled(128, width)
        blocks = nn.Sequential(_block(in_channels, first, 4, 2, 0), _block(first, second, 4, 2, 0))
        super().__init__(blocks, in_channels, size, _scaled(1024, width), out_dim)


class SmallEncoder(_ConvEncoder):
    """Not in the paper: for images of about 8 x 8; 3 x 3 convolutions of 32 (stride 1) and 64 (stride 2), dense 256."""

    def __init__(self, in_channels: int, size: tuple[int, int], out_dim: int, width: float) -> None:
        first, second = _scaled(32, width), _scaled(64, width)
        blocks = nn.Sequential(_block(in_channels, first, 3, 1, 1), _block(first, second, 3, 2, 1))
        super().__init__(blocks, in_channels, size, _scaled(256, width), out_dim)


class PooledConv3x3(nn.Conv2d):
    """A 3 x 3 convolution (padding 1) followed by 2 x 2 average pooling, as one 4 x 4 convolution of stride 2.

    The mean of four shifted copies of the kernel does both at once: the same function at 4/9 of the operations.
    Odd last rows and columns are dropped, as pooling drops them.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1, bias=False)

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f h2 w2"]:
        """Pooled output of the convolution."""
        shifted = [F.pad(self.weight, (dx, 1 - dx, dy, 1 - dy)) for dy in (0, 1) for dx in (0, 1)]
        kernel = torch.stack(shifted).mean(dim=0)
        height, width = input.shape[2:]
        return F.conv2d(input, kernel, stride=2, padding=1)[:, :, : height // 2, : width // 2]


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, with pre-activation unless first; `down` halves the size."""

    def __init__(self, in_channels: int, out_channels: int, *, first: bool = False, down: bool = True) -> None:
        super().__init__()
        last = PooledConv3x3 if down else _conv3x3
        before = [] if first else [nn.BatchNorm2d(in_channels), nn.ReLU()]
        self.main = nn.Sequential(
            *before,
            _conv3x3(in_channels, out_channels),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            last(out_channels, out_channels),
        )
        # Pooling and a 1 x 1 convolution commute: pooling first is a quarter of the work.
        shortcut: list[nn.Module] = [nn.AvgPool2d(2)] if down else []
        if in_channels != out_channels:
            shortcut.append(nn.Conv2d(in_channels, out_channels, 1))
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f h2 w2"]:
        """Sum of both paths."""
        return self.main(images) + self.shortcut(images)


def _conv3x3(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)


class ResidualEncoder(Encoder):
    """The published residual encoder: a halving block per width, one more block, mean, 1 x 1 convolution.

    Widths (128, 256, 512) are the network for 32 x 32, (64, 128, 256, 512) the one for 96 x 96.
    """

    def __init__(self, in_channels: int, size: tuple[int, int], out_dim: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        pairs = zip((in_channels, *widths), widths, strict=False)
        self.blocks = nn.Sequential(*(ResidualBlock(a, b, first=i == 0) for i, (a, b) in enumerate(pairs)))
        self.last_block = ResidualBlock(widths[-1], widths[-1], down=False)
        self.activation = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU())
        self.head = nn.Conv2d(widths[-1], out_dim, 1)
        halved = 2 ** len(widths)
        self.features_dim = widths[-1] * (size[0] // halved) * (size[1] // halved)

    @property
    def cam_layer(self) -> nn.Module:
        """The last activation, before the mean over the image."""
        return self.activation

    @property
    def convolutions(self) -> tuple[nn.Module, ...]:
        """All blocks."""
        return (self.blocks, self.last_block)

    def forward(self, images: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b f"], Float[Tensor, "b d"]]:
        """Flattened feature map and output."""
        inner = self.blocks(images.contiguous(memory_format=torch.channels_last))
        pooled = self.activation(self.last_block(inner)).mean(dim=(2, 3), keepdim=True)
        return inner.flatten(1), self.head(pooled).flatten(1)
