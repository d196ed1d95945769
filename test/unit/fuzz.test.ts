/** Five hundred bad inputs for every entrance; `npm run fuzz` has more. */
import { formats } from '../fuzz/formats';
import { fuzz } from '../fuzz/fuzz';

describe('bad input', function () {
  this.timeout(60_000);
  const seed = Number(process.env['BACKFLOW_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

  for (const format of formats) {
    it(`${format.name}: read, or refused in a sentence (seed ${seed})`, async () => {
      await fuzz(format, 500, seed);
    });
  }
});
