import assert from 'node:assert/strict';
import { regionLevel, tintOf, tintRuns } from '../../src/editor/probe/tintLevels';
import type { Frame } from '../../src/protocol/frame';
import { defaultThresholds } from '../../src/protocol/settings';

function frameOf(flow: readonly number[], target: number, cellFlow: readonly number[] = []): Frame {
  return {
    header: {
      sequence: 1,
      trainingStep: 0,
      layers: [{ cell: 'rnn', hiddenSize: 1, directions: ['forward'] }],
      tokens: flow.map(() => 'a'),
      lastTarget: 'a',
      target,
      loss: 1,
      thresholds: defaultThresholds,
      flows: [],
      regions: [],
      series: [
        { name: 'flow', layer: 0, direction: 'forward', offset: 0 },
        ...(cellFlow.length > 0 ? [{ name: 'cellFlow' as const, layer: 0, direction: 'forward' as const, offset: flow.length }] : []),
      ],
      unitMap: { layer: 0, direction: 'forward', quantity: 'hidden', units: 0, offset: 0 },
    },
    data: Float32Array.from([...flow, ...cellFlow]),
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

  it('are relative to the target’s own step, and join equal neighbours', () => {
    const flow = [-Infinity, -19, -19.1, -12.8, -10, NaN];
    assert.deepEqual(tintRuns(frameOf(flow, 4)), [
      { kind: 'zero', level: 1, from: 0, to: 1 },
      { kind: 'vanishing', level: 4, from: 1, to: 3 },
      { kind: 'vanishing', level: 1, from: 3, to: 4 },
    ]);
  });

  it('call a token lost only where the gradient vanishes through every state', () => {
    const runs = tintRuns(frameOf([-9, -9, -1, NaN], 2, [-4, -0.5, 0, -20]));
    assert.deepEqual(runs, [
      { kind: 'vanishing', level: 2, from: 0, to: 1 },
      { kind: 'vanishing', level: 4, from: 3, to: 4 },
    ]);
  });
});
