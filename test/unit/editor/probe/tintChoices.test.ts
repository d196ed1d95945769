/** By what a text can be tinted: one unit of every map of every kind, and which choices hold of another model. */
import assert from 'node:assert/strict';
import { isChoiceOf, unitKinds, type Tinted } from '../../../../src/editor/probe/tintChoices';
import { cellNames, optionsOf, unitMapNamesOf, type CellName } from '../../../../src/layers/catalog';
import type { LayerOptions } from '../../../../src/layers/options';
import type { LaneChoice } from '../../../../src/protocol/frame';
import type { GraphSummary } from '../../../../src/protocol/graph';
import type { LayerShape } from '../../../../src/protocol/model';

const layerOf = (cell: CellName, hiddenSize: number, options: LayerOptions = {}): LayerShape => ({
  cell,
  hiddenSize,
  options: optionsOf(cell, options),
  directions: ['forward'],
});
const stack = (...layers: LayerShape[]): Tinted => ({ layers, graph: null, isOfNumbers: false, shownSeries: [] });
const unitOf = (layer: number, quantity: string, unit: number): LaneChoice => ({
  ...{ kind: 'unit', direction: 'forward' },
  ...{ layer, quantity: quantity as Extract<LaneChoice, { kind: 'unit' }>['quantity'], unit },
});

describe('tinting by one unit', () => {
  it('offers as many units as each map has: E or E·S of Mamba, 4·D of the MLP, H of a cell', () => {
    const { layers } = stack(layerOf('mamba', 8, { expand: 3, stateSize: 4 }), layerOf('attention', 8, { heads: 2 }), {
      ...layerOf('lstm', 8),
      directions: ['forward', 'backward'],
    });
    const counts = unitKinds(layers).map(
      ({ layer, direction, quantity, units }) => `${layer} ${direction} ${quantity} ${units}`,
    );
    assert.deepEqual(counts.slice(0, 5), [
      '0 forward stepSize 24',
      '0 forward decay 96',
      '0 forward scan 96',
      '0 forward convolved 24',
      '1 forward mlpActivations 32',
    ]);
    assert.equal(counts.length, 5 + 2 * unitMapNamesOf('lstm').length);
    assert.ok(counts.slice(5).every((count) => count.endsWith(' 8')));
  });

  for (const cell of cellNames)
    it(`${cell}: a choice holds up to the last unit, and no farther`, () => {
      const shown = stack(layerOf(cell, 6));
      const kinds = unitKinds(shown.layers);
      assert.ok(kinds.length > 0);
      for (const { quantity, units } of kinds) {
        assert.ok(isChoiceOf(unitOf(0, quantity, units - 1), shown), quantity);
        assert.ok(!isChoiceOf(unitOf(0, quantity, units), shown), quantity);
        assert.ok(!isChoiceOf(unitOf(1, quantity, 0), shown), 'there is one layer');
      }
    });

  it('does not hold in a model of another kind, or with fewer numbers in a channel', () => {
    const last = unitOf(0, 'decay', 2 * 6 * 16 - 1);
    assert.ok(isChoiceOf(last, stack(layerOf('mamba', 6))));
    assert.ok(!isChoiceOf(last, stack(layerOf('mamba', 6, { stateSize: 8 }))));
    assert.ok(!isChoiceOf(last, stack(layerOf('gru', 512))));
  });

  it('in graph mode goes by the widths of the tensors that are shown', () => {
    const tensor = { name: 'h', role: 'state', width: 3, isReversed: false } as const;
    const graph = { mode: 'graph', hasScores: true, tensors: [tensor] } as unknown as GraphSummary;
    const shown: Tinted = { layers: [], isOfNumbers: false, graph, shownSeries: ['h'] };
    assert.ok(isChoiceOf({ kind: 'element', series: 'h', unit: 2 }, shown));
    assert.ok(!isChoiceOf({ kind: 'element', series: 'h', unit: 3 }, shown));
    assert.ok(!isChoiceOf({ kind: 'element', series: 'h', unit: 2 }, { ...shown, shownSeries: [] }));
    assert.ok(!isChoiceOf(unitOf(0, 'hidden', 0), shown));
  });

  it('of numbers is neither by loss nor by surprise', () => {
    const numbers: Tinted = { ...stack(layerOf('gru', 8)), isOfNumbers: true };
    const kinds = [
      { kind: 'loss' },
      { kind: 'surprise' },
      { kind: 'gradient' },
      { kind: 'input', boundary: 0 },
    ] as const;
    assert.deepEqual(
      kinds.map((choice) => isChoiceOf(choice, numbers)),
      [false, false, true, true],
    );
  });
});
