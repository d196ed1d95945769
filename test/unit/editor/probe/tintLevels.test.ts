import assert from 'node:assert/strict';
import { nearestRegions, noteKey, regionLevel, tintOf, tintRuns } from '../../../../src/editor/probe/tintLevels';
import { tintsOf as tintsIn, type TintChoice } from '../../../../src/editor/probe/tintQuantity';
import type { Frame, LaneChoice } from '../../../../src/protocol/frame';
import { defaultThresholds } from '../../../../src/protocol/settings';
import { spansOf } from '../../../../src/tokens/spans';

function frameOf(flow: readonly number[], target: number, cellFlow: readonly number[] = []): Frame {
  return {
    header: {
      sequence: 1,
      trainingStep: 0,
      layers: [{ cell: 'rnn', hiddenSize: 1, options: {}, directions: ['forward'] }],
      tokens: flow.map(() => 'a'),
      lastTarget: 'a',
      target,
      loss: 1,
      thresholds: defaultThresholds,
      flows: [],
      regions: [],
      series: [
        { name: 'flow', layer: 0, direction: 'forward', state: 'hidden', offset: 0 },
        ...(cellFlow.length > 0
          ? [
              {
                name: 'flow' as const,
                layer: 0,
                direction: 'forward' as const,
                state: 'cell' as const,
                offset: flow.length,
              },
            ]
          : []),
      ],
      unitMap: { layer: 0, direction: 'forward', quantity: 'hidden', units: 0, offset: 0 },
    },
    data: Float32Array.from([...flow, ...cellFlow]),
  };
}

/** Of a text of as many letters as the frame has inputs, and one that is only predicted. */
const tintsOf = (frame: Frame, choice: TintChoice) =>
  tintsIn(
    frame,
    choice,
    Array.from({ length: frame.header.tokens.length + 1 }, (_, start) => ({ start, end: start + 1 })),
  );
const gradientTints = (frame: Frame) => tintsOf(frame, { kind: 'gradient' })!;

/** Of a frame that holds ℓ_t, and a lane if one is given. */
function frameWith(loss: readonly number[], lane?: { choice: LaneChoice; values: readonly number[] }): Frame {
  const { header } = frameOf(loss, loss.length - 1);
  return {
    header: {
      ...header,
      series: [{ name: 'loss', layer: 0, direction: 'forward', state: null, offset: 0 }],
      ...(lane && { lane: { choice: lane.choice, offset: loss.length } }),
    },
    data: Float32Array.from([...loss, ...(lane?.values ?? [])]),
  };
}

describe('tints', () => {
  it('leave a gradient near the size of the target’s own without one', () => {
    for (const relative of [0, -0.5, 0.5]) assert.equal(tintOf(relative, defaultThresholds), undefined);
  });

  it('reach the levels of a region exactly at the thresholds', () => {
    assert.ok((tintOf(-2.99, defaultThresholds)?.level ?? 0) < regionLevel);
    assert.deepEqual(tintOf(-3, defaultThresholds), { kind: 'vanishing', level: regionLevel });
    assert.ok((tintOf(1.99, defaultThresholds)?.level ?? 0) < regionLevel);
    assert.deepEqual(tintOf(2, defaultThresholds), { kind: 'exploding', level: regionLevel });
  });

  it('never get weaker as the gradient goes farther from the target’s', () => {
    let last = 0;
    for (let relative = 0; relative > -400; relative -= 0.1) {
      const level = tintOf(relative, defaultThresholds)?.level ?? 0;
      assert.ok(level >= last);
      last = level;
    }
    assert.equal(last, 4);
  });

  it('show an exact zero as itself and what cannot reach the target not at all', () => {
    assert.deepEqual(tintOf(-Infinity, defaultThresholds), { kind: 'zero', level: 1 });
    assert.equal(tintOf(NaN, defaultThresholds), undefined);
  });

  it('are relative to the target’s own step, and join equal neighbors', () => {
    const flow = [-Infinity, -19, -19.1, -12.8, -10, NaN];
    assert.deepEqual(tintRuns(gradientTints(frameOf(flow, 4))), [
      { kind: 'zero', level: 1, from: 0, to: 1 },
      { kind: 'vanishing', level: 4, from: 1, to: 3 },
      { kind: 'vanishing', level: 1, from: 3, to: 4 },
    ]);
  });

  it('call a token lost only where the gradient vanishes through every state', () => {
    const runs = tintRuns(gradientTints(frameOf([-9, -9, -1, NaN], 2, [-4, -0.5, 0, -20])));
    assert.deepEqual(runs, [
      { kind: 'vanishing', level: 2, from: 0, to: 1 },
      { kind: 'vanishing', level: 4, from: 3, to: 4 },
    ]);
  });

  it('stand for the loss on the token that was predicted, one behind the step that predicted it, and grow by the bit', () => {
    const tints = tintsOf(frameWith([0.5, 1.001, 2.5, 9].map((bits) => bits * Math.LN2)), { kind: 'loss' });
    assert.deepEqual(
      tints?.map((tint) => tint?.level),
      [undefined, undefined, 1, 2, 4],
    );
  });

  it('tell a pleasant surprise from an unpleasant one', () => {
    const choice = { kind: 'surprise' } as const;
    const tints = tintsOf(frameWith([1, 1], { choice, values: [-1.5 * Math.LN2, 0.6 * Math.LN2] }), choice);
    assert.deepEqual(tints, [undefined, { kind: 'vanishing', level: 2 }, { kind: 'exploding', level: 1 }]);
  });

  it('show a gate as shut or open, about its middle, and a state on the scale of its largest value', () => {
    const gate: LaneChoice = { kind: 'unit', layer: 0, direction: 'forward', quantity: 'forgetGate', unit: 3 };
    const ofGate = tintsOf(frameWith([1, 1, 1], { choice: gate, values: [0.02, 0.5, 0.95] }), gate);
    assert.deepEqual(ofGate, [{ kind: 'vanishing', level: 4 }, undefined, { kind: 'exploding', level: 4 }, undefined]);
    const cell: LaneChoice = { ...gate, quantity: 'cellState' };
    const ofCell = tintsOf(frameWith([1, 1, 1], { choice: cell, values: [-8, 0.5, 4] }), cell);
    assert.deepEqual(ofCell, [{ kind: 'vanishing', level: 4 }, undefined, { kind: 'exploding', level: 2 }, undefined]);
  });

  it('are none from a frame that was made for another quantity or unit', () => {
    const choice: LaneChoice = { kind: 'unit', layer: 0, direction: 'forward', quantity: 'hidden', unit: 3 };
    const frame = frameWith([1], { choice, values: [1] });
    assert.equal(tintsOf(frame, { ...choice, unit: 4 }), undefined);
    assert.equal(tintsOf(frame, { kind: 'surprise' }), undefined);
    assert.equal(tintsOf(frameWith([1]), choice), undefined);
  });

  it('name the region nearest before the target, with what is exactly zero in it', () => {
    const tints = gradientTints(frameOf([-Infinity, -5, -1, -4, -4, -1, 0, -9], 6));
    assert.deepEqual(nearestRegions(tints, 6), [{ kind: 'vanishing', from: 3, to: 5 }]);
    assert.deepEqual(nearestRegions(tints, 3), [{ kind: 'vanishing', from: 0, to: 2 }]);
    assert.deepEqual(nearestRegions(gradientTints(frameOf([3, 3, 0.1, 0], 3)), 3), [
      { kind: 'exploding', from: 0, to: 2 },
    ]);
  });

  it('are said to be all that stands before only where the gradient does not come back behind them', () => {
    const keysOf = (relative: readonly number[]) =>
      nearestRegions(gradientTints(frameOf(relative, relative.length - 1)), relative.length - 1).map(noteKey);
    assert.deepEqual(keysOf([-Infinity, -4, -3.5, -1, 0]), ['tint.vanishingBefore']);
    assert.deepEqual(keysOf([-0.5, -0.4, -3.5, -1, 0]), ['tint.vanishingAt'], 'one token alone, and back again');
    assert.deepEqual(keysOf([4, 3, 1, 0]), ['tint.explodingBefore']);
    assert.deepEqual(keysOf([-1, 3, 1, 0]), ['tint.explodingAt']);
  });

  describe('of a character’s bytes, which can only have one', () => {
    // Two, three and one byte; the last is only predicted.
    const spans = Array.from(spansOf('é한b', 'byte'));
    const levelsOf = (frame: Frame, choice: TintChoice) =>
      tintsIn(frame, choice, spans)!.map((tint) => tint && (tint.kind === 'vanishing' ? -tint.level : tint.level));

    it('are lost only where the gradient vanishes through all of them', () => {
      assert.deepEqual(levelsOf(frameOf([-9, -3.5, NaN, 2.5, 0], 4), { kind: 'gradient' }), [
        -2,
        -2,
        2,
        2,
        2,
        undefined,
      ]);
      assert.deepEqual(levelsOf(frameOf([-Infinity, -Infinity, -4, -9, 0], 4), { kind: 'gradient' }), [
        1,
        1,
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
    });

    it('show the loss of the character, which is the sum of theirs, and none where the probe begins with it', () => {
      const bits = [9, 0.4, 0.4, 0.4, 2.5].map((each) => each * Math.LN2);
      assert.deepEqual(levelsOf(frameWith(bits), { kind: 'loss' }), [undefined, undefined, 1, 1, 1, 2]);
    });

    it('show the value of a unit that is farthest from its middle', () => {
      const choice: LaneChoice = { kind: 'unit', layer: 0, direction: 'forward', quantity: 'hidden', unit: 0 };
      assert.deepEqual(levelsOf(frameWith([1, 1, 1, 1, 1], { choice, values: [0.1, -0.9, 0.5, 0.7, -0.3] }), choice), [
        -4,
        -4,
        3,
        3,
        3,
        undefined,
      ]);
    });
  });
});
