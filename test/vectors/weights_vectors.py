#!/usr/bin/env python3
"""State dicts in the forms people save them in, and what PyTorch computes with the models they are of:  PYTHON test/vectors/weights_vectors.py

Needs PyTorch and safetensors. Each model is a chain of PyTorch's own modules in float64, so nothing here is computed by hand: the mean loss
of one text, and the L2 norms of its gradients by every parameter, by autograd. Written into data/weights: NAME.safetensors, and NAME.json with
`ids`, `loss` and `norms`, or with `refusal`, a word that the sentence which refuses the file has to have, or `choices`, what may be asked.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file, save_model
from torch import nn

FOLDER = pathlib.Path(__file__).parent / 'data' / 'weights'
V, T = 11, 24
torch.set_num_threads(1)


class Chain(nn.Module):
    """Modules by name, called one after another; a cell is called step by step. What `also` names is in the file alone."""

    def __init__(self, modules, tied=None, also=()):
        super().__init__()
        for name, module in modules:
            self.add_module(name, module)
        self.order = [name for name, _ in modules]
        if tied:
            self.get_submodule(tied[1]).weight = self.get_submodule(tied[0]).weight
        for name, module in also:
            self.add_module(name, module)

    def forward(self, ids):
        x = ids
        for name in self.order:
            module = self.get_submodule(name)
            if isinstance(module, nn.RNNCellBase):
                x = steps(module, x)
            elif isinstance(module, nn.RNNBase):
                x = module(x)[0]
            else:
                x = module(x)
        return x


class OneHot(nn.Module):
    def forward(self, ids):
        return nn.functional.one_hot(ids, V).double()


def steps(cell, x):
    state, outputs = None, []
    for t in range(len(x)):
        state = cell(x[t:t + 1], state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    return torch.cat(outputs)


def norms_of(model):
    found, layer = {}, 0
    for name in model.order:
        module = model.get_submodule(name)
        if isinstance(module, nn.Embedding):
            found['embedding'] = module.weight.grad.norm()
        elif isinstance(module, nn.LayerNorm):
            continue
        elif isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
            cell = isinstance(module, nn.RNNCellBase)
            for index in range(1 if cell else module.num_layers):
                for direction in ('forward', 'backward')[:1 if cell or not module.bidirectional else 2]:
                    suffix = '' if cell else f'_l{index}' + ('_reverse' if direction == 'backward' else '')
                    for role, own in (('W', 'weight_ih'), ('R', 'weight_hh'), ('Wb', 'bias_ih'), ('Rb', 'bias_hh')):
                        parameter = getattr(module, own + suffix, None)
                        if parameter is not None:
                            found[f'{layer} {direction} {role}'] = parameter.grad.norm()
                layer += 1
        elif isinstance(module, nn.Linear):
            if module.weight is not getattr(model.get_submodule(model.order[0]), 'weight', None):
                found['output W'] = module.weight.grad.norm()
            if module.bias is not None:
                found['output b'] = module.bias.grad.norm()
    return {name: float(f'{value.item():.12g}') for name, value in found.items()}


def write(name, model, save=None, change=lambda state: state, **said):
    file = str(FOLDER / f'{name}.safetensors')
    with torch.no_grad():
        # Larger than PyTorch's own start, and the same in float32.
        for parameter in model.parameters():
            parameter.copy_((parameter * 1.7).float().double())
    model.double()
    expected = said
    if not said:
        ids = torch.randint(V, (T + 1,), generator=torch.Generator().manual_seed(5))
        loss = nn.functional.cross_entropy(model(ids[:-1]), ids[1:])
        loss.backward()
        expected = {'ids': ids.tolist(), 'loss': float(f'{loss.item():.14g}'), 'norms': norms_of(model)}
    model.float()
    if save:
        save(model, file)
    else:
        save_file({key: value.contiguous().clone() for key, value in change(model.state_dict()).items()}, file)
    (FOLDER / f'{name}.json').write_text(json.dumps(expected, indent=1) + '\n')


def without(*names):
    return lambda state: {key: value for key, value in state.items() if key not in names}


def plus(**tensors):
    return lambda state: {**state, **{key.replace('__', '.'): value for key, value in tensors.items()}}


def under(prefix):
    return lambda state: {prefix + key: value for key, value in state.items()}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    emb, lin, lstm, gru = nn.Embedding, nn.Linear, nn.LSTM, nn.GRU
    # In a row.
    write('lstm1-lstm2', Chain([('emb', emb(V, 5)), ('lstm1', lstm(5, 7)), ('lstm2', lstm(7, 4)), ('fc', lin(4, V))]))
    write('rnns-equal', Chain([('encoder', emb(V, 6)), ('rnns_0', gru(6, 6)), ('rnns_1', gru(6, 6)), ('rnns_2', gru(6, 6)), ('decoder', lin(6, V))]),
          change=lambda state: {key.replace('rnns_', 'rnns.'): value for key, value in state.items()})
    write('cells-mixed', Chain([('embed', emb(V, 5)), ('cell1', nn.GRUCell(5, 6)), ('cell2', nn.LSTMCell(6, 5)), ('unembed', lin(5, V))]))
    write('rnn-cell', Chain([('embed', emb(V, 6)), ('cell', nn.RNNCell(6, 6, bias=False)), ('head', lin(6, V))]))
    write('both-directions', Chain([('C', emb(V, 4)), ('rnn', lstm(4, 4, 2, bidirectional=True)), ('proj', lin(8, V))]), change=under('module._orig_mod.'))
    # Embedding and output of one shape.
    write('embed-unembed', Chain([('embed', emb(V, 6)), ('rnn', gru(6, 6)), ('unembed', lin(6, V))]))
    write('decoder-is-the-embedding', Chain([('decoder', emb(V, 6)), ('rnn', gru(6, 6)), ('encoder', lin(6, V))]), change=under('model.'))
    write('c-proj', Chain([('C', emb(V, 6)), ('rnn', lstm(6, 6)), ('proj', lin(6, V))]))
    write('square', Chain([('inp', emb(V, V)), ('rnn', lstm(V, V)), ('head', lin(V, V))]))
    write('one-hot', Chain([('onehot', OneHot()), ('rnn', lstm(V, 6)), ('2', lin(6, V, bias=False))]))
    # Tied.
    tied = lambda size: Chain([('encoder', emb(V, size)), ('rnn', lstm(size, size)), ('decoder', lin(size, V))], ('encoder', 'decoder'))
    write('tied-square-once', tied(V), change=without('decoder.weight'))
    write('tied-twice', tied(6))
    write('tied-save-model', tied(V), save=save_model)
    # With what else is in such files.
    more = Chain([('emb', emb(V, 5)), ('rnn', gru(5, 6)), ('fc', lin(6, V, bias=False))])
    write('strangers', more, change=lambda state: {
        **state, 'criterion.weight': torch.rand(V), 'mask': torch.ones(V, V, dtype=torch.bool), 'bn.num_batches_tracked': torch.tensor(7),
        'tags.weight': torch.rand(13, 6), 'tags.bias': torch.rand(13), 'ids': torch.arange(V, dtype=torch.int16), 'best_loss': torch.tensor(1.5),
        **{f'optimizer.exp_avg.{key}': torch.rand_like(value) for key, value in state.items()}})
    write('layer-norm-last', Chain([('emb', emb(V, 5)), ('rnn', gru(5, 6)), ('ln_f', nn.LayerNorm(6)), ('fc', lin(6, V))]))
    # Asked about.
    write('no-bias', Chain([('embed', emb(V, 6)), ('rnn', gru(6, 6)), ('unembed', lin(6, V, bias=False))]),
          choices=['embedding=embed.weight,output=unembed.weight', 'embedding=unembed.weight,output=embed.weight'])
    write('two-heads', Chain([('emb', emb(V, 5)), ('rnn', gru(5, 6)), ('next', lin(6, V))], also=[('after_next', lin(6, V))]),
          choices=['output=after_next.weight,bias=after_next.bias', 'output=next.weight,bias=next.bias'])
    write('one-hot-square', Chain([('onehot', OneHot()), ('rnn', lstm(V, V)), ('fc', lin(V, V))]), choices=['embedding=fc.weight', 'embedding=none'])
    write('loose-vector', more, change=plus(scale=torch.rand(V)), choices=['bias=none', 'bias=scale'])
    # Refused.
    base = lambda **also: Chain([('emb', emb(V, 6)), ('rnn', gru(6, 6)), ('fc', lin(6, V))], also=list(also.items()))
    write('refused-norm-between', Chain([('emb', emb(V, 5)), ('lstm1', lstm(5, 6)), ('ln', nn.LayerNorm(6)), ('lstm2', lstm(6, 6)), ('fc', lin(6, V))]), refusal='“ln”')
    write('refused-batch-norm', base(bn=nn.BatchNorm1d(6)), refusal='“bn”')
    write('refused-positions', base(pos=emb(32, 6)), refusal='pos.weight')
    write('refused-linear-between', base(dense=lin(6, 6)), refusal='dense.weight')
    write('refused-projection', Chain([('emb', emb(V, 6)), ('rnn', lstm(6, 8, proj_size=4)), ('fc', lin(4, V))]), refusal='rnn.weight_hr_l0')
    write('refused-weight-norm', Chain([('emb', emb(V, 6)), ('rnn', gru(6, 6)), ('fc', nn.utils.weight_norm(lin(6, V)))]), refusal='fc.weight_g')
    write('refused-classes', Chain([('emb', emb(V, 6)), ('rnn', gru(6, 6)), ('fc', lin(6, 4))]), refusal='fc.weight')
    write('two-readers', Chain([('emb', emb(V, 6)), ('encoder', lstm(6, 6)), ('decoder', lstm(6, 6)), ('fc', lin(6, V))]),
          choices=['layers=decoder+encoder', 'layers=encoder+decoder'])


if __name__ == '__main__':
    main()
