// What each remedy that is a setting of training costs a training step (docs/remedies.md).
import { vocabulary } from '../grid.mjs';
import { table } from '../lib/markdown.mjs';

export const title = 'The cost of remedies';

const model = { cell: 'rnn', hidden: 128, layers: 1, batch: 16, window: 64, vocabulary, backend: 'ort', threads: 1 };

/** What differs from the engine's default settings. */
const remedies = {
  'without a remedy': {},
  Ω: { omega: 1 },
  'cap of the spectral radius, at 1': { radiusCap: 1 },
  'cap of the spectral radius, at 0.5, where it always acts': { radiusCap: 0.5 },
  'flossing of 4 exponents in one of 10 steps': { flossing: 0.1, flossingExponents: 4, flossingEvery: 10 },
};
const turns = 10;
/** In every turn the same number of steps have flossing. */
const stepsOfTurn = 40;

/** One entry a remedy: `{ remedy, seconds }`, the processor's for a step, the mean of all turns; each remedy has its turn before the next begins, and one before those that count. */
export async function measure({ ours, say }) {
  const names = Object.keys(remedies);
  for (const name of names) await ours.ask('build', { name, ...model, settings: remedies[name] });
  const spent = names.map(() => 0);
  for (let turn = 0; turn <= turns; turn++)
    for (const [i, name] of names.entries()) {
      const { processor } = await ours.ask('run', { name, steps: stepsOfTurn });
      if (turn > 0) spent[i] += processor;
    }
  await ours.ask('clear');
  const results = names.map((remedy, i) => ({ remedy, seconds: spent[i] / (turns * stepsOfTurn) }));
  for (const { remedy, seconds } of results) say(remedy, milliseconds(seconds));
  return results;
}

const milliseconds = (seconds) => `${(1000 * seconds).toFixed(1)} ms`;

export function report(results) {
  const lines = results.map(({ remedy, seconds }) => [remedy, milliseconds(seconds)]);
  return `Processor time of a training step of a vanilla RNN of ${model.hidden} units, with windows of ${model.window} steps and ${model.batch} streams, on ONNX Runtime with one thread; the mean of ${turns * stepsOfTurn} steps.\n\n${table(['', 'a step'], ['left', 'right'], lines)}`;
}
