/** Input made to break what reads it, for every entrance: seeded changes of good input. `npm run fuzz` reads much more. */
import assert from 'node:assert/strict';
import { formats } from '../fuzz/formats';
import { fuzz } from '../fuzz/run';
import { checkStateDicts } from '../fuzz/stateDicts/check';

const count = Number(process.env['BACKFLOW_FUZZ_COUNT'] ?? 200);
const seed = Number(process.env['BACKFLOW_SEED'] ?? Date.now() % 2 ** 31);
const chosen = process.env['BACKFLOW_FUZZ_FORMATS']?.split(',');

describe('hostile input', () => {
  const names = [...formats.map(({ name }) => name), 'state-dicts'];
  for (const unknown of (chosen ?? []).filter((name) => !names.includes(name)))
    it(`${unknown}: is none of the formats`, () => {
      assert.fail(`There is no format "${unknown}"; there are ${names.join(', ')}.`);
    });

  for (const format of formats.filter(({ name }) => !chosen || chosen.includes(name))) {
    it(`${format.name}: ${count} changed, seeds from ${seed} on: read or refused in a sentence, in time and memory`, async function () {
      this.timeout(0);
      await format.prepare?.();
      await fuzz(format, seed, count);
    });
  }

  if (!chosen || chosen.includes('state-dicts'))
    it(`state-dicts: ${count} models under any names, seeds from ${seed} on: read rightly, asked about or refused`, function () {
      this.timeout(0);
      const { right } = checkStateDicts(seed, count);
      // They are made to be hard; but nothing would be gained by refusing all.
      if (count >= 100) assert.ok(right > 0.4 * count, `only ${right} are read`);
    });
});
