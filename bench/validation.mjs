// npm run bench:validation: does training here end where PyTorch's does? See `usage` and README.md.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readOptions, wholeNumber } from '../scripts/lib/options.mjs';
import { run, stopAll } from '../scripts/lib/processes.mjs';
import { SetupError, main, say } from '../scripts/lib/say.mjs';
import { root } from '../scripts/lib/stamps.mjs';
import { englishText } from './lib/corpus.mjs';
import { describeMachine } from './lib/machine.mjs';
import { table, verdict } from './lib/markdown.mjs';
import { keepJson, keepPage, newFile } from './lib/results.mjs';
import { peerEnvironment, versionOf } from './lib/sides.mjs';

const usage = `npm run bench:validation -- [options]

Trains a one-layer LSTM of 256 units on a million characters of English, here and in PyTorch, with the same settings, and compares the losses
on the whole validation part. Both are evaluated by PyTorch; ours from its checkpoint. PyTorch trains from its own first weights, and again from ours:
then the luck of the draw, which is most of the difference, is the same.

  --python PATH  a Python with PyTorch and onnx (default: python3)
  --node PATH    the Node.js that runs our side (default: this one)
  --steps N      training steps of 2,048 tokens (default: 500)
  --seeds N      runs of each side (default: 2)
  --text FILE    another text, UTF-8 without a byte-order mark (default: from Debian's package bible-kjv-text)
  --publish      also writes bench/VALIDATION.md`;

const settings = { hidden: 256, window: 64, batch: 32, 'learning-rate': 0.002, 'clip-norm': 1 };
/** Too small to change a float32: a run's first weights are those after one such step. */
const noLearningRate = 1e-30;
/** Largest relative difference of the mean losses. */
const bar = 0.02;

const options = {
  python: { type: 'string', default: 'python3' },
  node: { type: 'string', default: process.execPath },
  steps: { type: 'string', default: '500' },
  seeds: { type: 'string', default: '2' },
  text: { type: 'string' },
  publish: { type: 'boolean', default: false },
};

async function validation() {
  const given = readOptions({ command: 'npm run bench:validation', usage, options });
  if (given === null) return 0;
  const { python, node, steps, publish } = given;
  wholeNumber('steps', steps);
  const seeds = wholeNumber('seeds', given.seeds);
  const folder = mkdtempSync(join(tmpdir(), 'backflow-validation-'));
  try {
    await run(process.execPath, ['scripts/build.mjs'], { cwd: root });
    const text = given.text ?? (await englishText());
    const losses = { ours: [], theirs: [], theirsFromOurs: [] };
    for (let seed = 1; seed <= seeds; seed++) {
      const out = join(folder, String(seed));
      const seeded = ['--seed', String(seed)];
      const shared = [...asArguments(settings), '--steps', steps, ...seeded];
      const model = await trainOurs(node, text, [...shared, '--out', out]);
      const first = await trainOurs(node, text, [
        ...asArguments({ ...settings, 'learning-rate': noLearningRate }),
        '--steps',
        '1',
        ...seeded,
        '--out',
        `${out}-first`,
      ]);
      losses.ours.push(await peer(python, ['evaluate', text, '--checkpoint', model]));
      losses.theirs.push(await peer(python, ['train', text, ...shared]));
      losses.theirsFromOurs.push(await peer(python, ['train', text, ...shared, '--initial', first]));
      say(
        `seed ${seed}`,
        Object.values(losses)
          .map((values) => values.at(-1).toFixed(4))
          .join(', '),
      );
    }
    const machine = describeMachine();
    const chosen = { ...settings, steps: Number(steps) };
    const body = report(losses);
    process.stdout.write(`\n${body}\n`);
    const file = newFile();
    keepJson(file, { machine, settings: chosen, losses });
    say('written', file);
    if (publish)
      say(
        'written',
        keepPage(
          page(
            {
              machine,
              python: await versionOf(python),
              node: await versionOf(node),
              text: given.text ?? 'the King James Bible (Debian’s bible-kjv-text)',
              settings: chosen,
            },
            body,
          ),
          'VALIDATION.md',
        ),
      );
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await stopAll();
  }
}

function asArguments(values) {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** The path of the checkpoint that our command line leaves. */
async function trainOurs(node, text, args) {
  const lines = await output(
    node,
    [
      join(root, 'dist/cli.js'),
      'train',
      text,
      '--cell',
      'lstm',
      '--layers',
      '1',
      '--optimizer',
      'adam',
      ...args,
      '--json',
    ],
    {},
  );
  return JSON.parse(lines.trimEnd().split('\n').at(-1)).model;
}

/** Validation loss, in nats per token. */
async function peer(python, args) {
  return JSON.parse(await output(python, [join(root, 'bench/peer/validate.py'), ...args], peerEnvironment()))
    .validationLoss;
}

async function output(command, args, environment) {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      env: { ...process.env, ...environment },
      maxBuffer: 64 * 2 ** 20,
    });
    return stdout;
  } catch (error) {
    throw new SetupError(`${command} ${args.join(' ')} failed.\n${error.stderr ?? error.message}`);
  }
}

function page({ machine, python, node, text, settings: chosen }, body) {
  const head = [
    `- ${new Date().toISOString().slice(0, 10)}, ${machine.cores} × ${machine.processor}, ${machine.system}`,
    `- Backflow on Node.js ${node} beside PyTorch ${python}, both float32, Adam`,
    `- One-layer LSTM on a million characters of ${text}: ${Object.entries(chosen)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  ];
  return `# Validation loss after the same tokens\n\n${head.join('\n')}\n\n${body}\n`;
}

function report({ ours, theirs, theirsFromOurs }) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const row = (name, losses) => [name, ...losses.map((loss) => loss.toFixed(4)), mean(losses).toFixed(4)];
  const headings = ['validation loss, nats per token', ...ours.map((_, i) => `seed ${i + 1}`), 'mean'];
  const rows = [row('Backflow', ours), row('PyTorch', theirs), row('PyTorch from our first weights', theirsFromOurs)];
  const judge = (name, losses) => {
    const difference = mean(ours) / mean(losses) - 1;
    return `Ours is ${(100 * difference).toFixed(2)} % from ${name}; bar: within ${100 * bar} %: ${verdict(Math.abs(difference) <= bar)}.`;
  };
  return `${table(
    headings,
    headings.map((_, i) => (i === 0 ? 'left' : 'right')),
    rows,
  )}\n\n${judge('PyTorch’s', theirs)} ${judge('PyTorch’s from the same weights', theirsFromOurs)}`;
}

await main(validation);
