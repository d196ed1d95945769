#!/usr/bin/env bash
# What transformers' Mamba makes of a text that is read in two pieces, the cache of the first given to the second:
# One expects the answers of the whole text: "the model uses the previous state in all the blocks". That is so where the second piece is one token. Where it is more, the convolution goes
# on from the cache, and the scan begins at zero: the state that carries all of the text but its last three tokens is dropped, without a word. (Without the kernels for graphics cards.)
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with torch==2.15.0 transformers==5.24.0 numpy==2.4.6 <<'PYTHON' 2>"$folder/log" || { tail -20 "$folder/log"; exit 1; }
import torch
import transformers
from transformers import MambaConfig, MambaForCausalLM

torch.manual_seed(1)
model = MambaForCausalLM(MambaConfig(vocab_size=12, hidden_size=16, num_hidden_layers=2, state_size=8)).eval()
ids = torch.randint(12, (1, 24))
# As trained weights are larger than the first ones.
with torch.no_grad():
    for layer in model.backbone.layers:
        layer.mixer.x_proj.weight *= 10


@torch.no_grad()
def read(pieces):
    """The scores of all tokens, read in pieces of these lengths."""
    cache, at, scores = None, 0, []
    for length in pieces:
        answer = model(ids[:, at:at + length], cache=cache, use_cache=True)
        cache, at = answer.cache, at + length
        scores.append(answer.logits[0])
    return torch.cat(scores)


whole = read([24])
found = {name: float((read(pieces) - whole).abs().max()) for name, pieces in {'16 tokens, then 8': [16, 8], '16 tokens, then one by one': [16] + [1] * 8}.items()}
print('transformers', transformers.__version__, 'PyTorch', torch.__version__, f'scores up to {float(whole.abs().max()):.2f}')
for name, difference in found.items():
    print(f'{name}: differs by {difference:.1e} from the whole text at once')
assert found['16 tokens, then one by one'] < 1e-5, found
assert found['16 tokens, then 8'] > 1e-3, found
PYTHON
