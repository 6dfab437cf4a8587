import math

import pytest
import torch

from mmclust.losses.imitation import imitation


def test_even_scores_cost_ln_k_whatever_the_smoothing():
    for smoothing in (0.0, 0.1):
        assert imitation(torch.zeros(3, 8, 5), torch.arange(8) % 5, smoothing).item() == pytest.approx(math.log(5))


def test_it_is_the_mean_over_sources():
    logits, clusters = torch.randn(2, 6, 4), torch.arange(6) % 4
    each = [imitation(one.unsqueeze(0), clusters, 0.1) for one in logits]
    assert imitation(logits, clusters, 0.1).item() == pytest.approx(torch.stack(each).mean().item(), abs=1e-6)


def test_smoothing_makes_final_assignments_costly():
    sure = 20 * torch.eye(4).unsqueeze(0)
    assert imitation(sure, torch.arange(4), 0.0) < 1e-6
    assert imitation(sure, torch.arange(4), 0.1) > 1
