#!/usr/bin/env bash
# What transformers' Trainer makes of four micro-batches accumulated into one update, for a model whose forward takes **kwargs and whose loss is a mean:
# One expects the update of the whole batch, as without accumulation, and as of the same model without **kwargs. It is four times as large, without a word: the Trainer takes any forward with
# **kwargs for one that divides its loss by the num_items_in_batch that it is passed, and then divides by nothing itself.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with torch==2.15.0 transformers==5.24.0 accelerate==1.15.0 numpy==2.4.6 <<'PYTHON' 2>"$folder/log" || { tail -20 "$folder/log"; exit 1; }
import warnings

import torch
import transformers
from torch import nn
from transformers import Trainer, TrainingArguments

torch.manual_seed(1)
ids = torch.randint(12, (16, 9))
examples = [{'ids': row[:-1], 'labels': row[1:]} for row in ids]


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.embedding, self.rnn, self.output = nn.Embedding(12, 6), nn.GRU(6, 8, batch_first=True), nn.Linear(8, 12)

    def forward(self, ids, labels):
        scores = self.output(self.rnn(self.embedding(ids))[0])
        return {'loss': nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten()), 'logits': scores}


class WithKwargs(Plain):
    def forward(self, ids, labels, **kwargs):
        return super().forward(ids, labels)


class SaysSo(WithKwargs):
    accepts_loss_kwargs = False


def gradient(kind, micro_batches):
    """What one update of plain SGD with the rate 1 takes from the weights: the gradient."""
    model = kind()
    before = nn.utils.parameters_to_vector(model.parameters()).detach()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    options = dict(per_device_train_batch_size=16 // micro_batches, gradient_accumulation_steps=micro_batches)
    options.update(max_steps=1, max_grad_norm=0.0, use_cpu=True, report_to=[], save_strategy='no', disable_tqdm=True)
    schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)
    Trainer(model, TrainingArguments('out', **options), train_dataset=examples, optimizers=(optimizer, schedule)).train()
    return before - nn.utils.parameters_to_vector(model.parameters()).detach()


with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter('always')
    expected = gradient(Plain, 1)
    found = {}
    for kind in (Plain, WithKwargs, SaysSo):
        of_four = gradient(kind, 4)
        found[kind.__name__] = float(of_four @ expected / (expected @ expected))
        rest = float((of_four - found[kind.__name__] * expected).norm() / of_four.norm())
        assert rest < 1e-4, rest
told = [str(one.message) for one in told if 'accumul' in str(one.message) or 'kwargs' in str(one.message)]
print('transformers', transformers.__version__, 'PyTorch', torch.__version__)
for name, ratio in found.items():
    print(f'{name}: four micro-batches give {ratio:.4f} times the gradient of the whole batch')
assert abs(found['Plain'] - 1) < 1e-3 and abs(found['SaysSo'] - 1) < 1e-3, found
assert abs(found['WithKwargs'] - 4) < 1e-3, found
assert not told, told
PYTHON
