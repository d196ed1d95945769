// Graph mode: the command line's look at 256 tokens with models that are no stack, beside one that is.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../scripts/lib/stamps.mjs';
import { vocabulary } from '../grid.mjs';
import { table, verdict } from '../lib/markdown.mjs';
import { peerEnvironment } from '../lib/sides.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'Graph mode';

const tokens = 256;
/** Seconds; times as long as the recognized way. */
const bars = { gpt: 3, lstm: 10 };
const models = [
  { file: 'gpt', name: 'GPT-like D 128 L 4, of any length' },
  { file: 'gpt-fixed', name: 'GPT-like D 128 L 4, of 256 tokens alone' },
  { file: 'lstm', name: 'LSTM H 256, as a stack' },
  { file: 'lstm-two', name: 'LSTM H 256 with a head of two layers, in graph mode' },
];
const run = promisify(execFile);

/** One entry a model: seconds of `inspect --json` from start to end of its process, of each round. Every round gives each model one turn. */
export async function measure({ node, python: [python], timing, say }) {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-bench-'));
  try {
    await run(python, [join(root, 'bench/peer/graph_models.py'), folder], {
      env: { ...process.env, ...peerEnvironment() },
    });
    const symbols = Array.from({ length: vocabulary }, (_, id) => String.fromCodePoint(48 + id));
    writeFileSync(join(folder, 'symbols.json'), JSON.stringify(symbols));
    const text = Array.from({ length: tokens + 1 }, (_, t) => symbols[(t * t * 7 + t * 3) % vocabulary]);
    writeFileSync(join(folder, 'text.txt'), text.join(''));
    const samples = models.map(() => []);
    for (let round = 0; round < timing.rounds; round++)
      for (const [i, { file }] of models.entries()) samples[i].push(await seconds(node, folder, file));
    const results = models.map(({ file, name }, i) => ({ file, name, samples: samples[i] }));
    for (const { name, samples: own } of results) say(name, `${median(own).toFixed(2)} s`);
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function seconds(node, folder, file) {
  const at = (name) => join(folder, name);
  const program = join(root, 'dist/cli.js');
  const begun = performance.now();
  await run(
    node,
    [program, 'inspect', at(`${file}.onnx`), '--vocab', at('symbols.json'), '--text', at('text.txt'), '--json'],
    { maxBuffer: 2 ** 28 },
  );
  return (performance.now() - begun) / 1000;
}

export function report(results) {
  const middle = Object.fromEntries(results.map(({ file, samples }) => [file, median(samples)]));
  const rows = results.map(({ file, name, samples }) => {
    const range = `${Math.min(...samples).toFixed(2)}–${Math.max(...samples).toFixed(2)}`;
    const bar = file.startsWith('gpt') ? bars.gpt : file === 'lstm-two' ? bars.lstm * middle.lstm : null;
    return [
      name,
      `${middle[file].toFixed(2)} s`,
      range,
      bar === null ? '' : `< ${bar.toFixed(1)} s`,
      bar === null ? '' : verdict(middle[file] < bar),
    ];
  });
  return `\`inspect --json\` of ${tokens} tokens, from the start of its process to its end: opening, verification, and gradients of one target and of all. Medians of turns one after the other; the bar of the LSTM in graph mode is ten times the stack’s time.\n\n${table(
    ['model', 'measured', 'in the rounds', 'bar', 'reached'],
    ['left', 'right', 'right', 'right', 'left'],
    rows,
  )}`;
}
