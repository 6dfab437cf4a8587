import torch

from mmclust.nets.sobel import sobel


def test_a_vertical_edge_shows_in_the_first_channel_only() -> None:
    image = torch.zeros(1, 1, 6, 6)
    image[..., 3:] = 1
    edges = sobel(image)[0, :, 2:4, 2:4]
    torch.testing.assert_close(edges[0], torch.full((2, 2), -0.5))
    assert edges[1].abs().sum() == 0


def test_transposing_the_image_swaps_the_edges() -> None:
    image = torch.rand(2, 1, 7, 7)
    turned = sobel(image.transpose(2, 3)).transpose(2, 3)
    torch.testing.assert_close(sobel(image)[:, 0], turned[:, 1])
