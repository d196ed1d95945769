#!/usr/bin/env bash
# Hugging Face's tokenizers for JavaScript reads a tokenizer.json with the model WordLevel, in which every word of the text is looked up. For a word that
# is not in the vocabulary, Python's library gives the unknown token's id; this one gives no id: `undefined` stands among the ids.
# With BPE and fuse_unk, which makes one token of neighboring unknown characters, it also joins those of two words; Python's never does.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @huggingface/tokenizers@0.2.0 >/dev/null
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check tokenizers==0.23.3
cat >make.py <<'PYTHON'
import json

from tokenizers import Tokenizer, models, pre_tokenizers

made = []
for text, model in [('cat dog cat', models.WordLevel({'<unk>': 0, 'cat': 1}, unk_token='<unk>')), ('axx xxa', models.BPE({'<unk>': 0, 'a': 1}, [], unk_token='<unk>', fuse_unk=True))]:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.append({'text': text, 'file': json.loads(tokenizer.to_str()), 'ids': tokenizer.encode(text).ids})
print(json.dumps(made))
PYTHON
python/bin/python make.py >made.json
cat >read.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';

console.log('tokenizers for JavaScript 0.2.0 beside tokenizers 0.23.3 for Python');
const [words, fused] = JSON.parse(readFileSync('made.json', 'utf8')).map(({ text, file, ids }) => {
  const ours = new Tokenizer(file, {}).encode(text).ids;
  console.log(`${file.model.type}, ${JSON.stringify(text)}: JavaScript [${ours.map(String)}], Python [${ids}]`);
  return { ours, ids };
});
const isSo = words.ours[1] === undefined && words.ids[1] === 0 && fused.ours.length === 3 && fused.ids.length === 4;
process.exit(isSo ? 0 : 1);
NODE
node read.mjs
