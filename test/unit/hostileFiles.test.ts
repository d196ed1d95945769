/** Files made to break what reads them: seeded changes of real ones. `npm run fuzz` reads many more. */
import { formats } from '../fuzz/formats';
import { fuzz } from '../fuzz/run';

const count = Number(process.env['BACKFLOW_FUZZ_COUNT'] ?? 500);
const seed = Number(process.env['BACKFLOW_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const chosen = process.env['BACKFLOW_FUZZ_FORMATS']?.split(',');

describe('hostile files', () => {
  for (const format of formats.filter(({ name }) => !chosen || chosen.includes(name))) {
    it(`${format.name}: ${count} changed files, seeds from ${seed} on: read or refused in a sentence, in time and memory`, function () {
      this.timeout(0);
      fuzz(format, seed, count);
    });
  }
});
