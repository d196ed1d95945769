// Looking at a probe of 256 tokens: its frame, its source × target matrix, and what frames cost a running training.
import { percent, table, verdict } from '../lib/markdown.mjs';
import { interleave } from '../lib/rounds.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'Inspecting a probe of 256 tokens';

const model = { cell: 'lstm', hidden: 128, layers: 1, batch: 16, window: 64, vocabulary: 65 };
const framesPerSecond = 20;
/** Milliseconds, and the part of training's speed that frames may take. */
const bars = { frame: 15, matrix: 60, cost: 0.1 };

/** Milliseconds of a frame and of the matrix, and the training's speed without and with frames in steps/s. */
export async function measure({ ours, timing, say }) {
  await ours.ask('build', { name: 'probe', ...model, backend: 'ort', threads: null });
  await ours.ask('run', { name: 'probe', steps: 20 });
  const side = (what) => ({ run: async (steps) => (await ours.ask('run', { name: 'probe', what, steps })).seconds });
  const [frame, matrix] = (await interleave([side('newFrame'), side('matrix')], timing)).map(
    (samples) => 1000 * median(samples),
  );
  const { alone, together } = await ours.ask('shared', {
    name: 'probe',
    seconds: 8 * timing.turn,
    rate: framesPerSecond,
  });
  await ours.ask('clear');
  const result = { frame, matrix, alone, together, cost: 1 - together / alone };
  say(title, `frame ${frame.toFixed(1)} ms, matrix ${matrix.toFixed(1)} ms, cost ${percent(result.cost)}`);
  return result;
}

export function report({ frame, matrix, cost, alone, together }) {
  const lines = [
    ['frame, ms', frame.toFixed(1), `≤ ${bars.frame}`, verdict(frame <= bars.frame)],
    ['source × target matrix, ms', matrix.toFixed(1), `≤ ${bars.matrix}`, verdict(matrix <= bars.matrix)],
    [
      `cost to training at ${framesPerSecond} frames/s`,
      percent(cost),
      `< ${percent(bars.cost)}`,
      verdict(cost < bars.cost),
    ],
  ];
  return `LSTM, H 128, L 1; training at B 16, T 64: ${alone.toFixed(0)} steps/s alone, ${together.toFixed(0)} with frames. The text changes from frame to frame and from matrix to matrix, so that each reads it.\n\n${table(['', 'measured', 'bar', 'reached'], ['left', 'right', 'right', 'left'], lines)}`;
}
