/** The verdict on a graph, which can have more tensors than a sentence can name. */
import assert from 'node:assert/strict';
import english from '../../../../l10n/bundle.l10n.json';
import { measuresOf } from '../../../../src/protocol/seriesMeasures';
import { pageStringsOf } from '../../../../src/messages';
import type { Frame, SeriesEntry } from '../../../../src/protocol/frame';
import type { SeriesRole } from '../../../../src/protocol/graph';
import { flowRows } from '../../../../webview/shared/flowRows';
import { Texts } from '../../../../webview/shared/texts';
import { verdict } from '../../../../webview/shared/verdict';

const texts = new Texts(pageStringsOf(english), 'en');
const T = 30;

/** Each tensor falls by `slope` powers of ten a token; with null it has a gradient at the target alone. */
function frameOf(tensors: readonly (readonly [role: SeriesRole, slope: number | null])[]): Frame {
  const data = new Float32Array(T * tensors.length);
  const entries: SeriesEntry[] = tensors.map(([, slope], layer) => {
    for (let t = 0; t < T; t++)
      data[layer * T + t] = slope === null ? (t === T - 1 ? 0 : -Infinity) : slope * (T - 1 - t);
    return { name: 'flow', layer, direction: 'forward', state: null, offset: layer * T };
  });
  return {
    header: {
      sequence: 1,
      trainingStep: 0,
      layers: [],
      graph: {
        series: tensors.map(([role], i) => ({ name: `/block.${i}/Add_${i}`, role, width: 8, isReversed: false })),
        notices: [],
      },
      tokens: Array.from({ length: T }, (_, t) => String(t % 10)),
      lastTarget: 'x',
      target: T - 1,
      loss: 1,
      thresholds: { vanishing: -3, exploding: 2 },
      flows: tensors.map(([, slope], layer) => ({
        layer,
        direction: 'forward',
        state: null,
        // The smallest lag whose slope · lag is below −3.
        horizon: slope === null ? 1 : slope * (T - 1) < -3 ? Math.floor(3 / -slope) + 1 : null,
        slope: null,
      })),
      regions: [],
      series: entries,
      unitMap: { layer: 0, direction: 'forward', quantity: 'hidden', units: 0, offset: data.length },
    },
    data,
  };
}

function said(frame: Frame): string {
  return verdict(frame.header, flowRows(frame), texts)
    .map(({ text }) => text)
    .join('');
}

describe('the verdict on a graph', () => {
  it('names a few tensors by their roles and names', () => {
    assert.match(
      said(
        frameOf([
          ['embedding', -0.7],
          ['state', -0.4],
          ['state', -0.35],
        ]),
      ),
      /falls below a thousandth after 5 tokens in the embedding, 8 in “Add_1”, and 9 in “Add_2”\./,
    );
  });

  it('of many says through which the gradient reaches farthest, and how many others there are', () => {
    const many = frameOf([
      ['embedding', -0.7],
      ...[-0.8, -0.35, -0.9, -1.1, -0.6].map((slope) => ['residual', slope] as const),
    ]);
    assert.match(said(many), /after 9 tokens in “Add_2”, and no later in 5 others\./);
  });

  it('of many that keep it names the first', () => {
    const many = frameOf([
      ['embedding', -0.7],
      ...[-0.01, 0.01, -0.02, 0, 0.01].map((slope) => ['residual', slope] as const),
    ]);
    assert.match(said(many), /after 5 tokens in the embedding\. It never does in “Add_1”, “Add_2”, and 3 others\./);
  });

  it('does not count what the loss reads at the target’s own step alone', () => {
    const sentence = said(
      frameOf([
        ['embedding', -0.7],
        ['residual', null],
      ]),
    );
    assert.match(sentence, /after 5 tokens in the embedding\./);
    assert.match(sentence, /Of the residual sum it reaches only the target’s own step\.$/);
    assert.doesNotMatch(sentence, / 1 in /);
  });

  it('has the embedding speak for all, or what is first where there is none', () => {
    const main = (frame: Frame) => flowRows(frame).map(({ isMain }) => isMain);
    assert.deepEqual(
      main(
        frameOf([
          ['embedding', -1],
          ['state', -1],
          ['residual', -1],
        ]),
      ),
      [false, false, true],
    );
    assert.deepEqual(
      main(
        frameOf([
          ['state', -1],
          ['residual', -1],
        ]),
      ),
      [true, false],
    );
  });
});

describe('the verdict on both directions', () => {
  /**
   * One layer with a state each way, which fall by `slopes` powers of ten a token from the middle, and by `otherWay` on the side that their own steps do not lead back to, as below
   * another layer.
   */
  function bothWays(slopes: readonly [number, number], states: readonly string[] = ['hidden'], otherWay = NaN): string {
    const target = T / 2;
    const lanes = (['forward', 'backward'] as const).flatMap((direction, d) =>
      states.map((state) => ({ direction, state, slope: slopes[d] })),
    );
    const data = new Float32Array(T * lanes.length);
    lanes.forEach(({ direction, slope }, i) => {
      for (let t = 0; t < T; t++) {
        const lag = direction === 'forward' ? target - t : t - target;
        data[i * T + t] = lag < 0 ? -otherWay * lag : slope * lag;
      }
    });
    const { header } = frameOf([]);
    const frame = {
      header: {
        ...header,
        graph: undefined,
        target,
        layers: [{ cell: 'lstm', hiddenSize: 4, options: {}, directions: ['forward', 'backward'] }],
        flows: lanes.map(({ direction, state, slope }) => ({
          layer: 0,
          direction,
          state,
          ...measuresOf(
            Float64Array.from(data.subarray(0, T), (_, t) => {
              const lag = direction === 'forward' ? target - t : t - target;
              return lag < 0 ? NaN : slope * lag;
            }),
            target,
            direction,
            header.thresholds,
          ),
        })),
        series: lanes.map(({ direction, state }, i) => ({ name: 'flow', layer: 0, direction, state, offset: i * T })),
      },
      data,
    } as unknown as Frame;
    return said(frame);
  }

  it('has the horizon of each, the backward one’s toward later tokens', () => {
    assert.match(bothWays([-0.7, -0.4]), /after 8 tokens in layer 1, backward,? and 5 in layer 1\.$/);
  });

  it('tells the directions of an LSTM’s states apart', () => {
    assert.match(
      bothWays([-0.7, -0.4], ['hidden', 'cell']),
      /after 8 tokens in the \w+ state of layer 1, backward, .* and 5 in the \w+ state of layer 1\.$/,
    );
  });

  it('of one that stays names the tokens before and after', () => {
    assert.equal(
      bothWays([-0.19, -0.19]),
      'The gradient of this token never falls below a thousandth over the 29 tokens before and after it.',
    );
  });

  it('of one that stays on its own side names where it falls on the other', () => {
    assert.match(
      bothWays([-0.19, -0.4], ['hidden'], -0.5),
      /after 8 tokens in layer 1, backward,? and 7 in layer 1\.$/,
    );
    assert.match(bothWays([-0.19, -0.19], ['hidden'], -0.5), /falls below a thousandth after 7 tokens/);
  });
});
