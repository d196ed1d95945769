/** What the numbers of compared runs come to: only what they show of each. */
import assert from 'node:assert/strict';
import english from '../../../../../l10n/bundle.l10n.json';
import { pageStringsOf } from '../../../../../src/messages';
import { horizonOf } from '../../../../../src/terms/seriesSummary';
import type { Frame } from '../../../../../src/protocol/frame';
import { readLayers } from '../../../../../src/protocol/layerList';
import { completeModel, defaultModelSettings, defaultTrainingSettings } from '../../../../../src/protocol/settings';
import { relativeTo } from '../../../../../src/terms/regions';
import { RunNames } from '../../../../../webview/sections/compare/compareNames';
import { RunInView } from '../../../../../webview/sections/compare/compareRuns';
import { numbersInWords } from '../../../../../webview/sections/compare/compareVerdict';
import { Texts } from '../../../../../webview/shared/texts';

const texts = new Texts(pageStringsOf(english), 'en');
const thresholds = { vanishing: -3, exploding: 2 };
const T = 20;
const target = T - 1;

/** A run whose lowest input gradient is this at each lag. */
function runOf(list: string, atLag: (lag: number) => number): RunInView {
  const open = { ...defaultModelSettings, objective: null, norm: null, finalNorm: null, residual: null };
  const model = completeModel({ ...open, layers: readLayers(list) });
  const view = new RunInView({
    run: {
      name: list,
      folder: `/runs/${list}`,
      corpus: { name: 'tale.txt', path: null, tokens: 100, unit: 'codePoint' },
      model: { ...model, vocabularySize: 9, parameterCount: 100 },
      training: defaultTrainingSettings,
      backend: 'wasm',
    },
    status: { state: 'finished', step: 1, message: null },
    change: null,
    history: { rows: new Float64Array(0), validation: [] },
  });
  const flow = Float64Array.from({ length: T }, (_, t) => atLag(target - t));
  const horizon = horizonOf(relativeTo(target, flow), target, thresholds);
  const header = {
    tokens: Array<string>(T).fill('a'),
    target,
    thresholds,
    trainingStep: 1,
    flows: [],
    inputs: [{ boundary: 0, horizon, slope: null, regions: [] }],
    series: [{ name: 'inputFlow', layer: 0, direction: 'forward', state: null, offset: 0 }],
  };
  view.accept({ header, data: Float32Array.from(flow) } as unknown as Frame);
  return view;
}

function said(...runs: RunInView[]): string {
  return numbersInWords({ runs, names: new RunNames(runs, texts), target, thresholds, areEqual: true }, texts);
}

const falling = (rate: number) => (lag: number) => -rate * lag;

describe('compared runs', () => {
  it('reach farthest in the one whose gradient falls last', () => {
    assert.equal(
      said(runOf('lstm:8', falling(0.5)), runOf('gru:8', falling(0.25))),
      'The input gradient falls below a thousandth of its size at the target after 7 tokens in LSTM and 13 in GRU. It reaches farthest in GRU.',
    );
  });

  it('not where another’s only dips below the threshold and reaches farther than that', () => {
    const dips = (lag: number) => (lag === 0 ? 0 : lag === 2 ? -3.5 : -1 - 0.1 * lag);
    const sentence = said(runOf('lstm:8', falling(0.5)), runOf('attention:8', dips));
    assert.match(sentence, /after 7 tokens in LSTM and 2 in Attention\.$/);
  });

  it('are not said to keep a gradient that is zero or not finite', () => {
    const sentence = said(
      runOf('lstm:8', falling(0.5)),
      runOf('gru:8', () => NaN),
      runOf('rnn:8', () => -Infinity),
    );
    assert.match(
      sentence,
      /after 7 tokens in LSTM\. In RNN it is exactly zero at the target’s own step\. In GRU it is not finite\.$/,
    );
  });
});
