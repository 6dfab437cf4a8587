import torch

from mmclust.nets.kmeans import nearest, nearest_mean_layer


def _clumps() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    owner = torch.arange(90) % 3
    means = torch.tensor([[0.0, 0.0, 1.0], [3.0, 0.0, 0.0], [0.0, 4.0, -1.0]])
    return means[owner] + torch.randn(90, 3, generator=generator), owner


def test_the_scores_of_a_nearest_mean_layer_are_squared_distances_to_the_means() -> None:
    points, owner = _clumps()
    weight, bias = nearest_mean_layer(points, owner, 3, sharpness=4.0)
    means = torch.stack([points[owner == k].mean(0) for k in range(3)])
    spread = torch.stack([(p - means[k]).square().sum() for p, k in zip(points, owner, strict=True)]).mean()
    expected = (-0.5 * torch.cdist(points, means) ** 2 * 4.0 / spread).softmax(dim=1)
    torch.testing.assert_close((points @ weight.T + bias).softmax(dim=1), expected, atol=1e-5, rtol=1e-4)


def test_a_nearest_mean_layer_survives_an_empty_cluster_and_equal_points() -> None:
    points, owner = torch.ones(5, 2), torch.zeros(5, dtype=torch.long)
    weight, bias = nearest_mean_layer(points, owner, 2, sharpness=4.0)
    assert weight.isfinite().all()
    assert bias.isfinite().all()


def test_the_nearest_centre_is_found() -> None:
    points, _ = _clumps()
    centres = points[[4, 8, 15]]
    torch.testing.assert_close(nearest(points, centres), torch.cdist(points, centres).argmin(dim=1))
