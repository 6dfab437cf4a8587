"""Autoencoder + k-means: the usual deep baseline, which learns a code without a thought of clusters.

Shapes: N samples, D columns of all views side by side, B batch.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmclust.baselines.classic import k_means
from mmclust.seeding import seeded

HIDDEN = (500, 500, 2000)
"""Widths of the encoder, mirrored in the decoder, as in DEC (Xie, Girshick and Farhadi, ICML 2016)."""
CODE_DIM = 10
EPOCHS, BATCH, LEARNING_RATE = 20, 256, 1e-3


def autoencoder_k_means(views: Sequence[np.ndarray], n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of the codes of an autoencoder that was trained on all columns side by side."""
    columns = np.ascontiguousarray(np.concatenate(views, axis=1), dtype=np.float32)
    return k_means(codes(columns, seed), n_clusters, seed)


def codes(columns: np.ndarray, seed: int, *, epochs: int = EPOCHS) -> np.ndarray:
    """(N, 10) codes of an autoencoder with squared error, trained from scratch.

    Args:
        columns: (N, D) float32; they are standardised here.
        seed: of the weights and the order of samples.
        epochs: passes over the samples.
    """
    spread = columns.std(axis=0)
    data = torch.from_numpy((columns - columns.mean(axis=0)) / np.where(spread > 1e-6, spread, 1.0))
    with seeded(seed):
        encoder = _layers((data.shape[1], *HIDDEN, CODE_DIM))
        decoder = _layers((CODE_DIM, *reversed(HIDDEN), data.shape[1]))
        generator = torch.Generator().set_state(torch.get_rng_state())  # goes on from the weights' numbers
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], LEARNING_RATE)
    for _ in range(epochs):
        for ids in torch.randperm(len(data), generator=generator).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            F.mse_loss(decoder(encoder(data[ids])), data[ids]).backward()
            optimizer.step()
    with torch.no_grad():
        return torch.cat([encoder(batch) for batch in data.split(4096)]).numpy()


def _layers(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    parts: list[nn.Module] = []
    for n_in, n_out in zip(widths, widths[1:], strict=False):
        parts += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*parts[:-1])
