"""Vanilla RNNs whose gradient leaves what a float holds: log10 of the per-target norms for the last target, by h and by the one-hot input.

Forward is PyTorch in float64. The adjoint is carried back from those states in mpmath with 50 digits, whose exponent has no
bounds, so that log10 is right at 1e-600 as at 1e+100; where float64 still holds it, it is checked against autograd.
"""
import mpmath
import numpy as np
import torch

from cells import map_parameters, unroll

HIDDEN, VOCABULARY = 16, 11
# name, activation, scale of the recurrent matrix (times a random orthogonal one), scale of inputs and biases, steps, seed
CASES = [
    ('far-tanh-vanishing', 'tanh', 0.3, 0.5, 200, 1),
    ('far-tanh-vanishing-1000', 'tanh', 0.3, 0.5, 1000, 2),
    ('far-tanh-exploding', 'tanh', 3.0, 0.1, 200, 5),
    ('far-relu-exploding', 'relu', 3.0, 0.5, 200, 4),
    ('far-relu-exploding-mild', 'relu', 2.4, 0.5, 200, 4),
]


def far_cases():
    mpmath.mp.dps = 50
    return [(case[0], far_case(*case[1:])) for case in CASES]


def far_case(activation, recurrent, scale, steps, seed):
    random = np.random.default_rng(seed)
    orthogonal, _ = np.linalg.qr(random.standard_normal((HIDDEN, HIDDEN)))
    parameters = {
        'layers': [{
            'W': random.uniform(-scale, scale, (HIDDEN, VOCABULARY)),
            'R': recurrent * orthogonal,
            'Wb': random.uniform(-scale, scale, HIDDEN) / 2,
            'Rb': random.uniform(-scale, scale, HIDDEN) / 2,
        }],
        'output': {'W': random.uniform(-0.5, 0.5, (VOCABULARY, HIDDEN)), 'b': random.uniform(-0.5, 0.5, VOCABULARY)},
    }
    ids = random.integers(0, VOCABULARY, steps + 1).tolist()
    run = unroll('rnn', activation, map_parameters(lambda value: torch.tensor(value, requires_grad=True), parameters),
                 ids[:-1], [torch.zeros(HIDDEN, dtype=torch.float64)], [None])
    # A last target that is not (nearly) certain, or its own gradient would be zero already.
    ids[-1] = int(run['scores'][-1].argmin())
    loss = torch.nn.functional.cross_entropy(run['scores'][-1][None], torch.tensor(ids[-1:]))
    autograd = [float(g.norm()) for g in torch.autograd.grad(loss, run['h'][0])]
    hidden = np.array([h.detach().numpy() for h in run['h'][0]])
    log10, input_log10 = backward(activation, parameters, hidden, ids[-1])
    # Beyond these bounds the squares inside a norm under- or overflow.
    for norm, logarithm in zip(autograd, log10):
        assert not 1e-140 < norm < 1e140 or abs(np.log10(norm) - logarithm) < 1e-9
    return {
        'cell': 'rnn', 'activation': activation, 'hiddenSize': HIDDEN, 'vocabularySize': VOCABULARY,
        'parameters': parameters, 'ids': ids, 'log10': log10, 'inputLog10': input_log10,
        # Chaos: rounding grows as fast as the gradient, so this trajectory can only be given, not computed again.
        'hidden': hidden if activation == 'tanh' and recurrent > 1 else None,
    }


def backward(activation, parameters, hidden, target):
    """log10 |d loss_T / d h_t| and log10 |d loss_T / d x_t| for every t, from the states alone."""
    output = mpmath.matrix(parameters['output']['W'].tolist())
    by_input = mpmath.matrix(parameters['layers'][0]['W'].tolist()).T
    recurrent = mpmath.matrix(parameters['layers'][0]['R'].tolist()).T
    state = [mpmath.matrix(h.tolist()) for h in hidden]
    scores = output * state[-1] + mpmath.matrix(parameters['output']['b'].tolist())
    largest = max(scores)
    weights = [mpmath.exp(score - largest) for score in scores]
    error = mpmath.matrix([w / sum(weights) for w in weights])
    error[target] -= 1
    delta = output.T * error
    log10, input_log10 = [], []
    for h in reversed(state):
        log10.append(mpmath.log10(mpmath.norm(delta)))
        slope = [1 - value ** 2 if activation == 'tanh' else mpmath.mpf(value > 0) for value in h]
        pre = mpmath.matrix([d * s for d, s in zip(delta, slope)])
        input_log10.append(mpmath.log10(mpmath.norm(by_input * pre)))
        delta = recurrent * pre
    return [[float(value) for value in reversed(values)] for values in (log10, input_log10)]
