#!/usr/bin/env bash
# onnxruntime-node 1.30: an output that is given memory of its own is copied all the same.
#
# Expected: an output tensor that is handed in (`session.run(feeds, { y: tensor })`) is written into, and that is all.
# Seen: it is written into, and after the run a second array of the same size is allocated and filled from it; what `run` returns is this copy. A large product takes
# about twice as long for it, and the garbage collector has as much to do. The outputs are converted in the graph's order, and one that is not a tensor throws, after all
# of them have been computed: a graph whose first output is an empty sequence writes the second into the given memory without a copy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > try.mjs <<'JS'
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const { InferenceSession, Tensor } = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const tensor = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }] } } } });
const sequence = { name: 's', type: { sequenceType: { elemType: { tensorType: { elemType: 1 } } } } };
const model = (hasSequence) =>
  onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 18 }],
    graph: {
      name: 'g',
      node: [
        { opType: 'Neg', input: ['x'], output: ['y'] },
        ...(hasSequence ? [{ opType: 'SequenceEmpty', output: ['s'] }] : []),
      ],
      input: [tensor('x')],
      output: [...(hasSequence ? [sequence] : []), tensor('y')],
    },
  }).finish();
const x = new Tensor('float32', Float32Array.of(1, 2, 3), [3]);
const given = () => new Tensor('float32', new Float32Array(3), [3]);

const y = given();
const result = await (await InferenceSession.create(model(false))).run({ x }, { y });
console.log('written into what was given:', [...y.data].join(' ') === '-1 -2 -3');
console.log('what is returned is the same memory:', result.y.data.buffer === y.data.buffer);
result.y.data[0] = 7;
console.log('a change of it is seen in what was given:', y.data[0] === 7);

const second = given();
const session = await InferenceSession.create(model(true));
const message = await session.run({ x }, { s: null, y: second }).then(() => 'none', (thrown) => thrown.message);
console.log('with a sequence before it, exception:', message);
console.log('written into what was given all the same:', [...second.data].join(' ') === '-1 -2 -3');
JS
echo "onnxruntime-node $(node -p "require('./node_modules/onnxruntime-node/package.json').version"), node $(node --version), $(uname -m)"
seen=$(node try.mjs); echo "$seen"
[ "$(grep -c ': true$' <<<"$seen")" = 2 ] && [ "$(grep -c ': false$' <<<"$seen")" = 2 ] && grep -q 'exception: Non tensor type' <<<"$seen"
