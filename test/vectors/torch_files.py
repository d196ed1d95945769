#!/usr/bin/env python3
"""Files of PyTorch's own in the forms people save them in:  PYTHON test/vectors/torch_files.py

Needs PyTorch 2.5 or newer and safetensors; run with 2.15. Written into data/torchFiles: NAME.pt and, beside it, NAME.safetensors, the same tensors in float64
as PyTorch has them under the names they should be found by; expected.json has, of files that hold a whole language model, `ids` of a text and the mean loss of
its next tokens in float64. The models are small and random; classes of modules that are pickled whole are of this file.
"""
import argparse
import json
import pathlib
import zipfile

import torch
from safetensors.torch import save_file
from torch import nn

FOLDER = pathlib.Path(__file__).parent / 'data' / 'torchFiles'
V, E, H, T = 7, 3, 4, 20
SYMBOLS = list('abcde \n')
torch.manual_seed(11)
torch.set_num_threads(1)
IDS = torch.randint(0, V, (T + 1,))
expected = {}


class Between(nn.Module):
    """With a module between the layers and the output: a norm, an activation."""

    def __init__(self, core, between):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.core, self.between = core, between
        self.head = nn.Linear(H, V)

    def forward(self, ids):
        return self.head(self.between(self.core(self.embedding(ids))[0]))


class Compiled:
    """Pickled as `torch.compile`'s module is, with what it was made of, but without the names of this machine's files that stand in that one."""

    def __init__(self, module):
        self.module = module

    def __reduce__(self):
        return Compiled, (self.module, None)


class Tokenizer:
    def __init__(self):
        self.char_to_id = {symbol: i for i, symbol in enumerate(SYMBOLS)}


class Model(nn.Module):
    def __init__(self, core):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.core = core
        self.head = nn.Linear(H, V)

    def forward(self, ids):
        return self.head(self.core(self.embedding(ids))[0])


def without_debugging(path):
    """The files in it that name places on this machine."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if not name.endswith('.debug_pkl')}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in kept.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def loss_of(model):
    with torch.no_grad():
        logits = model.double()(IDS[None, :-1])
        return nn.functional.cross_entropy(logits[0].double(), IDS[1:]).item()


def keep(name, content, tensors, model=None, **options):
    torch.save(content, FOLDER / f'{name}.pt', **options)
    note(name, tensors, model)


def note(name, tensors, model=None):
    plain = {key: value.detach().to(torch.float64).contiguous().clone() for key, value in tensors.items()}
    save_file(plain, FOLDER / f'{name}.safetensors')
    if model is not None:
        expected[name] = {'ids': IDS.tolist(), 'loss': loss_of(model)}


def lstm():
    return Model(nn.LSTM(E, H, 2, batch_first=True))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    model = lstm()
    state = model.state_dict()
    keep('state-dict', state, state, model.float())
    model = model.float()
    state = model.state_dict()
    keep('older-form', state, state, _use_new_zipfile_serialization=False)

    # As people save a run: the optimizer's moments have the shapes of the weights.
    optimizer = torch.optim.AdamW(model.parameters())
    model(IDS[None]).sum().backward()
    optimizer.step()
    state = model.state_dict()
    run = {'model': state, 'optimizer': optimizer.state_dict(), 'iter_num': 1, 'best_val_loss': torch.tensor(2.5),
           'rng_state': torch.get_rng_state(), 'stoi': {symbol: i for i, symbol in enumerate(SYMBOLS)}}
    keep('run', run, state, model)
    model = model.float()
    keep('run-older-form', run, state, _use_new_zipfile_serialization=False)
    averaged = {key: value * 0.9 for key, value in state.items()}
    keep('average', {'ema': averaged, 'state_dict': state}, state)
    keep('modules', {'embedding': model.embedding.state_dict(), 'core': model.core.state_dict(), 'head': model.head.state_dict()},
         state)
    # Layers of the same shapes, each saved by itself: none is a copy of another.
    pair = nn.ModuleDict({'embedding': nn.Embedding(V, H), 'lower': nn.GRU(H, H, batch_first=True),
                          'upper': nn.GRU(H, H, batch_first=True), 'head': nn.Linear(H, V)})
    pair.forward = lambda ids: pair['head'](pair['upper'](pair['lower'](pair['embedding'](ids))[0])[0])
    keep('modules-alike', {name: module.state_dict() for name, module in pair.items()}, pair.state_dict(), pair)

    lightning = {'epoch': 1, 'global_step': 2, 'pytorch-lightning_version': '2.5.0', 'loops': {}, 'callbacks': {'ModelCheckpoint': {
        'best_model_score': torch.tensor(1.5), 'best_model_path': ''}}, 'lr_schedulers': [],
        'state_dict': {f'model.{key}': value for key, value in state.items()}, 'optimizer_states': [optimizer.state_dict()],
        'hyper_parameters': argparse.Namespace(hidden=H, itos=dict(enumerate(SYMBOLS)))}
    keep('lightning', lightning, {f'model.{key}': value for key, value in state.items()}, model)
    model = model.float()

    relu = Model(nn.RNN(E, H, 1, nonlinearity='relu', batch_first=True))
    keep('whole-module', relu, relu.state_dict(), relu)
    scripted = Model(nn.GRU(E, H, 1, batch_first=True))
    torch.jit.script(scripted).save(FOLDER / 'scripted.pt')
    note('scripted', scripted.state_dict(), scripted)

    # One storage for all, transposed views, an offset, an empty tensor.
    flat = torch.randn(64)
    views = {'row': flat[3:9], 'transposed': flat[10:22].view(3, 4).t(), 'step': flat[20:60:5], 'one': flat[63], 'none': flat[:0],
             'parameter': nn.Parameter(flat[30:34].view(2, 2))}
    keep('views', views, views)
    numbers = torch.cat([torch.tensor([0.0, -0.0, 1.0, -1.5, 1 / 3, 448.0, 2.0 ** -9, 57344.0, float('inf'), float('nan')]), torch.randn(22)])
    types = ['float64', 'float32', 'float16', 'bfloat16', 'float8_e4m3fn', 'float8_e5m2', 'float8_e4m3fnuz', 'float8_e5m2fnuz']
    typed = {name: numbers.to(getattr(torch, name)) for name in types}
    # Every value that eight bits can be.
    eight = {f'all.{name}': torch.arange(256, dtype=torch.uint8).view(getattr(torch, name)) for name in types[4:]}
    keep('types', {**typed, **eight, 'whole': torch.arange(3), 'truth': torch.tensor([True])}, {**typed, **eight})

    # A change of sign that is still to be made, and what one number is repeated for.
    model = lstm()
    state = dict(model.state_dict())
    state['head.weight'] = torch.complex(torch.zeros(V, H), -state['head.weight']).conj().imag
    assert state['head.weight'].is_neg()
    keep('negated', state, state, model)
    model = lstm()
    model.head.bias.data.fill_(0.25)
    state = dict(model.state_dict())
    state['head.bias'] = torch.tensor([0.25]).expand(V)
    state['mask'] = torch.zeros(1).expand(9, 9)
    keep('expanded', state, state, model)

    # What modules that are pickled whole say beside their tensors, and a vocabulary under a name of one's own.
    normed = Between(nn.LSTM(E, H, batch_first=True), nn.LayerNorm(H, eps=0.05))
    with torch.no_grad():
        normed.between.weight.uniform_(0.5, 1.5)
    normed.tokenizer = Tokenizer()
    keep('whole-norm', normed, normed.state_dict(), normed)
    activated = Between(nn.GRU(E, H, batch_first=True), nn.Sequential(nn.Dropout(0.1), nn.ReLU()))
    keep('whole-activation', {'net': activated}, activated.state_dict())
    renormed = Model(nn.GRU(E, H, batch_first=True))
    renormed.embedding.max_norm = 0.5
    keep('whole-max-norm', renormed, renormed.state_dict())

    # The optimizer pickled whole beside the model, a compiled module pickled whole, an average in a wrapper, the older form by a newer protocol.
    model = lstm()
    optimizer = torch.optim.AdamW(model.parameters())
    model(IDS[None]).sum().backward()
    optimizer.step()
    keep('whole-optimizer', {'net': model, 'opt': optimizer, 'schedule': torch.optim.lr_scheduler.StepLR(optimizer, 5)}, model.state_dict(), model)
    model = lstm()
    keep('whole-compiled', Compiled(model), model.state_dict(), model)
    model = lstm()
    state = {f'model._orig_mod.{key}': value for key, value in model.state_dict().items()}
    average = torch.optim.swa_utils.AveragedModel(lstm())
    keep('average-wrapped', {'state_dict': state, 'callbacks': {'EMA': average.state_dict()}}, state, model)
    model = lstm()
    keep('older-form-4', model.state_dict(), model.state_dict(), model, _use_new_zipfile_serialization=False, pickle_protocol=4)

    # Peepholes in a cell of one's own under PyTorch's names; a model in two files.
    cell = {'cell.weight_ih': torch.randn(4 * H, E), 'cell.weight_hh': torch.randn(4 * H, H), 'cell.peepholes': torch.randn(3, H),
            'embedding.weight': torch.randn(V, E), 'head.weight': torch.randn(V, H), 'head.bias': torch.randn(V)}
    keep('peepholes', cell, cell)
    state = lstm().float().state_dict()
    for i, part in enumerate((list(state)[:3], list(state)[3:]), 1):
        torch.save({key: state[key] for key in part}, FOLDER / f'parts-0000{i}-of-00002.bin')
    save_file({key: value.double() for key, value in state.items()}, FOLDER / 'parts.safetensors')

    # An activation in a scripted module; a row of numbered modules with one without weights; models of a cross-validation.
    activated = Between(nn.GRU(E, H, batch_first=True), nn.ReLU())
    torch.jit.script(activated).save(FOLDER / 'scripted-activation.pt')
    without_debugging(FOLDER / 'scripted-activation.pt')
    note('scripted-activation', activated.state_dict())
    row = {key.replace('head.', 'head.1.'): value for key, value in lstm().state_dict().items()}
    keep('row', row, row)
    folds = {f'fold_{i}': {'model': lstm().state_dict()} for i in range(2)}
    keep('folds', folds, {f'{fold}.model.{key}': value for fold, each in folds.items() for key, value in each['model'].items()})
    (FOLDER / 'expected.json').write_text(json.dumps(expected, indent=1) + '\n')


main()
