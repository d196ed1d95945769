/** Five hundred bad inputs for every entrance; `npm run fuzz:entrances` has more. */
import { entrances } from '../fuzz/entrances';
import { fuzz } from '../fuzz/judge';

describe('bad input', function () {
  this.timeout(60_000);
  const seed = Number(process.env['BACKFLOW_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

  for (const format of entrances) {
    it(`${format.name}: read, or refused in a sentence (seed ${seed})`, async () => {
      await fuzz(format, 500, seed);
    });
  }
});
