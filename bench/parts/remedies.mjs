// What each remedy that is a setting of training costs a training step (docs/remedies.md).
import { vocabulary } from '../grid.mjs';
import { table } from '../lib/markdown.mjs';

export const title = 'The cost of remedies';

const model = { hidden: 128, layers: 1, batch: 16, window: 64, vocabulary, backend: 'ort', threads: 1 };

/** What differs from the engine's default settings. */
const remedies = {
  'without a remedy': {},
  Ω: { omega: 1 },
  'cap of the spectral radius, at 1': { radiusCap: 1 },
  'cap of the spectral radius, at 0.5, where it always acts': { radiusCap: 0.5 },
  'flossing of 4 exponents in one of 10 steps': { flossing: 0.1, flossingExponents: 4, flossingEvery: 10 },
};
/** Of other kinds flossing alone is measured. */
const kinds = { RNN: 'rnn', LSTM: 'lstm', GRU: 'gru', minGRU: 'minGRU', minLSTM: 'minLSTM' };
const ofAll = ['without a remedy', 'flossing of 4 exponents in one of 10 steps'];
const turns = 10;
/** In every turn the same number of steps have flossing. */
const stepsOfTurn = 40;

/** One entry a remedy and kind: `{ remedy, kind, seconds }`, the processor's for a step, the mean of all turns; each has its turn before the next begins, and one before those that count. */
export async function measure({ ours, say }) {
  const measured = Object.keys(kinds).flatMap((kind) =>
    Object.keys(remedies)
      .filter((remedy) => kind === 'RNN' || ofAll.includes(remedy))
      .map((remedy) => ({ kind, remedy, name: `${kind}, ${remedy}` })),
  );
  for (const { kind, remedy, name } of measured)
    await ours.ask('build', { name, ...model, cell: kinds[kind], settings: remedies[remedy] });
  const spent = measured.map(() => 0);
  for (let turn = 0; turn <= turns; turn++)
    for (const [i, { name }] of measured.entries()) {
      const { processor } = await ours.ask('run', { name, steps: stepsOfTurn });
      if (turn > 0) spent[i] += processor;
    }
  await ours.ask('clear');
  const results = measured.map(({ kind, remedy }, i) => ({ kind, remedy, seconds: spent[i] / (turns * stepsOfTurn) }));
  for (const { kind, remedy, seconds } of results) say(`${kind}, ${remedy}`, milliseconds(seconds));
  return results;
}

const milliseconds = (seconds) => `${(1000 * seconds).toFixed(1)} ms`;

export function report(results) {
  const labels = Object.keys(kinds);
  const lines = Object.keys(remedies).map((remedy) => [
    remedy,
    ...labels.map((kind) => {
      const found = results.find((each) => each.remedy === remedy && each.kind === kind);
      return found ? milliseconds(found.seconds) : '';
    }),
  ]);
  const head = ['', ...labels];
  const right = labels.map(() => 'right');
  return `Processor time of a training step of ${model.hidden} units, with windows of ${model.window} steps and ${model.batch} streams, on ONNX Runtime with one thread; the mean of ${turns * stepsOfTurn} steps.\n\n${table(head, ['left', ...right], lines)}`;
}
