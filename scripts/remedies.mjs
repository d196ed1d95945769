// Which remedy reaches which delay: trains small vanilla RNNs on copy memory, and writes docs/remedies.md's table between its marks.
//   npm run remedies [-- OPTIONS]
//     --seeds N       (3)      --steps N (2000)      --delays 10,30,100      --only NAME,…  remedies by the names below
//     --out FILE      docs/remedies.md of this project      --raw FILE  every run as JSON, one a line: those that are there are not trained again
//     --table         the table alone, of the runs that are there
// Needs `npm run build`. Minutes to hours: there are remedies × delays × seeds runs.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: given } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '2000' },
    delays: { type: 'string', default: '10,30,100' },
    only: { type: 'string', default: '' },
    table: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'docs/remedies.md') },
    raw: { type: 'string', default: join(root, 'out/remedies.jsonl') },
  },
});
const [seeds, steps] = [Number(given.seeds), Number(given.steps)];
const delays = given.delays.split(',').map(Number);

/** So many symbols out of so many are to be copied. */
const [length, symbols] = [2, 4];
const lines = 4096;

const vanilla = ['--cell', 'rnn', '--hidden', '32'];
const embedded = [...vanilla, '--embedding', '32'];
/** About as many parameters. */
const lstm = ['--cell', 'lstm', '--hidden', '16'];

/** By their options. */
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
};
const asked = given.table ? [] : given.only === '' ? Object.keys(remedies) : given.only.split(',');

/** Mulberry32, as in samples.mjs. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The delay is filled by as many symbols that are all different, always the same: what comes next follows from the last one, and nothing but the pattern has to be remembered. */
function copyMemory(delay) {
  const random = generator(delay);
  const filler = String.fromCodePoint(...Array.from({ length: delay }, (_, i) => 0x4e00 + i));
  const pattern = () => Array.from({ length }, () => 'abcd'[Math.floor(symbols * random())]).join('');
  return Array.from({ length: lines }, () => {
    const each = pattern();
    return `${each}${filler}?${each}\n`;
  }).join('');
}

/** Of the nats of what is to be copied, the part that is saved. A line's first symbols, whose nats nobody can save, come before the filler, "?", the copy and the end. */
function copied(validationLoss, delay) {
  const predicted = 2 * length + delay + 2;
  const nats = length * Math.log(symbols);
  return 1 - (validationLoss * predicted - nats) / nats;
}

function train(options, corpus, folder) {
  const common = ['--mode', 'sequences', '--batch', '32', '--steps', String(steps)];
  const saving = ['--checkpoint-every', '1000000', '--checkpoint-seconds', '86400', '--backend', 'wasm', '--json'];
  const args = [join(root, 'dist/cli.js'), 'train', corpus, ...common, ...saving, '--out', folder, ...options];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output = (output + chunk).slice(-20_000)));
    child.on('error', reject);
    child.on('close', (code) => {
      const last = output.trimEnd().split('\n').at(-1) ?? '';
      if (code === 0) resolve(JSON.parse(last));
      // A run that explodes ends with a sentence; that is a result.
      else resolve({ event: 'ended', validationLoss: null });
    });
  });
}

const known = existsSync(given.raw)
  ? readFileSync(given.raw, 'utf8')
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : [];
mkdirSync(dirname(given.raw), { recursive: true });
const place = mkdtempSync(join(tmpdir(), 'backflow-remedies-'));
try {
  for (let seed = 1; seed <= seeds; seed++)
    for (const delay of delays) {
      const corpus = join(place, `copy-${delay}.txt`);
      writeFileSync(corpus, copyMemory(delay));
      for (const remedy of asked) {
        if (
          known.some((run) => run.remedy === remedy && run.delay === delay && run.seed === seed && run.steps === steps)
        )
          continue;
        const folder = join(place, 'run');
        const { validationLoss, tokensPerSecond } = await train(
          [...remedies[remedy], '--seed', String(seed)],
          corpus,
          folder,
        );
        rmSync(folder, { recursive: true, force: true });
        const run = { remedy, delay, seed, steps, validationLoss, tokensPerSecond };
        known.push(run);
        appendFileSync(given.raw, `${JSON.stringify(run)}\n`);
        console.error(
          `${remedy}, delay ${delay}, seed ${seed}: ${validationLoss === null ? 'ended early' : `${(100 * copied(validationLoss, delay)).toFixed(0)} %`}`,
        );
      }
    }
} finally {
  rmSync(place, { recursive: true, force: true });
}

const percent = (share) => `${Math.round(100 * Math.max(0, share))}`;

/** The seeds' middle one, and all of them where they differ. */
function cell(remedy, delay) {
  const shares = known
    .filter((run) => run.remedy === remedy && run.delay === delay && run.steps === steps && run.seed <= seeds)
    .map(({ validationLoss }) => (validationLoss === null ? 0 : copied(validationLoss, delay)))
    .sort((a, b) => a - b);
  if (shares.length === 0) return 'not run';
  const middle = percent(shares[Math.floor(shares.length / 2)]);
  const all = shares.map(percent);
  const text = new Set(all).size === 1 ? `${middle} %` : `${middle} % (${all.join(', ')})`;
  return shares[Math.floor(shares.length / 2)] >= 0.5 ? `**${text}**` : text;
}

const table = [
  `| remedy | ${delays.map((delay) => `delay ${delay}`).join(' | ')} |`,
  `| --- |${' ---: |'.repeat(delays.length)}`,
  ...Object.keys(remedies).map((remedy) => `| ${remedy} | ${delays.map((delay) => cell(remedy, delay)).join(' | ')} |`),
].join('\n');
const page = readFileSync(given.out, 'utf8');
const marks = /(<!-- table -->\n)[^]*?(<!-- end of the table -->)/;
if (!marks.test(page)) throw new Error(`${given.out} has no marks between which the table could stand`);
writeFileSync(given.out, page.replace(marks, `$1${table}\n$2`));
