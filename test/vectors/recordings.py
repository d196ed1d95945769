#!/usr/bin/env python3
"""Recordings as docs/recording.md has them:  PYTHON test/vectors/recordings.py

Needs PyTorch 2.5 or newer and safetensors; run with 2.15. Written into data/recordings, a folder each, by a few steps of real training; the series are those of
the recurrence unrolled in float64, by autograd. It shares no code with the recorder.
"""
import copy
import json
import math
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from torch import nn

FOLDER = pathlib.Path(__file__).parent / 'data' / 'recordings'
SYMBOLS = list('abcdefgh \n.')
V, VANISHING = len(SYMBOLS), -3
# Of language models: the mean loss of the recorded stream in float64, by the name of the recording and the step.
expected = {}
torch.set_num_threads(1)


def unrolled(module, inputs, states):
    """States of every layer and direction: {(layer, direction, state): [T tensors]}, and the outputs; of one stream, in float64."""
    kind = type(module).__name__
    gates = {'RNN': 1, 'GRU': 3, 'LSTM': 4}[kind]
    H, T = module.hidden_size, len(inputs)
    kept, layer_inputs = {}, inputs
    for layer in range(module.num_layers):
        outputs = [[] for _ in range(T)]
        for d, suffix in enumerate(['', '_reverse'] if module.bidirectional else ['']):
            direction = 'backward' if d else 'forward'
            get = lambda name: getattr(module, f'{name}_l{layer}{suffix}').detach().double()
            W, R = get('weight_ih'), get('weight_hh')
            b, c = (get('bias_ih'), get('bias_hh')) if module.bias else (torch.zeros(gates * H).double(),) * 2
            at = layer * (2 if module.bidirectional else 1) + d
            h, cell = (state[at] for state in states)
            hs, cells = [None] * T, [None] * T
            for t in range(T) if d == 0 else reversed(range(T)):
                x = W @ layer_inputs[t] + b
                if kind == 'RNN':
                    h = (torch.relu if module.nonlinearity == 'relu' else torch.tanh)(x + R @ h + c)
                elif kind == 'GRU':
                    y = R @ h + c
                    r, z = torch.sigmoid(x[:H] + y[:H]), torch.sigmoid(x[H:2 * H] + y[H:2 * H])
                    n = torch.tanh(x[2 * H:] + r * y[2 * H:])
                    h = (1 - z) * n + z * h
                else:
                    i, f, g, o = (x + R @ h + c).split(H)
                    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
                    cell.requires_grad_(True) if not cell.requires_grad else None
                    cell.retain_grad()
                    cells[t] = cell
                    h = torch.sigmoid(o) * torch.tanh(cell)
                    if module.proj_size:
                        h = get('weight_hr') @ h
                if not h.requires_grad:
                    h.requires_grad_(True)
                h.retain_grad()
                hs[t] = h
                outputs[t].append(h)
            kept[layer, direction, 'h'] = hs
            if kind == 'LSTM':
                kept[layer, direction, 'c'] = cells
        layer_inputs = [torch.cat(each) for each in outputs]
    return kept, layer_inputs


def norms_of(series, outputs, seeds):
    """‖∂ Σ_t ⟨seed_t, output_t⟩ / ∂s_t‖ of every series; None where the gradient does not come there."""
    for tensors in series.values():
        for tensor in tensors:
            tensor.grad = None
    total = sum((seed * output).sum() for seed, output in zip(seeds, outputs) if seed is not None)
    total.backward(retain_graph=True)
    return {key: [None if t.grad is None else t.grad.norm().item() for t in tensors] for key, tensors in series.items()}


def log10(value):
    return math.nan if value is None else -math.inf if value == 0 else math.log10(value)


def horizon_of(flow, target, direction):
    steps = range(target - 1, -1, -1) if direction != 'backward' else range(target + 1, len(flow))
    for lag, t in enumerate(steps, 1):
        if flow[t] - flow[target] < VANISHING:
            return lag
    return None


def series_of(name, module, target, given, seeds, state0, tensors, output=None):
    """What the recorder says of one recurrent module. @param seeds ∂L/∂output_t, of one target n times"""
    kept, outputs = unrolled(module, [x.double() for x in given], state0)
    if output is not None:
        assert torch.allclose(torch.stack(outputs), output.double(), atol=1e-6), name
    totals = norms_of(kept, outputs, seeds['all'])
    flows = norms_of(kept, outputs, [seed if t == target else None for t, seed in enumerate(seeds['target'])])
    described = []
    for (layer, direction, state), values in kept.items():
        own = f'{name}.l{layer}{"_reverse" if direction == "backward" else ""}:{state}'
        # What autograd gives as zero where no path leads is no gradient.
        reach = [(t <= target) == (direction == 'forward') or t == target for t in range(len(values))]
        # Layers above the first of two directions mix them, so every step reaches the target.
        mixed = module.bidirectional and layer < module.num_layers - 1
        flow = [log10(v if mixed or ok else None) for v, ok in zip(flows[layer, direction, state], reach)]
        tensors[f'{own}:norm'] = torch.tensor([v.norm().item() for v in values], dtype=torch.float64)
        tensors[f'{own}:total'] = torch.tensor([v or 0. for v in totals[layer, direction, state]], dtype=torch.float64)
        tensors[f'{own}:flow'] = torch.tensor(flow, dtype=torch.float64)
        described.append({'name': own, 'module': name, 'layer': layer, 'direction': direction, 'state': state,
                          'role': 'state', 'width': len(values[0]), 'horizon': horizon_of(flow, target, direction)})
    return described


class Writer:
    def __init__(self, name, **run):
        self.folder = FOLDER / name
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / 'steps').mkdir(parents=True)
        base = {'format': 'backflow-recording', 'version': 1, 'recorder': '0.0.0', 'model': None, 'vocabulary': None,
                'framework': {'torch': '2.15.0', 'python': '3.11.2', 'device': 'cpu', 'compiled': False, 'adapter': None},
                'side': 'before-clipping', 'every': 2, 'script': 'train.py', 'created': '2026-11-30T04:00:00+00:00'}
        (self.folder / 'run.json').write_text(json.dumps({**base, **run}, ensure_ascii=False, indent=1) + '\n')
        (self.folder / 'metrics.jsonl').write_text('')

    def metrics(self, step, loss, before, after, parameters, **more):
        line = {'step': step, 'loss': loss, 'gradientNorm': before, 'clippedNorm': after, 'scale': None, 'microBatches': 1,
                'parameterNorms': parameters, **more}
        with (self.folder / 'metrics.jsonl').open('a') as file:
            file.write(json.dumps(line) + '\n')

    def step(self, step, target, series, tensors):
        metadata = {'format': 'backflow-recording-step', 'version': '1', 'step': str(step), 'target': str(target),
                    'series': json.dumps(series)}
        path = self.folder / 'steps' / f'step-{step:06}.safetensors'
        save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, str(path), metadata)
        # The library writes the metadata in another order each time.
        data = path.read_bytes()
        length = int.from_bytes(data[:8], 'little')
        header = json.loads(data[8:8 + length])
        header['__metadata__'] = dict(sorted(header['__metadata__'].items()))
        text = json.dumps(header, separators=(',', ':')).encode()
        path.write_bytes(data[:8] + text.ljust(length) + data[8 + length:])
        assert len(text) <= length


class Language(nn.Module):
    def __init__(self, kind, width, between=None, **options):
        super().__init__()
        self.embedding = nn.Embedding(V, 5)
        self.rnn = getattr(nn, kind)(5, width, **options)
        self.between = between
        self.head = nn.Linear((options.get('proj_size') or width) * (2 if options.get('bidirectional') else 1), V)

    def forward(self, ids, state=None, keep=None):
        read = self.embedding(ids)
        output, state = self.rnn(read, state)
        if keep is not None:
            keep.update(input=read, output=output)
            output.retain_grad()
        return self.head(self.between(output) if self.between else output), state


def described(model, names):
    keys = ['input_size', 'hidden_size', 'num_layers', 'bias', 'batch_first', 'bidirectional', 'proj_size', 'nonlinearity']
    modules = [(name, model.get_submodule(name)) for name in names]
    return {'class': type(model).__name__,
            'modules': [{'name': name, 'class': type(m).__name__, **{k: getattr(m, k) for k in keys if hasattr(m, k)}}
                        for name, m in modules],
            'embedding': 'embedding' if hasattr(model, 'embedding') else None,
            'head': 'head' if hasattr(model, 'head') else None}


def zero_states(module, dtype=torch.float64):
    rows = module.num_layers * (2 if module.bidirectional else 1)
    return [torch.zeros(rows, module.proj_size or module.hidden_size, dtype=dtype), torch.zeros(rows, module.hidden_size, dtype=dtype)]


def language(name, model, T, steps, seed, dtype=torch.float32, vocabulary=True, carried=False, target=None, rate=0.5, hides=(), **run):
    """Streams of random text with a rhythm; every second step is recorded, its first stream alone."""
    model = model.to(dtype)
    writer = Writer(name, model=described(model, ['rnn']), vocabulary=SYMBOLS if vocabulary else None, **run)
    draw = torch.Generator().manual_seed(seed)
    text = torch.randint(0, V, (2, T * steps + 1), generator=draw)
    text[:, 3::4] = 8
    target = T - 1 if target is None else target
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    state = None
    first = model.rnn.batch_first
    for step in range(1, steps + 1):
        window = text[:, (step - 1) * T: step * T + 1]
        ids, targets = (window[:, :-1], window[:, 1:]) if first else (window[:, :-1].T, window[:, 1:].T)
        before, keep = state, {}
        logits, state = model(ids, before, keep)
        loss = nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        stream = (lambda x: x[0]) if first else (lambda x: x[:, 0])
        tensors = {n: p for n, p in model.state_dict().items() if not any(n.startswith(f'{h}.') for h in hides)}
        tensors = {n: p.clone() for n, p in tensors.items()}
        norms = {n: p.grad.norm().item() for n, p in model.named_parameters()}
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.3).item()
        clipped = math.sqrt(sum(p.grad.double().pow(2).sum().item() for p in model.parameters()))
        more = {}
        if step % 2 == 0:
            seed_of = [x.double() for x in stream(keep['output'].grad)]
            n = targets.numel()
            state0 = zero_states(model.rnn)
            if before is not None:
                parts = before if isinstance(before, tuple) else (before,)
                for i, part in enumerate(parts):
                    state0[i] = part[:, 0].double()
                    tensors[f'rnn:{"hc"[i]}_0'] = part[:, :1]
            tensors[':ids'], tensors[':targets'] = stream(ids)[:, None], stream(targets)[:, None]
            tensors['rnn:input'] = stream(keep['input'])[:, None]
            tensors['rnn:output_gradient'] = stream(keep['output'].grad)[:, None]
            series = series_of('rnn', model.rnn, target, [x.detach() for x in stream(keep['input'])],
                               {'all': seed_of, 'target': [n * s for s in seed_of]}, state0, tensors,
                               stream(keep['output']).detach())
            writer.step(step, target, series, tensors)
            own = copy.deepcopy(model).double()
            one = slice(0, 1)
            begin = tuple(s[:, one].double() for s in (before if isinstance(before, tuple) else (before,))) if before is not None else None
            read = own(ids[one] if first else ids[:, one], begin if begin is None or len(begin) > 1 else begin[0])[0]
            expected.setdefault(name, {})[step] = nn.functional.cross_entropy(stream(read), stream(targets)).item()
            more = {'horizon': series[-1]['horizon'], 'slope': None, 'vanished': 0., 'exploded': 0.}
        writer.metrics(step, loss.item(), norm, clipped, norms, **more)
        optimizer.step()
        state = None if not carried else tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


class Features(nn.Module):
    """No tokens: numbers in, one number out."""

    def __init__(self):
        super().__init__()
        self.core = nn.RNN(3, 4, num_layers=2, bidirectional=True)
        self.read = nn.Linear(8, 1)


def features():
    torch.manual_seed(5)
    model, T, target = Features().double(), 9, 4
    writer = Writer('features', model=described(model, ['core']), every=2, side='after-clipping')
    draw = torch.Generator().manual_seed(6)
    for step in (2, 4):
        given = torch.randn(T, 1, 3, generator=draw, dtype=torch.float64)
        output, _ = model.core(given)
        output.retain_grad()
        loss = model.read(output).pow(2).mean()
        model.zero_grad()
        loss.backward()
        seeds = [x for x in output.grad[:, 0]]
        tensors = {f'core.{n}': p.clone() for n, p in model.core.state_dict().items()}
        tensors['core:input'], tensors['core:output_gradient'] = given, output.grad
        series = series_of('core', model.core, target, list(given[:, 0]), {'all': seeds, 'target': [T * s for s in seeds]},
                           zero_states(model.core), tensors, output[:, 0].detach())
        writer.step(step, target, series, tensors)
        writer.metrics(step, loss.item(), None, 0.25, {'core.weight_hh_l0': model.core.weight_hh_l0.grad.norm().item()},
                       horizon=None, slope=None, vanished=0., exploded=0., dropped=1)
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.2 * p.grad


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.key, self.query, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x):
        T = len(x)
        scores = self.query(x) @ self.key(x).T / math.sqrt(x.shape[-1])
        return x + scores.masked_fill(torch.triu(torch.ones(T, T), 1) > 0, -math.inf).softmax(-1) @ self.value(x)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, 6)
        self.blocks = nn.ModuleList([Block(6), Block(6)])
        self.head = nn.Linear(6, V)


def attention():
    """Outputs of modules that are no recurrent ones, every target of them, and a target that is none."""
    torch.manual_seed(7)
    model, T = Attention().double(), 8
    writer = Writer('attention', model={'class': 'Attention', 'embedding': 'embedding', 'head': 'head', 'modules': [
        {'name': 'blocks.0', 'class': 'Block'}, {'name': 'blocks.1', 'class': 'Block'}]}, vocabulary=SYMBOLS)
    draw = torch.Generator().manual_seed(8)
    for step in (2, 4):
        ids = torch.randint(0, V, (T + 1,), generator=draw)
        targets = ids[1:].clone()
        targets[1] = -100
        target = T - 2
        outputs, x = [], model.embedding(ids[:-1])
        for block in model.blocks:
            x = block(x)
            x.retain_grad()
            outputs.append(x)
        logits = model.head(x)
        loss = nn.functional.cross_entropy(logits, targets)
        model.zero_grad()
        loss.backward(retain_graph=True)
        tensors = {n: p.clone() for n, p in model.state_dict().items() if n.startswith(('embedding', 'head'))}
        tensors[':ids'], tensors[':targets'] = ids[:-1, None], targets[:, None]
        totals = [o.grad.norm(dim=-1) for o in outputs]
        matrices = [torch.full((T, T), math.nan, dtype=torch.float64) for _ in outputs]
        for tau in range(T):
            if targets[tau] < 0:
                continue
            ell = nn.functional.cross_entropy(logits[tau:tau + 1], targets[tau:tau + 1])
            for matrix, gradient in zip(matrices, torch.autograd.grad(ell, outputs, retain_graph=True)):
                # The last block's output at another step does not lead there.
                matrix[tau, :tau + 1] = torch.tensor([log10(v.item()) for v in gradient.norm(dim=-1)[:tau + 1]])
        series = []
        for name, output, total, matrix in zip(['blocks.0', 'blocks.1'], outputs, totals, matrices):
            tensors[f'{name}:norm'], tensors[f'{name}:total'] = output.norm(dim=-1), total
            tensors[f'{name}:flow'], tensors[f'{name}:matrix'] = matrix[target].clone(), matrix
            series.append({'name': name, 'module': name, 'layer': None, 'direction': None, 'state': None, 'role': 'tensor',
                           'width': 6, 'horizon': horizon_of(matrix[target].tolist(), target, 'forward')})
        writer.step(step, target, series, tensors)
        writer.metrics(step, loss.item(), 1.5, 'Infinity', {}, horizon=None, slope=None, vanished=0., exploded=0.)
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad if p.grad is not None else 0


if __name__ == '__main__':
    torch.manual_seed(1)
    language('lstm', Language('LSTM', 6, num_layers=2), T=14, steps=6, seed=1)
    torch.manual_seed(2)
    # Streams whose state is carried, no vocabulary, the batch first.
    language('gru', Language('GRU', 5, batch_first=True), T=10, steps=4, seed=2, dtype=torch.float64, vocabulary=False, carried=True)
    torch.manual_seed(3)
    # relu is in run.json alone, and the target is not the last step.
    language('relu', Language('RNN', 6, nonlinearity='relu', bias=False), T=9, steps=2, seed=3, target=5, rate=0.1)
    torch.manual_seed(4)
    # A norm stands behind the layers, which no recorded module is.
    language('normed', Language('LSTM', 4, between=nn.LayerNorm(4)), T=8, steps=2, seed=4, hides=('between',))
    torch.manual_seed(9)
    # What Backflow has no layer for.
    language('projected', Language('LSTM', 6, proj_size=3), T=8, steps=2, seed=9)
    features()
    attention()
    (FOLDER / 'expected.json').write_text(json.dumps(expected, indent=1) + '\n')
