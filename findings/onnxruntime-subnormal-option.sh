#!/usr/bin/env bash
# onnxruntime-node 1.30: the session option session.set_denormal_as_zero is not the session's own.
#
# Expected: a session made with it flushes subnormal numbers in its own products; a session made without it keeps them.
# Seen: the first session of a process decides, for the thread that creates it, and for good. After a first session with the option, plain
# JavaScript on that thread computes 5e-324 * 1 = 0 and Math.fround(1e-40) = 0, before anything has been run; with a first session without
# it, a later session's option no longer changes the thread. (x64; other processors have no such setting.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > try.mjs <<'JS'
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const float = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } } });
const model = onnx.ModelProto.encode({
  irVersion: 8,
  opsetImport: [{ domain: '', version: 18 }],
  graph: { name: 'g', node: [{ opType: 'Identity', input: ['x'], output: ['y'] }], input: [float('x')], output: [float('y')] },
}).finish();
const smallest = new Float64Array([5e-324]);
const keeps = () => smallest[0] * 1 !== 0;
const seen = [keeps()];
for (const flag of process.argv.slice(2)) {
  await ort.InferenceSession.create(model, { logSeverityLevel: 4, extra: { session: { set_denormal_as_zero: flag } } });
  seen.push(keeps());
}
console.log(seen.map((kept) => (kept ? 'kept' : 'flushed')).join(' '));
JS
echo "onnxruntime-node $(node -p "require('./node_modules/onnxruntime-node/package.json').version"), node $(node --version), $(uname -m)"
on=$(node try.mjs 1 0); echo "sessions with, without the option:  $on"
off=$(node try.mjs 0 1); echo "sessions without, with the option:  $off"
[ "$on" = 'kept flushed flushed' ] && [ "$off" = 'kept kept kept' ]
