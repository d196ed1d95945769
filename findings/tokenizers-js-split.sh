#!/usr/bin/env bash
# Hugging Face's tokenizers for JavaScript reads a tokenizer.json with the pre-tokenizer Split, but not all that it says: the behavior "Contiguous"
# (neighboring delimiters stay together), "MergedWithPrevious" and "MergedWithNext" are taken as "Isolated", and in a pattern `(?m)`, which lets a dot
# match line feeds in Oniguruma, ends in an error. With those
# behaviors the same file gives other ids than in Python; nothing is said.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @huggingface/tokenizers@0.2.0 >/dev/null
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check tokenizers==0.23.3
cat >make.py <<'PYTHON'
import json

from tokenizers import Regex, Tokenizer, models, pre_tokenizers

vocab = {token: i for i, token in enumerate(['<unk>', 'a', '-', '--', 'a-', '--a', '-a', 'b'])}
made = {}
for behavior in ['isolated', 'contiguous', 'merged_with_previous', 'merged_with_next']:
    tokenizer = Tokenizer(models.BPE(vocab, [], unk_token='<unk>', ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split('-', behavior)
    made[behavior] = {'file': json.loads(tokenizer.to_str()), 'tokens': tokenizer.encode('a--a').tokens}
print(json.dumps(made))
PYTHON
python/bin/python make.py >made.json
cat >read.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';

const made = JSON.parse(readFileSync('made.json', 'utf8'));
console.log('tokenizers for JavaScript 0.2.0 beside tokenizers 0.23.3 for Python: "a--a" split at "-"');
const differ = [];
for (const [behavior, { file, tokens }] of Object.entries(made)) {
  const ours = new Tokenizer(file, {}).tokenize('a--a');
  console.log(`${behavior}: JavaScript ${JSON.stringify(ours)}, Python ${JSON.stringify(tokens)}`);
  if (JSON.stringify(ours) !== JSON.stringify(tokens)) differ.push(behavior);
}
let message = 'none';
try {
  const file = structuredClone(made.isolated.file);
  file.pre_tokenizer.pattern = { Regex: '(?m).' };
  message = JSON.stringify(new Tokenizer(file, {}).tokenize('a\nb'));
} catch (error) {
  message = error.message;
}
console.log('the pattern (?m). there:', message);
if (differ.join() !== 'contiguous,merged_with_previous,merged_with_next') process.exit(1);
NODE
node read.mjs
