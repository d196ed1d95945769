// npm run verdicts: of every sentence, how often it is said of healthy models and missed in sick ones. See `usage` and test/verdicts.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { checkNode } from './lib/node.mjs';
import { readOptions, wholeNumber } from './lib/options.mjs';
import { run, stopAll } from './lib/processes.mjs';
import { SetupError, main, say } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';

checkNode();

const usage = `npm run verdicts -- [options]

Trains some eighty small models, healthy and sick, labels them by what they predict and by central differences, without the product's own gradients,
and counts which sentences of the panel, the text and the terminal are said of which. Writes the tables of docs/verdicts.md, and all that was said
into out/verdicts/said.json. Seeds are fixed: only the step at which a run begins to be watched can differ from one time to the next.

  --processes N  how many models are made side by side (default: one for each processor)`;

const options = { processes: { type: 'string', default: String(Math.min(64, availableParallelism())) } };
/** Of the page, what lies between these is written here. */
const [begin, end] = ['<!-- From here on as npm run verdicts writes it. -->', '<!-- To here. -->'];

async function verdicts() {
  const given = readOptions({ command: 'npm run verdicts', usage, options });
  if (given === null) return 0;
  const count = wholeNumber('processes', given.processes, { max: 64 });
  try {
    await run(process.execPath, ['scripts/build.mjs', '--verdicts'], { cwd: root });
    const program = join(root, 'out/verdicts/main.js');
    const files = Array.from({ length: count }, (_, i) => join(root, `out/verdicts/part-${i}`));
    await Promise.all(
      files.map((file, i) => run(process.execPath, [program, 'part', String(i), String(count), file], { show: true })),
    );
    await run(process.execPath, [program, 'page', join(root, 'out/verdicts'), ...files]);
    const page = join(root, 'docs/verdicts.md');
    const text = readFileSync(page, 'utf8');
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from)
      throw new SetupError('docs/verdicts.md has lost the marks between which the tables stand.');
    const tables = readFileSync(join(root, 'out/verdicts/tables.md'), 'utf8');
    writeFileSync(page, `${text.slice(0, from + begin.length)}\n\n${tables}\n${text.slice(to)}`);
    say('written', 'docs/verdicts.md, out/verdicts/said.json');
    return 0;
  } finally {
    await stopAll();
  }
}

await main(verdicts);
