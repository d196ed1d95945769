#!/usr/bin/env bash
# onnxruntime-node 1.30: RNN, GRU and LSTM do not take the operators' defaults for some activations without coefficients.
#
# Expected: the text of the operators says that activation_alpha and activation_beta are optional, and that the defaults are those of the ONNX
# operators of the same names: Affine x (alpha 1, beta 0), ScaledTanh tanh(x) (alpha 1, beta 1), ThresholdedRelu x where x > 1 (alpha 1),
# as LeakyRelu 0.01, HardSigmoid 0.2 and 0.5, Elu 1.
# Seen: LeakyRelu, HardSigmoid and Elu are so. Affine, ScaledTanh and ThresholdedRelu give something else, without a word; with the same
# coefficients written into the node they give what is expected. (A step of one unit, h = f(x), for x = 2 and x = 0.5.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > try.mjs <<'JS'
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = require('onnxruntime-node');
const { onnx } = require('onnx-proto');
const float = (name, ...sizes) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: sizes.map((dimValue) => ({ dimValue })) } } } });
const constant = (name, value) => ({ name, dataType: 1, dims: [1, 1, 1], floatData: [value] });
const { FLOATS, INT, STRINGS } = onnx.AttributeProto.AttributeType;
async function step(activation, x, alpha, beta) {
  const attribute = [
    { name: 'hidden_size', type: INT, i: 1 },
    { name: 'activations', type: STRINGS, strings: [Buffer.from(activation)] },
    ...(alpha === undefined ? [] : [{ name: 'activation_alpha', type: FLOATS, floats: [alpha] }]),
    ...(beta === undefined ? [] : [{ name: 'activation_beta', type: FLOATS, floats: [beta] }]),
  ];
  const model = onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'g',
      node: [{ opType: 'RNN', input: ['x', 'W', 'R'], output: ['y'], attribute }],
      initializer: [constant('W', 1), constant('R', 0)],
      input: [float('x', 1, 1, 1)],
      output: [float('y', 1, 1, 1, 1)],
    },
  }).finish();
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(x), [1, 1, 1]) });
  return y.data[0];
}
const functions = [
  ['LeakyRelu', (x) => (x < 0 ? 0.01 * x : x), 0.01],
  ['Elu', (x) => (x < 0 ? Math.exp(x) - 1 : x), 1],
  ['HardSigmoid', (x) => Math.max(0, Math.min(1, 0.2 * x + 0.5)), 0.2, 0.5],
  ['Affine', (x) => x, 1, 0],
  ['ScaledTanh', (x) => Math.tanh(x), 1, 1],
  ['ThresholdedRelu', (x) => (x > 1 ? x : 0), 1],
];
const near = (a, b) => Math.abs(a - b) < 1e-6;
const differing = [];
for (const [name, f, alpha, beta] of functions) {
  const xs = name === 'LeakyRelu' || name === 'Elu' ? [-2, -0.5] : [2, 0.5];
  const without = [];
  const written = [];
  for (const x of xs) {
    without.push(await step(name, x));
    written.push(await step(name, x, alpha, beta));
  }
  if (!xs.every((x, i) => near(written[i], f(x)))) differing.push(`${name} with coefficients`);
  if (!xs.every((x, i) => near(without[i], f(x)))) differing.push(name);
  console.log(`${name}: expected ${xs.map((x) => f(x).toFixed(4))}; without coefficients ${without}; with them ${written}`);
}
console.log(`differ: ${differing.join(', ')}`);
JS
echo "onnxruntime-node $(node -p "require('./node_modules/onnxruntime-node/package.json').version"), node $(node --version), $(uname -m)"
seen=$(node try.mjs); echo "$seen"
[ "$(tail -n 1 <<<"$seen")" = 'differ: Affine, ScaledTanh, ThresholdedRelu' ]
