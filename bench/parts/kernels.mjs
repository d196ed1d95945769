// Training by the kernels alone, for systems without ONNX Runtime, beside training with it.
import { table, verdict, whole } from '../lib/markdown.mjs';
import { interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'The kernels alone, beside ONNX Runtime';

const largestHidden = 128;
/** Least part of the speed with ONNX Runtime. */
const bar = 0.7;

/** One entry a row up to H = 128: tokens/s of both backends. */
export async function measure({ ours, rows, timing, say }) {
  const results = [];
  for (const { name, model } of rows.filter((row) => row.model.hidden <= largestHidden)) {
    for (const backend of ['ort', 'wasm']) await ours.ask('build', { name: backend, ...model, backend, threads: null });
    const [ort, wasm] = (
      await interleave(
        ['ort', 'wasm'].map((backend) => trainingSide(ours, backend)),
        timing,
      )
    ).map((samples) => (model.batch * model.window) / median(samples));
    await ours.ask('clear');
    results.push({ row: name, ort, wasm, share: wasm / ort });
    say(name, `kernels ${whole(wasm)}, ONNX Runtime ${whole(ort)} tokens/s`);
  }
  return results;
}

export function report(results) {
  const lines = results.map(({ row, ort, wasm, share }) => [
    row,
    whole(wasm),
    whole(ort),
    share.toFixed(2),
    verdict(share >= bar),
  ]);
  return table(
    ['row', 'kernels, tokens/s', 'ONNX Runtime', 'share', `≥ ${bar}`],
    ['left', 'right', 'right', 'right', 'left'],
    lines,
  );
}
