import numpy as np
import pytest
import torch
from scipy.linalg import orthogonal_procrustes

from mmclust.data.dataset import ViewSpec
from mmclust.nets.inputs import ViewInputs, matching_rotations, padded
from mmclust.nets.stems import ImageStem


def _vector(dim: int) -> ViewSpec:
    return ViewSpec(name=f"v{dim}", kind="vector", shape=(dim,))


def _image(side: int = 8, channels: int = 1) -> ViewSpec:
    return ViewSpec(name="image", kind="image", shape=(channels, side, side))


def _random_rotation(dim: int, seed: int = 0) -> torch.Tensor:
    return torch.linalg.qr(torch.randn(dim, dim, generator=torch.Generator().manual_seed(seed)))[0]


def test_vectors_are_padded_to_the_widest() -> None:
    views = (torch.randn(4, 3), torch.randn(4, 6))
    found = ViewInputs((_vector(3), _vector(6)))(views)
    torch.testing.assert_close(found, torch.stack((padded(views[0], 6), views[1])))
    assert (found[0, :, 3:] == 0).all()


def test_noise_falls_on_values_alone_and_follows_the_generator() -> None:
    inputs = ViewInputs((_vector(3), _vector(6)))
    views = (torch.zeros(500, 3), torch.zeros(500, 6))
    found = inputs(views, 0.5, torch.Generator().manual_seed(0))
    assert (found[0, :, 3:] == 0).all()
    assert found[1].std().item() == pytest.approx(0.5, abs=0.03)
    torch.testing.assert_close(found, inputs(views, 0.5, torch.Generator().manual_seed(0)))


def test_images_and_vectors_meet_in_one_width_and_like_images_share_a_stem() -> None:
    inputs = ViewInputs((_image(), _vector(9), _image(), _image(16)))
    assert inputs.width == 9
    assert len(inputs.stems) == 2
    images = torch.randint(0, 256, (4, 1, 8, 8), dtype=torch.uint8)
    large = torch.randint(0, 256, (4, 1, 16, 16), dtype=torch.uint8)
    found = inputs.eval()((images, torch.randn(4, 9), images, large))
    assert found.shape == (4, 4, 9)
    torch.testing.assert_close(found[0], found[2])
    assert inputs.cam_layer(0) is inputs.cam_layer(2)
    assert inputs.cam_layer(0) is not inputs.cam_layer(3)
    assert inputs.cam_layer(1) is None


def test_two_views_are_turned_as_scipys_procrustes_turns_them() -> None:
    views = torch.randn(2, 40, 5, generator=torch.Generator().manual_seed(3))
    views = views - views.mean(1, keepdim=True)
    exact, _ = orthogonal_procrustes(views[1].numpy(), views[0].numpy())
    np.testing.assert_allclose(matching_rotations(views, n_rounds=1)[1].numpy(), exact, atol=1e-4)


def test_turned_copies_of_one_view_meet_again_wherever_they_lie() -> None:
    first = torch.randn(60, 4, generator=torch.Generator().manual_seed(1)) * torch.tensor([3.0, 2, 1, 0.5])
    views = torch.stack((first, first @ _random_rotation(4) + 7, first @ _random_rotation(4, 1)))
    turns = matching_rotations(views)
    torch.testing.assert_close(turns @ turns.transpose(1, 2), torch.eye(4).expand(3, 4, 4), atol=1e-5, rtol=0)
    centred = views - views.mean(1, keepdim=True)
    met = centred @ turns
    torch.testing.assert_close(met[1], met[0], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(met[2], met[0], atol=1e-4, rtol=1e-3)


def test_alignment_is_kept_in_the_weights_and_leaves_images_alone() -> None:
    views = (torch.randn(30, 3), torch.randn(30, 5))
    inputs = ViewInputs((_vector(3), _vector(5)))
    inputs.align(views)
    again = ViewInputs((_vector(3), _vector(5)))
    again.load_state_dict(inputs.state_dict())
    torch.testing.assert_close(again(views), inputs(views))
    assert not torch.allclose(inputs.rotations[1], torch.eye(5))
    mixed = ViewInputs((_image(), _vector(5)))
    mixed.align((torch.zeros(30, 1, 8, 8), views[1]))
    assert mixed.rotations.numel() == 0


@pytest.mark.parametrize(("side", "channels"), [(2, 1), (8, 1), (16, 3), (28, 1), (32, 3), (96, 3)])
def test_a_stem_takes_images_of_any_size_and_its_pixels_in_their_own_range(side: int, channels: int) -> None:
    spec = _image(side, channels)
    torch.manual_seed(0)
    stem = ImageStem(spec).eval()
    images = torch.randint(0, 256, (3, channels, side, side), dtype=torch.uint8)
    found = stem(images)
    assert found.shape == (3, stem.features_dim)
    assert stem.features_dim <= 128 * 7 * 7
    torch.manual_seed(0)
    signed = ImageStem(ViewSpec(name="s", kind="image", shape=spec.shape, low=-1, high=1)).eval()
    torch.testing.assert_close(signed(images / 127.5 - 1), found, atol=1e-5, rtol=1e-4)


def test_the_layer_for_gradcam_gives_maps() -> None:
    stem, shapes = ImageStem(_image(28)), []
    stem.cam_layer.register_forward_hook(lambda module, inputs, output: shapes.append(output.shape))
    stem(torch.zeros(2, 1, 28, 28))
    assert shapes == [torch.Size([2, 64, 7, 7])]
