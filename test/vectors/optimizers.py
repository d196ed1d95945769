"""Steps of every optimizer on a small vector of parameters, clipping by value, and learning-rate schedules, by PyTorch itself."""
import math

import numpy as np
import torch
from torch.optim import lr_scheduler

SIZE, STEPS, SEED = 12, 3, 7
# Constants that are not named are PyTorch's defaults; so is a weight decay of None.
CASES = [
    {'optimizer': 'sgd', 'learningRate': 0.1},
    {'optimizer': 'sgd', 'learningRate': 0.1, 'momentum': 0.9},
    {'optimizer': 'sgd', 'learningRate': 0.1, 'momentum': 0.9, 'nesterov': True},
    {'optimizer': 'sgd', 'learningRate': 0.1, 'weightDecay': 0.2},
    {'optimizer': 'sgd', 'learningRate': 0.1, 'momentum': 0.8, 'nesterov': True, 'weightDecay': 0.2},
    {'optimizer': 'rmsprop', 'learningRate': 0.01},
    {'optimizer': 'rmsprop', 'learningRate': 0.01, 'momentum': 0.9},
    {'optimizer': 'rmsprop', 'learningRate': 0.01, 'momentum': 0.9, 'weightDecay': 0.2},
    {'optimizer': 'adagrad', 'learningRate': 0.05},
    {'optimizer': 'adagrad', 'learningRate': 0.05, 'weightDecay': 0.2},
    {'optimizer': 'adam', 'learningRate': 0.01},
    {'optimizer': 'adam', 'learningRate': 0.01, 'weightDecay': 0.2},
    {'optimizer': 'adamw', 'learningRate': 0.01},
    {'optimizer': 'adamw', 'learningRate': 0.01, 'weightDecay': 0.2},
    {'optimizer': 'adamw', 'learningRate': 0.01, 'weightDecay': 0.0},
]
CLASSES = {'sgd': torch.optim.SGD, 'rmsprop': torch.optim.RMSprop, 'adagrad': torch.optim.Adagrad,
           'adam': torch.optim.Adam, 'adamw': torch.optim.AdamW}
SCHEDULES = [
    {'schedule': 'constant', 'warmupSteps': 4},
    {'schedule': 'cosine', 'warmupSteps': 0, 'finalFraction': 0.0},
    {'schedule': 'cosine', 'warmupSteps': 5, 'finalFraction': 0.1},
    {'schedule': 'step', 'warmupSteps': 0, 'decaySteps': 7, 'decayFactor': 0.5},
    {'schedule': 'step', 'warmupSteps': 5, 'decaySteps': 6, 'decayFactor': 0.1},
]
SCHEDULE_STEPS, SCHEDULE_RATE = 20, 0.3


def optimizers():
    random = np.random.default_rng(SEED)
    start = random.standard_normal(SIZE)
    # From large to tiny, and exactly zero: where epsilon matters and where it does not.
    gradients = random.standard_normal((STEPS, SIZE)) * np.logspace(1, -5, SIZE)
    gradients[:, 5] = 0
    return {
        'parameters': start,
        'gradients': list(gradients),
        'cases': [{'momentum': 0.0, 'nesterov': False, 'weightDecay': None, **case, 'steps': steps(case, start, gradients)} for case in CASES],
        'clipByValue': [clip_by_value(gradients[0], maximum) for maximum in (0.05, 100.0)],
        'clipBoth': clip_both(gradients[0], 0.5, 0.3),
        'schedules': [{'learningRate': SCHEDULE_RATE, 'steps': SCHEDULE_STEPS, **schedule, 'rates': rates(**schedule)} for schedule in SCHEDULES],
    }


def steps(case, start, gradients):
    """The parameters after each step."""
    parameter = torch.nn.Parameter(torch.tensor(start))
    names = {'learningRate': 'lr', 'momentum': 'momentum', 'nesterov': 'nesterov', 'weightDecay': 'weight_decay'}
    optimizer = CLASSES[case['optimizer']]([parameter], **{names[key]: value for key, value in case.items() if key in names})
    after = []
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        after.append(parameter.detach().numpy().copy())
    return after


def with_gradient(gradient):
    parameter = torch.nn.Parameter(torch.zeros(SIZE, dtype=torch.float64))
    parameter.grad = torch.tensor(gradient)
    return parameter


def clip_by_value(gradient, maximum):
    parameter = with_gradient(gradient)
    torch.nn.utils.clip_grad_value_([parameter], maximum)
    return {'maximum': maximum, 'gradient': parameter.grad.numpy(), 'fraction': float(np.mean(np.abs(gradient) > maximum))}


def clip_both(gradient, value, norm):
    """By value, then by norm."""
    parameter = with_gradient(gradient)
    torch.nn.utils.clip_grad_value_([parameter], value)
    between = float(torch.nn.utils.clip_grad_norm_([parameter], norm))
    assert between > norm
    return {'clipValue': value, 'clipNorm': norm, 'before': float(np.linalg.norm(gradient)), 'gradient': parameter.grad.numpy(),
            'after': float(np.linalg.norm(parameter.grad.numpy()))}


def rates(schedule, warmupSteps, finalFraction=0.0, decaySteps=1, decayFactor=1.0):
    """The learning rate of each step, from PyTorch's schedulers one after the other."""
    parameter = with_gradient(np.zeros(SIZE))
    optimizer = torch.optim.SGD([parameter], lr=SCHEDULE_RATE)
    rest = {
        'constant': lambda: lr_scheduler.ConstantLR(optimizer, factor=1.0),
        'cosine': lambda: lr_scheduler.CosineAnnealingLR(optimizer, T_max=SCHEDULE_STEPS - warmupSteps, eta_min=finalFraction * SCHEDULE_RATE),
        'step': lambda: lr_scheduler.StepLR(optimizer, step_size=decaySteps, gamma=decayFactor),
    }[schedule]
    if warmupSteps == 0:
        scheduler = rest()
    else:
        warm_up = lr_scheduler.LinearLR(optimizer, start_factor=1 / warmupSteps, total_iters=warmupSteps - 1)
        scheduler = lr_scheduler.SequentialLR(optimizer, [warm_up, rest()], milestones=[warmupSteps])
    result = []
    for _ in range(SCHEDULE_STEPS):
        result.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    assert all(math.isfinite(rate) for rate in result)
    return result
