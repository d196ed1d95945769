/** Files that `model.save` of Keras writes, beside what Keras 2.15 and 3 compute of them in float64 (test/vectors/keras_files.py). */
import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

  describe('that are broken', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'backflow-keras-'));
    after(() => {
      rmSync(scratch, { recursive: true });
    });
    const original = (name: string) => new Uint8Array(readFileSync(join(folder, name)));

    async function sentenceFor(name: string, bytes: Uint8Array): Promise<string> {
      const path = join(scratch, name);
      writeFileSync(path, bytes);
      const requested = { activation: null, config: null, isConfigBroken: false };
      return (await refusalOfPromise(readBareWeights(path, requested))).message;
    }

    it('cut ones, wherever', async () => {
      for (const name of ['lstm.keras3.h5', 'lstm.keras3.newest.h5', 'lstm.keras3.keras']) {
        const bytes = original(name);
        for (const part of [0, 0.001, 0.1, 0.5, 0.9])
          assert.match(
            await sentenceFor(name, bytes.slice(0, part * bytes.length)),
            /is broken|is a broken|is no HDF5|is missing in it|has no weights/,
          );
      }
    });

    it('a shape that no memory holds, before memory is asked for', async () => {
      const bytes = original('lstm.keras3.h5');
      const at = Buffer.from(bytes).indexOf(dimensions(3, 16));
      assert.ok(at > 0);
      bytes.set(dimensions(2 ** 31, 16), at);
      assert.match(await sentenceFor('shape.h5', bytes), /more than 200 times as many numbers as the file has bytes/);
    });

    it('weights without what they are of', async () => {
      const bytes = original('lstm-both.keras3.folder/model.weights.h5');
      assert.match(await sentenceFor('model.weights.h5', bytes), /weights alone.*config\.json/);
    });

    it('data that are none of a model', async () => {
      const text = Buffer.from(original('lstm.keras3.h5')).toString('latin1');
      const others = text.replaceAll('model_config', 'other_config').replaceAll('layer_names', 'other_names');
      assert.match(
        await sentenceFor('data.h5', Buffer.from(others, 'latin1')),
        /holds no weights in a form that Keras/,
      );
    });

    it('text under the name of a model', async () => {
      assert.match(await sentenceFor('model.keras', new TextEncoder().encode('no model')), /it is no HDF5/);
    });

    it('after all of which good ones are read', async () => {
      for (const name of ['lstm.keras3.h5', 'lstm.keras3.newest.h5'])
        assert.equal((await read(name)).model.layers.length, 1);
    });
  });
});

/** As HDF5 has the sizes of a matrix. */
function dimensions(rows: number, columns: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(rows), 0);
  bytes.writeBigUInt64LE(BigInt(columns), 8);
  return bytes;
}

async function refusalOfPromise(promise: Promise<unknown>): Promise<UserError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
  throw new Error('it was read');
}
