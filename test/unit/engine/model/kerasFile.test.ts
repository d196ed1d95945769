/** Files that `model.save` of Keras writes, beside what Keras 2.15 and 3 compute of them in float64 (test/vectors/keras_files.py). */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputMatrixInFloat64 } from '../../../../src/core/float64/float64InputMatrix';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { readBareWeights } from '../../../../src/engine/model/bareWeights';
import { configBeside } from '../../../../src/engine/model/openModel';
import type { TorchWeights } from '../../../../src/modelFiles/torchWeights';
import { UserError } from '../../../../src/userError';
import { assertClose } from '../../../reference/compare';
import { lossesOf } from '../../support/losses';

const folder = join(process.cwd(), 'test/vectors/data/kerasFiles');

interface Expected {
  readonly ids?: readonly number[];
  readonly losses?: readonly number[];
  readonly inputs?: readonly (readonly (number | 'zero' | null)[])[];
  readonly refusal?: string;
}

const notes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.(keras|h5)\.json$/.test(name),
);

async function read(name: string): Promise<TorchWeights> {
  const path = join(folder, name);
  const { config, isBroken } = await configBeside(path);
  return readBareWeights(path, { activation: null, config, isConfigBroken: isBroken });
}

describe('files of Keras', () => {
  for (const note of notes.sort()) {
    const name = note.slice(0, -'.json'.length);
    const { ids, losses, inputs, refusal } = JSON.parse(readFileSync(join(folder, note), 'utf8')) as Expected;
    if (ids && losses && inputs)
      it(`${name}: losses and per-target gradients of Keras`, async () => {
        const { model } = await read(name);
        assertClose(lossesOf(model, ids), losses, 1e-12, name);
        const trace = readInFloat64(model, Int32Array.from(ids.slice(0, -1)), Int32Array.from(ids.slice(1)));
        const matrix = await inputMatrixInFloat64(trace, () => Promise.resolve());
        const wanted = inputs.flat().map((each) => (each === null ? NaN : each === 'zero' ? -Infinity : each));
        assert.deepEqual(Array.from(matrix, Number.isFinite), wanted.map(Number.isFinite));
        const finite = wanted.flatMap((each, i) => (Number.isFinite(each) ? [[matrix[i], each] as const] : []));
        assertClose(
          finite.map(([ours]) => ours),
          finite.map(([, theirs]) => theirs),
          1e-10,
          name,
        );
      });
    else
      it(`${name}: refused`, () =>
        assert.rejects(read(name), (thrown) => {
          assert.ok(thrown instanceof UserError);
          assert.ok(thrown.message.includes(refusal ?? ''), thrown.message);
          return true;
        }));
  }
});
