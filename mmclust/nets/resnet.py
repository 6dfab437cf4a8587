"""ResNet-18 for small images. Shapes: B batch, C channels, H x W pixels, F channels of a stage, E embedding."""

from jaxtyping import Float
from torch import Tensor, nn

from mmclust.nets.cropnorm import CropNorm2d


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm beside a shortcut (He et al., CVPR 2016)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            CropNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
            CropNorm2d(out_channels),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), CropNorm2d(out_channels)
            )
        self.activation = nn.ReLU(inplace=True)

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f h2 w2"]:
        """Sum of both paths, rectified."""
        return self.activation(self.main(images).add_(self.shortcut(images)))


class ResNet18(nn.Module):
    """Four stages of two blocks and the mean over the image; the stem keeps the size of small images.

    Up to 32 pixels the stem is one 3 x 3 convolution; from 48 pixels on a 2 x 2 maximum halves its output.

    Args:
        in_channels: C.
        size: (H, W) of the whole images; crops of them may be smaller.
        width: scale of the channels; 1 gives 64, 128, 256, 512.
    """

    def __init__(self, in_channels: int, size: tuple[int, int], width: float) -> None:
        super().__init__()
        channels = [max(8, round(c * width)) for c in (64, 128, 256, 512)]
        stem = [nn.Conv2d(in_channels, channels[0], 3, 1, 1, bias=False), CropNorm2d(channels[0]), nn.ReLU(True)]
        self.stem = nn.Sequential(*stem, *([nn.MaxPool2d(2)] if min(size) >= 48 else []))
        before = [channels[0], *channels[:-1]]
        self.stages = nn.Sequential(
            *(
                nn.Sequential(BasicBlock(a, b, 1 if i == 0 else 2), BasicBlock(b, b, 1))
                for i, (a, b) in enumerate(zip(before, channels, strict=True))
            )
        )
        self.embedding_dim = channels[-1]
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @property
    def cam_layer(self) -> nn.Module:
        """The last stage, before the mean over the image."""
        return self.stages[-1]

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b e"]:
        """Embeddings of images of any size that the stages can halve."""
        return self.stages(self.stem(images)).mean(dim=(2, 3))
