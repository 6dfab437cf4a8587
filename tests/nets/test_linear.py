import pytest
import torch
from torch import nn

from mmclust.nets.linear import SMALLEST, Linear, product

SIZES = [(8, 300, 200), (5, 3, 2), (1, 512, 64)]


def pair(n_in: int, n_out: int, *, bias: bool = True) -> tuple[nn.Linear, Linear]:
    theirs, ours = nn.Linear(n_in, n_out, bias=bias), Linear(n_in, n_out, bias=bias)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def results(layer: nn.Linear, inputs: torch.Tensor, *, bf16: bool) -> list[torch.Tensor]:
    """Output and gradients of inputs, weight and bias."""
    inputs = inputs.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        output = layer(inputs)
    output.float().square().sum().backward()
    return [output.detach(), inputs.grad, *(p.grad for p in layer.parameters())]  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize(("n", "n_in", "n_out"), SIZES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("bf16", [False, True])
def test_output_and_gradients_are_those_of_torchs_layer(n: int, n_in: int, n_out: int, bias: bool, bf16: bool):
    torch.manual_seed(0)
    theirs, ours = pair(n_in, n_out, bias=bias)
    inputs = torch.randn(n, n_in)
    for expected, found in zip(results(theirs, inputs, bf16=bf16), results(ours, inputs, bf16=bf16), strict=True):
        assert found.dtype == expected.dtype
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-2 if bf16 else 1e-4)


@pytest.mark.parametrize("fused", [False, True])
def test_the_copy_in_bf16_follows_every_change_of_the_weight(fused: bool):
    _, layer = pair(300, 200)
    inputs = torch.randn(4, 300)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1, fused=fused)

    def in_bf16() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return layer(inputs)

    first = in_bf16()
    first.float().sum().backward()
    optimizer.step()
    second = in_bf16()
    assert not torch.equal(first, second)
    layer.load_state_dict({name: value + 1 for name, value in layer.state_dict().items()})
    assert not torch.equal(second, in_bf16())
    torch.testing.assert_close(
        in_bf16(), nn.functional.linear(inputs, layer.weight, layer.bias).bfloat16(), rtol=0.1, atol=2
    )


@pytest.mark.parametrize("bf16", [False, True])
def test_a_layer_that_was_evaluated_can_be_trained(bf16: bool):
    _, layer = pair(300, 200)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        evaluated = layer(torch.ones(4, 300))
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        trained = layer(torch.ones(4, 300))
    trained.float().sum().backward()
    assert layer.weight.grad is not None
    assert torch.equal(trained, evaluated)


def test_the_copy_is_made_once_between_two_changes():
    _, layer = pair(300, 200)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        layer(torch.randn(2, 300))
        kept = layer._in_bf16()
        layer(torch.randn(2, 300))
    assert layer._in_bf16() is kept


@pytest.mark.parametrize(("n", "n_in", "n_out"), SIZES)
def test_the_way_back_through_a_layer_has_the_gradients_of_a_product(n: int, n_in: int, n_out: int):
    torch.manual_seed(0)
    found = []
    for multiply in (product, torch.matmul):
        torch.manual_seed(1)
        inputs, weight = torch.randn(n, n_out, requires_grad=True), torch.randn(n_out, n_in, requires_grad=True)
        output = multiply(inputs, weight)
        output.square().sum().backward()
        found.append((output.detach(), inputs.grad, weight.grad))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-4)


def test_small_layers_are_left_to_torch():
    theirs, ours = pair(3, 2)
    assert ours.weight.numel() < SMALLEST
    inputs = torch.randn(4, 3)
    assert torch.equal(theirs(inputs), ours(inputs))
