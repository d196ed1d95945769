// npm run fuzz: reads much changed input of every format; see test/fuzz.
import { checkNode } from './lib/node.mjs';
import { readOptions, wholeNumber } from './lib/options.mjs';
import { main } from './lib/say.mjs';

checkNode();

const usage = `npm run fuzz -- [FORMAT …] [--count N] [--seed N]

Reads N changed inputs (10000) of every format, or of those named, with seeds from --seed on (the clock's). Each must be read, or refused in
one sentence, in time and memory; of state-dicts, which are models under any names, none may be read as another model. What fails is said
with its own seed: --seed THAT --count 1 reads it again.`;

const options = { count: { type: 'string', default: '10000' }, seed: { type: 'string' } };

await main(async () => {
  const given = readOptions({ command: 'npm run fuzz', usage, options, allowPositionals: true });
  if (given === null) return 0;
  const { count, seed, positionals } = given;
  process.env.BACKFLOW_FUZZ_COUNT = String(wholeNumber('count', count));
  // Here slowness is looked for, too; a test only tells a reading that does not end.
  process.env.BACKFLOW_FUZZ_SECONDS = '5';
  if (seed !== undefined) process.env.BACKFLOW_SEED = String(wholeNumber('seed', seed, { min: 0, max: 2 ** 31 - 1 }));
  if (positionals.length > 0) process.env.BACKFLOW_FUZZ_FORMATS = positionals.join(',');
  const command = await import('./lib/testCommand.mjs');
  await command.start(['unit', '--grep', 'hostile input']);
  return process.exitCode;
});
