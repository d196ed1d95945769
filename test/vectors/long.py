"""One long window: two LSTM layers over 400 steps, for backpropagation that goes through them segment by segment."""
import numpy as np
import torch

from stack_unrolled import draw_parameters, map_parameters, unroll, zero_state
from stacks import check_with_modules, states_of, stream_losses

STEPS, SEED = 400, 7
STACK = {'cell': 'lstm', 'activation': 'tanh', 'layers': 2, 'directions': 1, 'hidden': 8, 'vocabulary': 5,
         'embedding': None, 'tied': False, 'truncation': None}


def long_case():
    random = np.random.default_rng(SEED)
    parameters = draw_parameters(random, STACK)
    ids = random.integers(0, STACK['vocabulary'], (STEPS + 1, 1))
    window = {'inputs': ids[:-1], 'targets': ids[1:], 'lengths': [STEPS], 'masks': None}
    leaves = map_parameters(lambda values: torch.tensor(values, requires_grad=True), parameters)
    run = unroll(STACK, leaves, ids[:-1, 0].tolist(), zero_state(STACK), None)
    loss = torch.stack(list(stream_losses(run, ids[1:, 0]).values())).mean()
    gradients = check_with_modules(STACK, parameters, [window], leaves, [loss])
    layers = [states_of(STACK, [run], loss, layer, 0, STEPS) for layer in range(STACK['layers'])]
    return {
        **STACK, 'seed': SEED, 'parameters': parameters, 'ids': ids, 'loss': loss.item(), 'gradients': gradients,
        'totals': [{name: np.linalg.norm(layer[f'total{name.upper()}'][:, 0], axis=1) for name in ('h', 'c')} for layer in layers],
    }
