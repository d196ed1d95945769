/** One unit of every map of every kind: how many there are, the values that tint the text, and what is said of one that is not there. */
import { strict as assert } from 'node:assert';
import { makeFrame } from '../../../../src/engine/inspect/frame';
import type { Inspector } from '../../../../src/engine/inspect/inspector';
import { cellNames, kindOf, unitMapNamesOf, type CellName } from '../../../../src/layers/catalog';
import type { LayerOptions } from '../../../../src/layers/options';
import { inEnglish } from '../../../../src/messages';
import { unitMapOf, type Frame, type LaneChoice } from '../../../../src/protocol/frame';
import { defaultThresholds } from '../../../../src/protocol/settings';
import { UserError } from '../../../../src/userError';
import { inspectorOf } from '../../support/inspectors';

const letters = Array.from('abcde');
const text = 'abcdeedcbaabdce';
const hiddenSize = 6;

/** The equations' sizes at H = 6, with 3 channels for each unit, 5 numbers in each channel, and an MLP of 4·H. */
const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  rnn: { hidden: 6, preActivation: 6 },
  lstm: { hidden: 6, cellState: 6, inputGate: 6, forgetGate: 6, outputGate: 6, candidate: 6 },
  gru: { hidden: 6, updateGate: 6, resetGate: 6, candidate: 6 },
  minGRU: { hidden: 6, keepingFactor: 6, writeGate: 6, candidate: 6 },
  minLSTM: { hidden: 6, keepingFactor: 6, relativeForgetGate: 6, inputGate: 6, candidate: 6 },
  mamba: { stepSize: 18, decay: 90, scan: 90, convolved: 18 },
  attention: { mlpActivations: 24 },
};
const options: LayerOptions = { expand: 3, stateSize: 5, heads: 3 };

function smallOf(cell: CellName): Promise<Inspector> {
  const embeddingSize = kindOf(cell).mixer === undefined ? null : hiddenSize;
  return inspectorOf({ cell, hiddenSize, letters, options, embeddingSize });
}

type UnitChoice = Extract<LaneChoice, { kind: 'unit' }>;

function frameWith(inspector: Inspector, { layer, direction, quantity, unit }: Omit<UnitChoice, 'kind'>) {
  return makeFrame(
    inspector,
    {
      text,
      target: 'last',
      thresholds: defaultThresholds,
      unitMap: { layer: 1, direction: 'forward', quantity },
      lane: { kind: 'unit', layer, direction, quantity, unit },
      total: false,
      maxRate: 30,
    },
    1,
    1,
  );
}

const laneOf = ({ header: { lane, tokens }, data }: Frame) =>
  Array.from(data.subarray(lane!.offset, lane!.offset + tokens.length));

/** The sentence with which something is refused. */
async function sentenceOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UserError) return inEnglish(error);
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('units of the maps of every kind', () => {
  for (const cell of cellNames) {
    it(`${cell}: as many as the equations have, the first and the last of which can be tinted by`, async () => {
      const inspector = await smallOf(cell);
      assert.deepEqual(unitMapNamesOf(cell).toSorted(), Object.keys(expected[cell]).toSorted());
      for (const quantity of unitMapNamesOf(cell)) {
        const count = expected[cell][quantity];
        for (const unit of [0, count - 1]) {
          const frame = await frameWith(inspector, { layer: 1, direction: 'forward', quantity, unit });
          assert.equal(frame.header.unitMap.units, count, quantity);
          assert.deepEqual(
            laneOf(frame),
            Array.from(unitMapOf(frame)).filter((_, i) => i % count === unit),
            quantity,
          );
        }
      }
    });

    it(`${cell}: one behind the last is refused with how many there are`, async () => {
      const inspector = await smallOf(cell);
      for (const quantity of unitMapNamesOf(cell)) {
        const count = expected[cell][quantity];
        const place = { layer: 1, direction: 'forward', quantity } as const;
        for (const unit of [count, -1, 0.5])
          assert.match(
            await sentenceOf(frameWith(inspector, { ...place, unit })),
            new RegExp(`^Layer 2 of this model has no unit .+ of “.+”: choose one from 0 to ${count - 1}\\.$`),
          );
      }
    });
  }

  it('of a layer, direction or map that is not there the sentence names the map', async () => {
    const inspector = await smallOf('mamba');
    const usual = { layer: 0, direction: 'forward', quantity: 'stepSize', unit: 0 } as const;
    const refused = (choice: Partial<UnitChoice>) => sentenceOf(frameWith(inspector, { ...usual, ...choice }));
    assert.equal(await refused({ layer: 2 }), 'This model has no “step size Δ” in layer 3.');
    assert.equal(await refused({ layer: -1 }), 'This model has no “step size Δ” in layer 0.');
    assert.equal(await refused({ direction: 'backward' }), 'This model has no “step size Δ” in layer 1.');
    assert.equal(await refused({ quantity: 'forgetGate' }), 'This model has no “forget gate” in layer 1.');
  });
});
