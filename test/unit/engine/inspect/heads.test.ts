/** What a frame holds of layers of heads, and of layers that do not have what the page asks for. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { createBackend } from '../../../../src/engine/backend';
import { rowOf } from '../../../../src/engine/inspect/flowHistory';
import { makeFrame } from '../../../../src/engine/inspect/frame';
import { Inspector } from '../../../../src/engine/inspect/inspector';
import { firstUnitMapOf, kindOf, optionsOf, cellNames, type CellName } from '../../../../src/layers/catalog';
import type { Watch } from '../../../../src/protocol/engine';
import { headNormsOf, headWeightsOf, maxWeightSteps, type Frame } from '../../../../src/protocol/frame';
import { defaultThresholds, surroundingsOf } from '../../../../src/protocol/settings';
import { assertNear } from '../../../reference/compare';
import { randomModel } from '../../support/models';

const letters = Array.from('abcde');
const [layers, hiddenSize, T] = [2, 8, 23];
const text = Array.from({ length: T + 1 }, (_, t) => letters[(7 * t * t + 3 * t) % 5]).join('');

/** @param isUniform every head looks at all steps alike: W_Q and b_Q are zero */
async function inspectorOf(cell: CellName, context = 64, isUniform = false): Promise<Inspector> {
  const isMixer = kindOf(cell).mixer !== undefined;
  const config = uniformModel({
    ...plainStack,
    ...surroundingsOf(cell),
    cell,
    activation: 'tanh',
    layers,
    hiddenSize,
    vocabularySize: letters.length,
    embeddingSize: isMixer ? hiddenSize : null,
    options: optionsOf(cell, { heads: 2, context }),
  });
  const { parameters } = randomModel(config, 3, 1);
  if (isUniform)
    for (const [own] of parameters.layers) {
      own.own['Wqkv'].fill(0, 0, hiddenSize * hiddenSize);
      own.own['bqkv'].fill(0, 0, hiddenSize);
    }
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const vocabulary = new Vocabulary(letters);
  return new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: true,
    vocabulary,
    backend,
  });
}

function frameOf(inspector: Inspector, watch: Partial<Watch> = {}): Promise<Frame> {
  const usual = {
    text,
    target: 17,
    thresholds: defaultThresholds,
    unitMap: { layer: 1, direction: 'forward', quantity: 'hidden' },
    total: false,
    maxRate: 30,
  } as const;
  return makeFrame(inspector, { ...usual, ...watch }, 1, 1);
}

describe('a frame of layers of heads', () => {
  it('holds the weights of the head that is asked for: rows that sum to 1, and nothing of later steps', async () => {
    const inspector = await inspectorOf('attention');
    const [first, second] = [
      await frameOf(inspector, { head: { layer: 1, head: 0 } }),
      await frameOf(inspector, { head: { layer: 1, head: 1 } }),
    ];
    for (const frame of [first, second]) {
      const weights = headWeightsOf(frame)!;
      assert.equal(weights.length, T * T);
      for (let target = 0; target < T; target++) {
        const row = weights.subarray(target * T, (target + 1) * T);
        assertNear(
          row.subarray(0, target + 1).reduce((sum, each) => sum + each, 0),
          1,
          1e-5,
          `row ${target}`,
        );
        assert.ok(row.subarray(target + 1).every(Number.isNaN));
      }
    }
    assert.notDeepEqual(headWeightsOf(first), headWeightsOf(second));
    assert.equal(first.header.heads?.count, 2);
    assert.deepEqual(headNormsOf(first, 'keys'), headNormsOf(second, 'keys'), 'norms are of all heads');
  });

  it('that look at all steps alike holds even weights, gradients by keys that are exactly zero in the top layer, and level ones by values', async () => {
    const inspector = await inspectorOf('attention', 64, true);
    const target = 17;
    const frame = await frameOf(inspector, { head: { layer: 1, head: 1 } });
    const weights = headWeightsOf(frame)!;
    for (let t = 0; t <= target; t++) assertNear(weights[target * T + t], 1 / (target + 1), 1e-7, `step ${t}`);
    const [keys, values] = [headNormsOf(frame, 'keys')!, headNormsOf(frame, 'values')!];
    for (let head = 0; head < 2; head++)
      for (let t = 0; t < T; t++) {
        const at = head * T + t;
        if (t > target) assert.ok(Number.isNaN(keys[at]) && Number.isNaN(values[at]));
        else {
          assert.equal(keys[at], -Infinity);
          assertNear(values[at], values[head * T], 1e-5, `head ${head}, step ${t}`, true);
        }
      }
  });

  it('takes the last head for one that is not there, and holds nothing of a layer without heads', async () => {
    const inspector = await inspectorOf('attention');
    assert.equal((await frameOf(inspector, { head: { layer: 0, head: 9 } })).header.heads?.head, 1);
    assert.equal((await frameOf(inspector, { head: { layer: 7, head: 0 } })).header.heads, undefined);
    assert.equal((await frameOf(inspector)).header.heads, undefined);
    const recurrent = await inspectorOf('lstm');
    assert.equal((await frameOf(recurrent, { head: { layer: 0, head: 0 } })).header.heads, undefined);
  });

  it('of a text that is too long for a picture holds the gradients alone', async () => {
    const steps = maxWeightSteps + 1;
    const inspector = await inspectorOf('attention', steps + 1);
    const long = text.repeat(60).slice(0, steps + 1);
    const frame = await frameOf(inspector, { text: long, target: 40, head: { layer: 0, head: 0 } });
    assert.equal(headWeightsOf(frame), null);
    assert.equal(headNormsOf(frame, 'values')?.length, 2 * steps);
  });

  it('is kept over training without what the page chose', async () => {
    const frame = await frameOf(await inspectorOf('attention'), { head: { layer: 0, head: 0 } });
    const row = rowOf(frame, null);
    assert.equal(row.header.heads, undefined);
    assert.equal(row.data.length, frame.header.unitMap.offset);
    assert.ok(Number.isFinite(row.peak), 'what it grows to is told by its inputs');
  });
});

describe('a frame of any kind', () => {
  for (const cell of cellNames)
    it(`of ${kindOf(cell).label} shows its first unit map where it has no hidden state`, async () => {
      const { header, data } = await frameOf(await inspectorOf(cell));
      assert.equal(header.unitMap.quantity, firstUnitMapOf(cell));
      assert.ok(header.unitMap.units > 0);
      assert.equal(data.length, header.unitMap.offset + T * header.unitMap.units);
    });
});
