// npm run remedies: which remedy reaches which delay. See `usage` and docs/remedies.md.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { addingProblem, shareExplained } from './lib/adding.mjs';
import { copyMemory, shareCopied } from './lib/copyMemory.mjs';
import { checkNode } from './lib/node.mjs';
import { oneOf, readOptions, wholeNumber } from './lib/options.mjs';
import { SetupError, main, say } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';

checkNode();

const vanilla = ['--cell', 'rnn', '--hidden', '32'];
const embedded = [...vanilla, '--embedding', '32'];
/** About as many parameters. */
const lstm = ['--cell', 'lstm', '--hidden', '16'];
const gru = ['--cell', 'gru', '--hidden', '18'];

/** By their options of `backflow train`. */
const remedies = {
  'RNN as it is': vanilla,
  'no clipping of the norm (1 in all others)': [...vanilla, '--clip-norm', 'none'],
  'orthogonal R at the start': [...vanilla, '--init', 'orthogonal'],
  'spectral radius at most 1': [...vanilla, '--radius-cap', '1'],
  'Pascanu’s regularizer Ω, weight 1': [...vanilla, '--omega', '1'],
  'gradient flossing, weight 0.1': [...vanilla, '--flossing', '0.1'],
  'LayerNorm, over an embedding of 32': [...embedded, '--norm', 'layerNorm'],
  'residual connection, with an embedding of 32': [...embedded, '--residual', 'on'],
  'LSTM of 16 units': lstm,
  'LSTM of 16 units, forget-gate bias 3': [...lstm, '--forget-bias', '3'],
  'LSTM of 16 units, flossing, weight 0.1': [...lstm, '--flossing', '0.1'],
  'identity as R at the start, relu': [...vanilla, '--init', 'identity', '--activation', 'relu'],
  'GRU of 18 units': gru,
  'GRU of 18 units, flossing, weight 0.1': [...gru, '--flossing', '0.1'],
};

/** Those that need an embedding, which numbers have not; and those that copy memory has not been measured with. */
const ofTokens = Object.keys(remedies).filter((name) => remedies[name].includes('--embedding'));
const ofNumbers = [
  'identity as R at the start, relu',
  'GRU of 18 units',
  'LSTM of 16 units, flossing, weight 0.1',
  'GRU of 18 units, flossing, weight 0.1',
];

/** What the copy memory's second table is of. */
const gated = [
  'LSTM of 16 units',
  'LSTM of 16 units, flossing, weight 0.1',
  'GRU of 18 units',
  'GRU of 18 units, flossing, weight 0.1',
];

/** What is trained on, of which name the runs are, and what a validation loss says of it. A delay is the number of fillers, or of steps of a sequence. */
const tasks = {
  copy: {
    runs: 'copy',
    remedies: Object.keys(remedies).filter((name) => !ofNumbers.includes(name)),
    text: copyMemory,
    share: shareCopied,
    column: (delay) => `delay ${delay}`,
    bold: 0.5,
  },
  gated: {
    runs: 'copy',
    remedies: gated,
    text: copyMemory,
    share: shareCopied,
    column: (delay) => `delay ${delay}`,
    bold: 0.5,
  },
  adding: {
    runs: 'adding',
    remedies: Object.keys(remedies).filter((name) => !ofTokens.includes(name)),
    text: addingProblem,
    share: shareExplained,
    column: (steps) => `${steps} steps`,
    bold: 0.9,
  },
};

const usage = `npm run remedies -- [options]

Trains small models on copy memory and on the adding problem, one for each remedy, delay and seed, and writes the tables of docs/remedies.md from their validation losses.
It needs npm run build, and takes minutes to hours. Runs that are in the file of --raw are not trained again.

  --task NAME      copy, gated (copy memory too) or adding; may be given again (all)
  --seeds N        seeds 1 to N (3)
  --steps N        training steps of each run (2000)
  --delays N,…     of copy memory fillers, of the adding problem steps (10,30,100)
  --only NAME      only this remedy, by its name in the table; may be given again
  --raw FILE       every run as JSON, one a line (out/remedies.jsonl)
  --table          trains nothing: the tables of the runs in --raw
  --out FILE       the page that has the tables between their marks (docs/remedies.md)`;

const options = {
  task: { type: 'string', multiple: true, default: [] },
  seeds: { type: 'string', default: '3' },
  steps: { type: 'string', default: '2000' },
  delays: { type: 'string', default: '10,30,100' },
  only: { type: 'string', multiple: true, default: [] },
  table: { type: 'boolean', default: false },
  raw: { type: 'string', default: join(root, 'out/remedies.jsonl') },
  out: { type: 'string', default: join(root, 'docs/remedies.md') },
};
/** Between which a task's table stands. */
const marksOf = (task) => new RegExp(`(<!-- table: ${task} -->\\n)[^]*?(<!-- end of the table -->)`);

await main(async () => {
  const given = readOptions({ command: 'npm run remedies', usage, options });
  if (given === null) return 0;
  const { raw, out } = given;
  const plan = {
    steps: wholeNumber('steps', given.steps),
    seeds: wholeNumber('seeds', given.seeds, { max: 1000 }),
    // What fills a delay are as many different symbols.
    delays: given.delays.split(',').map((delay) => wholeNumber('delays', delay, { max: 10_000 })),
    names: given.only.length > 0 ? given.only : Object.keys(remedies),
    tasks: given.task.length > 0 ? given.task : Object.keys(tasks),
  };
  for (const name of plan.names) oneOf('remedy', name, Object.keys(remedies));
  for (const task of plan.tasks) oneOf('task', task, Object.keys(tasks));
  let page = existsSync(out) ? readFileSync(out, 'utf8') : '';
  for (const task of plan.tasks)
    if (!marksOf(task).test(page))
      throw new SetupError(`${out} has no marks between which the table of ${task} could stand.`);
  const known = readRuns(raw);
  if (given.table && known.length === 0)
    throw new SetupError(`There are no runs in ${raw}; leave --table out to train them.`);
  if (!given.table) await trainMissing(plan, known, raw);
  for (const task of plan.tasks) page = page.replace(marksOf(task), `$1${tableOf(task, known, plan)}\n$2`);
  writeFileSync(out, page);
  say('written', relative(root, resolve(out)));
  return 0;
});

function readRuns(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  // Older ones are all of copy memory, and do not say so.
  return lines.map((line) => ({ task: 'copy', ...JSON.parse(line) }));
}

/** Adds to `known`, and to the file, the runs that are planned and not there. */
async function trainMissing({ steps, seeds, delays, names, tasks: chosenTasks }, known, file) {
  if (!existsSync(join(root, 'dist/cli.js'))) throw new SetupError('There is no dist/cli.js; npm run build makes it.');
  mkdirSync(dirname(file), { recursive: true });
  const place = mkdtempSync(join(tmpdir(), 'backflow-remedies-'));
  try {
    for (let seed = 1; seed <= seeds; seed++)
      for (const task of chosenTasks)
        for (const delay of delays) {
          const { runs, text, share, column } = tasks[task];
          const corpus = join(place, `${task}-${delay}.txt`);
          writeFileSync(corpus, text(delay));
          for (const remedy of names.filter((name) => tasks[task].remedies.includes(name))) {
            const wanted = { task: runs, remedy, delay, seed, steps };
            if (known.some((run) => Object.entries(wanted).every(([key, value]) => run[key] === value))) continue;
            const folder = join(place, 'run');
            const chosen = [...remedies[remedy], '--seed', String(seed), '--steps', String(steps)];
            const run = { ...wanted, ...(await train(chosen, corpus, folder)) };
            rmSync(folder, { recursive: true, force: true });
            known.push(run);
            appendFileSync(file, `${JSON.stringify(run)}\n`);
            const { validationLoss: loss } = run;
            const outcome = loss === null ? 'overflowed' : `${(100 * share(loss, delay)).toFixed(0)} %`;
            say(`${task}, ${remedy}, ${column(delay)}, seed ${seed}`, outcome);
          }
        }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Resolves to the validation loss and the speed of a run; the loss is null where it overflowed, which is a result too. */
function train(chosen, corpus, folder) {
  const common = ['--mode', 'sequences', '--batch', '32', '--backend', 'wasm', '--json'];
  const saving = ['--checkpoint-every', '1000000', '--checkpoint-seconds', '86400'];
  const args = [join(root, 'dist/cli.js'), 'train', corpus, ...common, ...saving, '--out', folder, ...chosen];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk) => (output = (output + chunk).slice(-20_000)));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) {
        const { validationLoss, tokensPerSecond } = JSON.parse(output.trimEnd().split('\n').at(-1));
        resolve({ validationLoss, tokensPerSecond });
      } else if (/not finite/.test(errors)) resolve({ validationLoss: null, tokensPerSecond: null });
      else reject(new SetupError(`backflow train ${chosen.join(' ')} ended with status ${code}: ${errors.trim()}`));
    });
  });
}

function tableOf(task, known, { delays, seeds, steps }) {
  const { runs, remedies: names, column } = tasks[task];
  const rows = names.map((remedy) => {
    const cells = delays.map((delay) => {
      const wanted = { task: runs, remedy, delay, steps };
      const found = known.filter(
        (run) => run.seed <= seeds && Object.entries(wanted).every(([key, value]) => run[key] === value),
      );
      return cellOf(task, found);
    });
    return `| ${[remedy, ...cells].join(' | ')} |`;
  });
  const head = `| ${['remedy', ...delays.map(column)].join(' | ')} |`;
  return [head, `| --- |${' ---: |'.repeat(delays.length)}`, ...rows].join('\n');
}

function percent(share) {
  return String(Math.round(100 * Math.max(0, share)));
}

/** The median of the seeds, and all of them where they differ. */
function cellOf(task, runs) {
  if (runs.length === 0) return 'not run';
  const { share, bold } = tasks[task];
  const shares = runs
    .map(({ validationLoss, delay }) => (validationLoss === null ? 0 : share(validationLoss, delay)))
    .sort((a, b) => a - b);
  const median = (shares[(shares.length - 1) >> 1] + shares[shares.length >> 1]) / 2;
  const all = shares.map(percent);
  const text = `${percent(median)} %${new Set(all).size === 1 ? '' : ` (${all.join(', ')})`}`;
  return median >= bold ? `**${text}**` : text;
}
