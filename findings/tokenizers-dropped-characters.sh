#!/usr/bin/env bash
# A BPE tokenizer of Hugging Face's tokenizers that was given no unknown token leaves out, without a word, every character that it has not seen; and what
# stood on both sides of it is merged as if nothing had been between, with a place in the text that is short by it. Training one without `unk_token` is the default.
# Where a normalizer replaces several characters by one, the place that is told of it in the text is that of the last of them alone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check tokenizers==0.23.3
python/bin/python - <<'PYTHON'
import tokenizers
from tokenizers import Tokenizer, models, normalizers

print('tokenizers', tokenizers.__version__)
tokenizer = Tokenizer(models.BPE({'a': 0, 'b': 1, 'ab': 2}, [('a', 'b')]))
dropped = tokenizer.encode('aXb')
print('"aXb" without an unknown token:', dropped.tokens, dropped.offsets)
tokenizer = Tokenizer(models.BPE({'a': 0, 'Y': 1}, []))
tokenizer.normalizer = normalizers.Replace('ban', 'Y')
replaced = tokenizer.encode('bana')
print('"bana" with "ban" replaced by "Y":', replaced.tokens, replaced.offsets)
assert dropped.tokens == ['ab'] and dropped.offsets == [(0, 2)] and replaced.tokens == ['Y', 'a'] and replaced.offsets[0] == (2, 3)
PYTHON
