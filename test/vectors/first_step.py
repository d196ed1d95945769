"""The first step of training that goes on from an export: PYTHON test/vectors/first_step.py, with the PyTorch that made the exports (2.15)."""
import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / 'models'))
from texts import SYMBOLS, V, ids_of  # noqa: E402
from torch_exports import CASES  # noqa: E402
from torch_modules import CharRnn, plain  # noqa: E402

T, B, LENGTH, CLIP = 16, 4, 800, 0.05
torch.set_num_threads(1)


def first_step(case):
    """Streams lie one after another in the first nine tenths; the gradient of the mean over T·B targets, clipped by its norm."""
    module = CharRnn(**CASES[case][0]).double()
    ids = torch.tensor(ids_of(LENGTH, 7))
    stream = (LENGTH * 9 // 10 - 1) // B
    window = torch.stack([ids[b * stream:b * stream + T + 1] for b in range(B)])
    loss = F.cross_entropy(plain(module, window[:, :-1]).reshape(-1, V), window[:, 1:].reshape(-1))
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(module.parameters(), CLIP)
    return {'loss': loss.item(), 'gradientNorm': norm.item(), 'clippedNorm': min(norm.item(), CLIP)}


result = {'window': T, 'batch': B, 'clipNorm': CLIP, 'text': ''.join(SYMBOLS[i] for i in ids_of(LENGTH, 7)),
          'cases': {case: first_step(case) for case in ('lstm-2', 'gru-2', 'lstm-tied')}}
(HERE / 'data/first-step.json').write_text(json.dumps(result, ensure_ascii=False, indent=1) + '\n')
