/** Takes the pictures of README.md and docs/ from a real editor: `npm run pictures`, or those of some names alone. */
import { takeComparison, takeRemedy } from './comparisons';
import { takeOverflow, takeSections } from './panelParts';
import { notebookFiles, recordedFiles, takeNotebook, takeRecording } from './python';
import { inEditor } from './scene';
import { takeSweep } from './sweep';
import { takeAnimation, takeStills } from './training';

/** By the names of the pictures that each takes. */
const takes: Readonly<Record<string, () => Promise<void>>> = {
  training: () => inEditor({ width: 1400, height: 720, settings: { 'editor.fontSize': 11 } }, takeAnimation),
  'overview hover': () => inEditor({ width: 1440, height: 1270, settings: { 'editor.fontSize': 11 } }, takeStills),
  compare: () =>
    inEditor(
      { width: 1360, height: 890, settings: { 'backflow.model.hiddenSize': 24, 'backflow.training.steps': 2000 } },
      takeComparison,
    ),
  'change spectrum': () =>
    inEditor({ width: 1640, height: 1400, settings: { 'backflow.model.hiddenSize': 64 } }, takeSections),
  remedy: () =>
    inEditor(
      {
        width: 1640,
        height: 1000,
        settings: { 'backflow.model.hiddenSize': 64, 'backflow.training.checkpointEvery': 100 },
      },
      takeRemedy,
    ),
  overflow: () =>
    inEditor(
      {
        width: 1640,
        height: 1000,
        settings: {
          'backflow.model.cell': 'rnn',
          'backflow.model.activation': 'relu',
          'backflow.model.hiddenSize': 64,
          'backflow.training.optimizer': 'sgd',
          'backflow.training.learningRate': 1,
          'backflow.training.clipNorm': 0,
        },
      },
      takeOverflow,
    ),
  recording: () =>
    inEditor(
      { width: 1440, height: 1030, settings: { 'editor.fontSize': 11 }, files: recordedFiles(), opened: 'train.py' },
      takeRecording,
    ),
  notebook: () => inEditor({ width: 1000, height: 900, files: notebookFiles(), opened: 'flow.ipynb' }, takeNotebook),
  sweep: () => inEditor({ width: 1500, height: 790 }, takeSweep),
};
/** Taken only where it is named. */
const unasked = 'sweep';

async function main(wanted: readonly string[]): Promise<void> {
  for (const [names, take] of Object.entries(takes)) {
    if (wanted.length === 0 ? names === unasked : !names.split(' ').some((name) => wanted.includes(name))) continue;
    process.stdout.write(`pictures: ${names} …\n`);
    await take();
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
