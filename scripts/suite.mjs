// Runs one suite of `npm test`, or a part of one, for which everything is prepared:  node scripts/suite.mjs OUTCOME NAME [PART]
// OUTCOME is the file for what came of it, in JSON: { passed, failed, failures } where tests were counted, and `problem`, null when all is well.
import { writeFileSync } from 'node:fs';
import { untilInterrupted } from './lib/processes.mjs';
import { main } from './lib/say.mjs';
import { runSuite } from './lib/suites.mjs';

await main(() =>
  untilInterrupted(async () => {
    const [file, name, part] = process.argv.slice(2);
    const result = await runSuite(name, part);
    writeFileSync(file, JSON.stringify(result));
    return result.problem === null ? 0 : 1;
  }),
);
