/** Data beside a model: read from its own folder and from nowhere else. */
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../../src/userError';
import { externalDataOf } from '../../../../src/engine/model/externalData';

describe('data in files beside a model', () => {
  let place: string;
  let model: string;
  before(() => {
    place = mkdtempSync(join(tmpdir(), 'backflow-external-'));
    const folder = join(place, 'model');
    mkdirSync(join(folder, 'inner'), { recursive: true });
    model = join(folder, 'model.onnx');
    for (const file of ['secret', 'model/data', 'model/inner/data'])
      writeFileSync(
        join(place, file),
        Uint8Array.from({ length: 64 }, (_, i) => i),
      );
    symlinkSync(join(place, 'secret'), join(folder, 'link'));
    symlinkSync(place, join(folder, 'out'));
    symlinkSync('data', join(folder, 'friend'));
  });
  after(() => {
    rmSync(place, { recursive: true });
  });

  it('is read where it is in the folder, also further in and through a link that stays inside', () => {
    for (const location of ['data', 'inner/data', './data', 'friend'])
      assert.deepEqual(externalDataOf(model)(location, 8, 4), Uint8Array.of(8, 9, 10, 11), location);
  });

  it('is refused where a path or a link leads out', () => {
    const outside = [
      '../secret',
      'inner/../../secret',
      '..\\secret',
      join(place, 'secret'),
      'link',
      'out/secret',
      '',
      '.',
      'C:\\secret',
      'C:secret',
      '\0',
      '//server/secret',
      'x'.repeat(2000),
    ];
    for (const location of outside) assert.throws(() => externalDataOf(model)(location, 0, 4), UserError, location);
  });

  it('is refused where it is not as long as it should be, before memory is taken', () => {
    assert.throws(() => externalDataOf(model)('data', 0, 2 ** 40), /cut short/);
    assert.throws(() => externalDataOf(model)('data', 2 ** 52, 4), /cut short/);
    assert.throws(() => externalDataOf(model)('inner', 0, 4), UserError);
  });
});
