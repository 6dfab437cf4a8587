"""Features in which the views' samples find each other, learnt in seconds: one source of starting points.

Shapes: V views, B batch, N samples, L dimensions.
"""

from collections.abc import Sequence

import numpy as np

N_STEPS = 150
RATE, TEMPERATURE, BATCH = 1e-3, 0.5, 256
HIDDEN, FEATURES = 256, 128
MOST_PAIRS = 6
"""Pairs of views that a step compares: of many views other pairs each time."""


def align(views: Sequence[np.ndarray], noise: float, seed: int) -> np.ndarray:
    """Mean over views of features (N, L), rows of unit length, in which a sample's views resemble each other.

    A small network for each view learns by InfoNCE for `N_STEPS` steps.

    Args:
        views: each (N, D), prepared.
        noise: deviation of Gaussian noise on views of standard deviation 1.
        seed: of weights, batches and noise.
    """
    import torch
    from torch import nn
    from torch.nn import functional as F  # noqa: N812

    from mmclust.losses.alignment import info_nce
    from mmclust.seeding import seeded

    points = [torch.from_numpy(np.asarray(view / max(float(view.std()), 1e-12), np.float32)) for view in views]
    with seeded(seed):
        nets = nn.ModuleList(
            nn.Sequential(
                nn.Linear(view.shape[1], HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, FEATURES)
            )
            for view in points
        )
    generator = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(nets.parameters(), lr=RATE)
    n_views, n_batch = len(points), min(BATCH, len(points[0]))
    for _ in range(N_STEPS):
        batch = torch.randperm(len(points[0]), generator=generator)[:n_batch]
        shown = torch.randperm(n_views, generator=generator)[: MOST_PAIRS // 2 + 1] if n_views > 4 else range(n_views)
        codes = []
        for view in map(int, shown):
            clean = points[view][batch]
            codes.append(nets[view](clean + noise * torch.randn(clean.shape, generator=generator)))
        adam.zero_grad()
        info_nce(torch.stack(codes), TEMPERATURE).backward()
        adam.step()
    nets.eval()
    with torch.inference_mode():
        features = torch.stack([F.normalize(net(view), dim=1) for net, view in zip(nets, points, strict=True)])
        return F.normalize(features.mean(dim=0), dim=1).numpy()
