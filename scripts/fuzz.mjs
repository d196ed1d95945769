// npm run fuzz: reads much changed input of every format; see test/fuzz.
import { parseArgs } from 'node:util';
import { checkNode } from './lib/node.mjs';

checkNode();

const usage = `npm run fuzz -- [FORMAT …] [--count N] [--seed N]

Reads N changed inputs (10000) of every format, or of those named, with seeds from --seed on (the clock's). Each must be read, or refused in
one sentence, in time and memory; of state-dicts, which are models under any names, none may be read as another model. What fails is said
with its own seed: --seed THAT --count 1 reads it again.`;

const { values, positionals } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
  allowPositionals: true,
});
if (values.help) {
  process.stdout.write(`${usage}\n`);
} else {
  process.env.BACKFLOW_FUZZ_COUNT = values.count;
  // Here slowness is looked for, too; a test only tells a reading that does not end.
  process.env.BACKFLOW_FUZZ_SECONDS = '5';
  if (values.seed !== undefined) process.env.BACKFLOW_SEED = values.seed;
  if (positionals.length > 0) process.env.BACKFLOW_FUZZ_FORMATS = positionals.join(',');
  const command = await import('./lib/testCommand.mjs');
  command.start(['unit', '--grep', 'hostile input']);
}
