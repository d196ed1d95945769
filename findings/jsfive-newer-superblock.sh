#!/usr/bin/env bash
# jsfive 0.4.2 opens HDF5 files in the form of `libver="latest"` (superblock 3) without an error. Its reader of Keras' usual files (superblock 0) finds all
# attributes; of the newer form it leaves out those that lie in an object's dense storage, as more than eight do, without a word.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
"${PYTHON:-python3}" -m venv python
python/bin/pip install --quiet --disable-pip-version-check h5py==3.16.0
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . jsfive@0.4.2 h5wasm@0.10.3 >/dev/null
cat >make.py <<'PYTHON'
import h5py

for name, form in [('usual', {}), ('newest', {'libver': 'latest'})]:
    with h5py.File(f'{name}.h5', 'w', **form) as file:
        for i in range(12):
            file.attrs[f'note{i}'] = 'text'
PYTHON
python/bin/python make.py
cat >read.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import { File } from 'jsfive';
import * as h5wasm from 'h5wasm';

const { FS } = await h5wasm.ready;
const found = {};
for (const name of ['usual', 'newest']) {
  const bytes = readFileSync(`${name}.h5`);
  FS.writeFile(`/${name}.h5`, bytes);
  const byJsfive = Object.keys(new File(Uint8Array.from(bytes).buffer, name).attrs).length;
  const byLibrary = Object.keys(new h5wasm.File(`/${name}.h5`, 'r').attrs).length;
  console.log(`${name} form, superblock ${bytes[8]}: jsfive 0.4.2 finds ${byJsfive} of 12 attributes, h5wasm 0.10.3 ${byLibrary}`);
  found[name] = [byJsfive, byLibrary];
}
if (String(found.usual) !== '12,12' || String(found.newest) !== '0,12') process.exit(1);
NODE
node read.mjs
