"""Measures PyTorch on request: one JSON object a line on standard input, one answer a line on standard output.

    {"do": "describe"}                                  -> {"torch", "python", "blas", "capability"}
    {"do": "build", "name", "column", "cell", "hidden", "layers", "batch", "window", "vocabulary", "heads"?, "compiled"?} -> {"optimizer"}; columns are those of models.py
    {"do": "build", "name", "column": "passes", "precision", "hidden", "layers", "heads", "window", "vocabulary"} -> {"optimizer": null}
    {"do": "build", "name", "column": "packed", "cell", "hidden", "layers", "batch", "vocabulary", "lengths"} -> {"optimizer"}; packed.py
    {"do": "build", "name", "column": "exponents", "hidden", "window", "vocabulary", "count"} -> {"optimizer": null}; spectra.py
    {"do": "run", "name", "steps"}                      -> {"seconds", "processor"} of all these training steps, backward passes, or texts
    {"do": "memory"}                                    -> {"bytes"}: the most that this process has had resident
    {"do": "clear"}                                     -> {}: forgets the models

The number of threads is fixed when the process starts (OMP_NUM_THREADS, OPENBLAS_NUM_THREADS): PyTorch's own setting does not reach
every BLAS.
"""
import json
import os
import platform
import resource
import sys
import time

import torch
from torch import nn

from models import MODELS
from packed import PackedSequences
from passes import Passes
from spectra import Exponents

STREAM_WINDOWS = 8
TRIAL_SECONDS = 0.15


class Training:
    """A model, random tokens to train it on, and the steps: forward, backward, clip to norm 1, Adam."""

    def __init__(self, column, cell, hidden, layers, batch, window, vocabulary, heads=None, compiled=False):
        torch.manual_seed(1)
        self.window = window
        self.vocabulary = vocabulary
        of_attention = {} if heads is None else {'heads': heads, 'context': window}
        self.model = MODELS[column](cell, vocabulary, hidden, layers, **of_attention)
        self.logits = torch.compile(self.model) if compiled else self.model
        self.parameters = list(self.model.parameters())
        self.one_hot = torch.eye(vocabulary)
        self.ids = torch.randint(vocabulary, (STREAM_WINDOWS * window + 1, batch))
        self.position = 0
        self.optimizer_name, self.optimizer = self.fastest_optimizer()

    def step(self):
        loss = self.loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.model.after_backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()

    def loss(self):
        start = self.position
        self.position = (start + self.window) % (STREAM_WINDOWS * self.window)
        inputs = self.one_hot[self.ids[start:start + self.window]]
        targets = self.ids[start + 1:start + self.window + 1]
        return nn.functional.cross_entropy(self.logits(inputs).flatten(0, 1), targets.flatten())

    def run(self, steps):
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(steps):
            self.step()
        return {'seconds': time.perf_counter() - start, 'processor': time.process_time() - processor}

    def fastest_optimizer(self):
        """Adam has up to three implementations, by version; the one that updates these parameters fastest."""
        trials = []
        for name, options in (('loop', {'foreach': False}), ('foreach', {'foreach': True}), ('fused', {'fused': True})):
            try:
                optimizer = torch.optim.Adam(self.parameters, lr=1e-3, **options)
                trials.append((update_time(optimizer, self.parameters), name, options))
            except (TypeError, RuntimeError):
                continue  # this version does not have it, or not for the CPU
        _, name, options = min(trials, key=lambda trial: trial[0])
        # A new one: the trial has left moments behind.
        return name, torch.optim.Adam(self.parameters, lr=1e-3, **options)


class PackedTraining(Training):
    """The same on batches of sequences of many lengths."""

    def __init__(self, lengths, batch, vocabulary, **row):
        super().__init__(column='plain', batch=batch, window=1, vocabulary=vocabulary, **row)
        self.batches = PackedSequences(lengths, batch, vocabulary)

    def loss(self):
        inputs, targets = self.batches.next()
        hidden, _ = self.model.recurrence(inputs)
        return nn.functional.cross_entropy(self.model.output(hidden.data), targets)


def update_time(optimizer, parameters):
    """Seconds per update, with gradients of zero, which leave the parameters as they are."""
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < TRIAL_SECONDS:
        optimizer.step()
        count += 1
    return (time.perf_counter() - start) / count


def build_settings():
    """Who computes the products, and the processor features used, as PyTorch itself says."""
    settings = torch.__config__.show()
    library = 'MKL' if torch.backends.mkl.is_available() else 'OpenBLAS' if 'openblas' in loaded_libraries() else 'its own BLAS'
    core = os.environ.get('OPENBLAS_CORETYPE') if library == 'OpenBLAS' else None
    capability = next((line.split(':')[1].strip() for line in settings.splitlines() if 'CPU capability' in line), 'capability unknown')
    return {'blas': f'{library} ({core})' if core else library, 'capability': capability}


def loaded_libraries():
    try:
        with open('/proc/self/maps', encoding='utf8') as maps:
            return maps.read()
    except OSError:
        return ''


def made_for(request):
    if request['column'] == 'exponents':
        return Exponents(**request)
    if request['column'] == 'passes':
        return Passes(**request)
    if request['column'] == 'packed':
        return PackedTraining(**{key: value for key, value in request.items() if key != 'column'})
    return Training(**request)


def answer(request, trainings):
    action = request.pop('do')
    if action == 'describe':
        return {'torch': torch.__version__, 'python': platform.python_version(), **build_settings()}
    if action == 'build':
        name = request.pop('name')
        trainings[name] = made_for(request)
        return {'optimizer': trainings[name].optimizer_name}
    if action == 'run':
        return trainings[request['name']].run(request['steps'])
    if action == 'memory':
        return {'bytes': 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
    if action == 'clear':
        trainings.clear()
        return {}
    raise ValueError(f'unknown request {action}')


def main():
    threads = int(os.environ.get('OMP_NUM_THREADS', os.cpu_count() or 1))
    torch.set_num_threads(threads)
    trainings = {}
    for line in sys.stdin:
        try:
            result = answer(json.loads(line), trainings)
        except Exception as error:  # the driver says it, with the row it belongs to
            result = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(result), flush=True)


if __name__ == '__main__':
    main()
