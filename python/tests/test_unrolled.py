"""The recorder's own unrolled pass beside torch's autograd on cells written out, in float64."""

import math

import numpy as np
import pytest
import torch
from naive import norms, unroll, weights_of
from torch import nn

from backflow_recorder.cells import CellWeights
from backflow_recorder.unrolled import Entering, Unrolled

T, WIDTH, H = 9, 4, 5


def numpy_weights(module):
    directions = 2 if module.bidirectional else 1
    result = []
    for index in range(module.num_layers * directions):
        w = [None if x is None else x.detach().numpy() for x in weights_of(module, index // directions, index % directions == 1)]
        b_ih, b_hh = (np.zeros(len(w[0])) if b is None else b for b in w[2:4])
        result.append(CellWeights(module.mode.split("_")[0], w[0], w[1], b_ih, b_hh, w[4], getattr(module, "nonlinearity", "tanh")))
    return Unrolled(result, directions)


MODULES = {
    "rnn": lambda: nn.RNN(WIDTH, H),
    "rnn relu, 2 layers, 2 directions": lambda: nn.RNN(WIDTH, H, 2, nonlinearity="relu", bidirectional=True),
    "lstm": lambda: nn.LSTM(WIDTH, H),
    "lstm, 3 layers, no bias": lambda: nn.LSTM(WIDTH, H, 3, bias=False),
    "lstm, projection, 2 layers, 2 directions": lambda: nn.LSTM(WIDTH, H, 2, proj_size=3, bidirectional=True),
    "gru, 2 layers": lambda: nn.GRU(WIDTH, H, 2),
    "gru, 2 directions, 3 layers": lambda: nn.GRU(WIDTH, H, 3, bidirectional=True),
}


@pytest.fixture(params=sorted(MODULES))
def case(request):
    torch.manual_seed(5)
    module = MODULES[request.param]()
    directions = 2 if module.bidirectional else 1
    x = torch.randn(T, WIDTH, dtype=torch.float64)
    h_0 = torch.randn(module.num_layers * directions, getattr(module, "proj_size", 0) or H, dtype=torch.float64, requires_grad=True)
    c_0 = torch.randn(module.num_layers * directions, H, dtype=torch.float64, requires_grad=True)
    output, states, used = unroll(module, x, h_0, c_0)
    seed = torch.randn_like(output)
    ours = numpy_weights(module)
    forward = ours.forward(x.numpy(), h_0.detach().numpy(), c_0.detach().numpy() if ours.has_cell_state else None)
    return module, output, states, used, seed, ours, forward, h_0, c_0


def test_the_outputs_are_those_of_the_naive_cells(case):
    _, output, _, _, _, _, forward, _, _ = case
    np.testing.assert_allclose(forward.output, output.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_total_gradients_and_the_recurrent_weights_gradient(case):
    _, output, states, used, seed, ours, forward, h_0, c_0 = case
    loss = (output * seed).sum()
    flow = ours.total(forward, seed.numpy(), weights=True)
    for key, expected in norms(loss, states).items():
        np.testing.assert_allclose(np.exp(flow.logs[key])[0], expected, rtol=1e-10)
    for index, w in used.items():
        (expected,) = torch.autograd.grad(loss, w[1], retain_graph=True)
        np.testing.assert_allclose(flow.w_hh[index], expected.numpy(), rtol=1e-9, atol=1e-13)
        (expected,) = torch.autograd.grad(loss, h_0, retain_graph=True)
        np.testing.assert_allclose(flow.h_0[index], expected[index].numpy(), rtol=1e-9, atol=1e-13)
        if ours.has_cell_state:
            (expected,) = torch.autograd.grad(loss, c_0, retain_graph=True)
            np.testing.assert_allclose(flow.c_0[index], expected[index].numpy(), rtol=1e-9, atol=1e-13)


def test_every_target(case):
    module, output, states, _, seed, ours, forward, _, _ = case
    flow = ours.per_target(forward, seed.numpy(), range(T))
    for target in range(T):
        for key, expected in norms((output[target] * seed[target]).sum(), states).items():
            got = np.exp(flow.logs[key])[target]
            reached = ~np.isnan(got)
            np.testing.assert_allclose(got[reached], np.asarray(expected)[reached], rtol=1e-10, atol=1e-300)
            # What cannot be reached is marked so, and is exactly zero in PyTorch.
            assert not np.asarray(expected)[~reached].any()
            top = key[0] // (2 if module.bidirectional else 1) == module.num_layers - 1
            if not module.bidirectional:
                assert (~reached == (np.arange(T) > target)).all()
            elif top:
                assert (~reached == ((np.arange(T) < target) if key[0] % 2 else (np.arange(T) > target))).all()


def test_what_enters_by_the_final_states(case):
    module, output, states, _, seed, ours, forward, _, _ = case
    directions = 2 if module.bidirectional else 1
    loss, entering = (output * seed).sum() * 0, []
    for index in range(module.num_layers * directions):
        at = 0 if index % directions else T - 1
        h = torch.randn_like(states[index, "h"][at])
        loss = loss + (states[index, "h"][at] * h).sum()
        c = None
        if ours.has_cell_state:
            c = torch.randn(H, dtype=torch.float64)
            loss = loss + (states[index, "c"][at] * c).sum()
        entering.append(Entering(index, at, T - 1, h.numpy(), None if c is None else c.numpy()))
    expected = norms(loss, states)
    for flow in (ours.total(forward, np.zeros_like(seed.numpy()), entering), ours.per_target(forward, np.zeros_like(seed.numpy()), [T - 1], entering)):
        for key in expected:
            np.testing.assert_allclose(np.exp(flow.logs[key])[0], expected[key], rtol=1e-10, atol=1e-300)


def test_a_linear_recurrence_with_an_orthogonal_matrix_scales_by_its_factor():
    # Without a loss of digits over 2,000 steps, where the gradient passes 1e-600 and 1e+600.
    q, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(6, 6)))
    for g in (0.5, 1.0, 2.0):
        # relu is linear where all is positive: states are held there by a bias, and the matrix permutes.
        permutation = np.eye(6)[[1, 2, 3, 4, 5, 0]]
        weights = CellWeights("RNN", np.zeros((6, 2)), g * permutation, np.ones(6), np.zeros(6), None, "relu")
        ours = Unrolled([weights], 1)
        steps = 1000
        forward = ours.forward(np.zeros((steps, 2)))
        seed = np.zeros((steps, 6))
        seed[-1] = q[0]
        logs = ours.per_target(forward, seed, [steps - 1]).logs[0, "h"][0]
        np.testing.assert_allclose(np.diff(logs), -math.log(g), atol=1e-9)


def test_the_gradient_of_all_targets_together_is_the_sum_of_theirs():
    torch.manual_seed(2)
    module = nn.LSTM(WIDTH, 1)
    ours = numpy_weights(module)
    forward = ours.forward(np.random.default_rng(1).normal(size=(T, WIDTH)))
    # One unit and losses of one sign at its output: norms of scalars, whose signs are found by their sum with either.
    seed = np.zeros((T, 1))
    seed[-2:] = [[1.0], [2.0]]
    total = np.exp(ours.total(forward, seed).logs[0, "h"][0])
    each = np.exp(ours.per_target(forward, seed, [T - 2, T - 1]).logs[0, "h"])
    each[0, T - 1] = 0
    summed = np.minimum(abs(each.sum(axis=0) - total), abs(abs(each[0] - each[1]) - total))
    np.testing.assert_allclose(summed, 0, atol=1e-12)
