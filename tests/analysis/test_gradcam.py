import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from mmclust.analysis.gradcam import CAM_METHODS, grad_cam
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.methods.base import Method

N_CLUSTERS = 2
SPEC = DataSpec(name="spots", views=(ViewSpec(name="image", kind="image", shape=(1, 8, 8)),), n_clusters=N_CLUSTERS)


class Halves(Method):
    """Cluster 0 is a bright upper half, cluster 1 a bright lower half: one convolution, set by hand."""

    def __init__(self):
        super().__init__(None, SPEC)
        self.conv = nn.Conv2d(1, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(1)
        self.head = nn.Linear(64, N_CLUSTERS, bias=False)
        with torch.no_grad():
            self.conv.weight.fill_(1.0)
            upper = torch.zeros(8, 8)
            upper[:4] = 1.0
            self.head.weight.copy_(torch.stack([upper.flatten(), 1 - upper.flatten()]))

    def logits(self, views):
        return self.head(self.norm(self.conv(views[0].float() / 255)).flatten(1))

    def cam_layer(self, view=0):
        return self.conv


class Flat(Halves):
    def cam_layer(self, view=0):
        return None


@pytest.fixture
def spots():
    images = np.zeros((3, 1, 8, 8), np.uint8)
    images[0, 0, 1, 2] = images[0, 0, 6, 5] = 255
    images[1, 0, 6, 6] = 200
    images[2, 0, 0, 0] = 90
    return images


def test_heat_is_where_the_image_speaks_for_the_cluster(spots):
    cams = grad_cam(Halves(), [spots], np.array([0, 1, 0]))
    assert cams.shape == (3, 8, 8)
    assert cams.dtype == np.float32
    assert cams.min() >= 0
    assert cams.max() == pytest.approx(1, abs=1e-4)
    assert np.unravel_index(cams[1].argmax(), (8, 8)) == (6, 6)
    assert np.unravel_index(cams[2].argmax(), (8, 8)) == (0, 0)


def test_batches_change_nothing(spots):
    method, targets = Halves(), np.array([0, 1, 1])
    np.testing.assert_allclose(grad_cam(method, [spots], targets, batch_size=2), grad_cam(method, [spots], targets))


def test_the_method_is_left_as_it_was(spots):
    method = Halves().train()
    method.head.eval()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    grad_cam(method, [spots], np.array([0, 1, 0]))
    assert method.training
    assert method.conv.training
    assert not method.head.training
    assert all(torch.equal(before[name], value) for name, value in method.state_dict().items())
    assert all(parameter.grad is None for parameter in method.parameters())
    assert not method.conv._forward_hooks


def test_it_works_inside_no_grad_and_on_read_only_images(spots):
    spots.flags.writeable = False
    with torch.no_grad():
        assert grad_cam(Halves(), [spots], np.array([0, 1, 0])).max() > 0.9


def test_no_images_give_no_heat():
    assert grad_cam(Halves(), [np.zeros((0, 1, 8, 8), np.uint8)], np.zeros(0, int)).shape == (0, 8, 8)


def test_a_method_without_a_convolution_is_refused_in_one_sentence(spots):
    with pytest.raises(ValueError, match="Flat has no convolutional layer"):
        grad_cam(Flat(), [spots], np.array([0, 1, 0]))


def test_a_cluster_that_does_not_exist_is_refused(spots):
    with pytest.raises(ValueError, match="cluster 2 was asked about; clusters go from 0 to 1"):
        grad_cam(Halves(), [spots], np.array([0, 1, 2]))


class TwoViews(Method):
    """Two image views through one convolution; cluster 0 is a bright left image, cluster 1 a bright right one."""

    def __init__(self):
        super().__init__(None, DataSpec(name="pairs", views=SPEC.views * 2, n_clusters=N_CLUSTERS))
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.head = nn.Linear(128, N_CLUSTERS)

    def logits(self, views):
        return sum((self.head(self.conv(view.float() / 255).relu().flatten(1)) for view in views), torch.zeros(()))

    def cam_layer(self, view=0):
        return self.conv


def test_views_that_share_a_layer_are_looked_at_one_by_one(spots):
    torch.manual_seed(0)
    method, targets = TwoViews(), np.array([0, 1, 0])
    pair = [spots, spots[::-1]]
    first, second = (grad_cam(method, pair, targets, view=view) for view in (0, 1))
    # the method treats its views alike, so swapping them must swap the heat
    np.testing.assert_allclose(grad_cam(method, pair[::-1], targets, view=1), first, atol=1e-5)
    np.testing.assert_allclose(grad_cam(method, pair[::-1], targets, view=0), second, atol=1e-5)
    assert np.abs(first - second).max() > 0.1


class Sure(Halves):
    """Scores as log-probabilities, so sure that float32 rounds them to zero; the second cluster speaks for nothing."""

    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.head.weight[1] = 0.0

    def logits(self, views):
        return (super().logits(views) + torch.tensor([40.0, 0.0])).log_softmax(dim=1)


def test_log_probabilities_that_are_saturated_still_have_heat(spots):
    method = Sure().eval()
    assert method.logits((torch.from_numpy(spots[2:]),))[0, 0].item() == 0.0
    cams = grad_cam(method, [spots[2:]], np.array([0]))
    assert cams.max() == pytest.approx(1, abs=1e-4)
    assert np.unravel_index(cams[0].argmax(), (8, 8)) == (0, 0)


def test_a_head_that_reads_places_one_by_one_needs_weights_by_place(spots):
    # cluster 0 is the upper half minus the lower: over the whole map its weights cancel out
    method = Halves()
    with torch.no_grad():
        method.head.weight[0] -= method.head.weight[1].clone()
    images, targets = spots[:1], np.array([0])
    assert grad_cam(method, [images], targets).max() == 0
    cams = grad_cam(method, [images], targets, cam="hirescam")
    assert np.unravel_index(cams[0].argmax(), (8, 8)) == (1, 2)
    assert cams[0, 6, 5] == 0


class WithPrototypes(Halves):
    """Its second prototype is cluster 1's half of the image; a first layer before the last gives the same map."""

    def prototype_scores(self, views):
        return 2 * self.logits(views)

    def landmarks(self):
        return {"p": torch.zeros(3, 64)}

    def cam_layers(self, view=0):
        return {"norm": self.norm, "conv": self.conv}


@pytest.mark.parametrize("cam", CAM_METHODS)
def test_every_cam_method_gives_saliency_of_full_range_where_the_image_is_not_empty(spots, cam):
    told = []
    cams = grad_cam(Halves(), [spots], np.array([0, 1, 0]), cam=cam, batch_size=2, progress=told.append)
    assert cams.shape == (3, 8, 8)
    assert cams.min() >= 0
    assert cams.max(axis=(1, 2)) == pytest.approx(1, abs=1e-3)
    assert [np.unravel_index(cam.argmax(), (8, 8)) for cam in cams[1:]] == [(6, 6), (0, 0)]
    assert told == [pytest.approx(2 / 3), 1.0]


def test_a_prototype_can_be_asked_about_in_any_of_the_layers(spots):
    method, targets = WithPrototypes(), np.array([1])
    for layer in method.cam_layers():
        cams = grad_cam(method, [spots[:1]], targets, of="prototype", layer=layer, cam="hirescam")
        assert np.unravel_index(cams[0].argmax(), (8, 8)) == (6, 5)


def test_unknown_ways_layers_and_prototypes_are_refused_in_one_sentence(spots):
    targets = np.array([0, 1, 0])
    with pytest.raises(ValueError, match="cam 'magic' is not known; choose one of grad-cam, "):
        grad_cam(Halves(), [spots], targets, cam="magic")
    with pytest.raises(ValueError, match="layer 'first' is not known; choose one of norm, conv"):
        grad_cam(WithPrototypes(), [spots], targets, layer="first")
    with pytest.raises(ValueError, match="prototype 3 was asked about; prototypes go from 0 to 2"):
        grad_cam(WithPrototypes(), [spots], np.array([0, 1, 3]), of="prototype")


TWO_THREADS = """
import builtins, sys, threading
import torch
from mmclust.analysis import gradcam

half, wanted, plain = threading.Event(), threading.Event(), builtins.__import__

def meeting(name, globals=None, locals=None, fromlist=(), level=0):
    # holds torchvision back, half loaded, until the package asks for it, or long enough to see that it does not
    if name == "torchvision" and globals and globals["__name__"] == "torchvision":
        half.set()
        wanted.wait(5)
    if name == "torchvision.transforms" and not wanted.is_set():
        threading.Timer(1, wanted.set).start()
    return plain(name, globals, locals, fromlist, level)

builtins.__import__ = meeting
failed = []
threading.excepthook = lambda what: failed.append(what.exc_value)
threads = [threading.Thread(target=meeting, args=("torchvision",)), threading.Thread(target=gradcam._package)]
for thread in threads:
    thread.start()
    half.wait(20)
for thread in threads:
    thread.join()
sys.exit(str(failed) if failed else 0)
"""


@pytest.mark.slow
def test_the_package_loads_while_another_thread_loads_torchvision():
    done = subprocess.run([sys.executable, "-c", TWO_THREADS], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-500:]
