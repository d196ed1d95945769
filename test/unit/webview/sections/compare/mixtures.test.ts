/** What compared models are called whose layers differ, and by what paths their gradients come back. */
import assert from 'node:assert/strict';
import english from '../../../../../l10n/bundle.l10n.json';
import korean from '../../../../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../../../../src/messages';
import { readLayers } from '../../../../../src/protocol/layerList';
import { completeModel, defaultModelSettings, defaultTrainingSettings } from '../../../../../src/protocol/settings';
import { RunNames } from '../../../../../webview/sections/compare/compareNames';
import { RunInView } from '../../../../../webview/sections/compare/compareRuns';
import { pathsInWords } from '../../../../../webview/sections/compare/compareVerdict';
import { Texts } from '../../../../../webview/shared/texts';

const open = { ...defaultModelSettings, objective: null, norm: null, finalNorm: null, residual: null };

function runOf(list: string, change: string | null = null): RunInView {
  const model = completeModel({ ...open, layers: readLayers(list) });
  return new RunInView({
    run: {
      name: list,
      folder: `/runs/${list}`,
      corpus: { name: 'tale.txt', path: null, tokens: 100, unit: 'codePoint' },
      model: { ...model, vocabularySize: 9, parameterCount: 100 },
      training: defaultTrainingSettings,
      backend: 'wasm',
    },
    status: { state: 'running', step: 1, message: null },
    change,
    history: { rows: new Float64Array(0), validation: [] },
  });
}

describe('compared models whose layers differ', () => {
  for (const [language, strings] of [
    ['en', english],
    ['ko', korean],
  ] as const) {
    const texts = new Texts(pageStringsOf(strings), language);
    it(`are called by their kinds and sizes (${language})`, () => {
      const runs = ['lstm:128x2', 'lstm:128,attention:1024'].map((list) => runOf(list));
      const names = new RunNames(runs, texts);
      assert.deepEqual(
        runs.map((run) => names.label(run)),
        ['LSTM', 'LSTM + Attention'],
      );
      assert.deepEqual(
        runs.map((run) => names.inFull(run)),
        ['LSTM 2 × 128', 'LSTM 128 + Attention 1,024'],
      );
    });
  }

  const texts = new Texts(pageStringsOf(english), 'en');

  it('of the same kinds have letters, and their sizes', () => {
    const runs = ['lstm:8,attention:8', 'lstm:8,attention:8x2'].map((list) => runOf(list));
    const names = new RunNames(runs, texts);
    assert.deepEqual(
      runs.map((run) => names.inFull(run)),
      ['A · LSTM 8 + Attention 8', 'B · LSTM 8 + Attention 2 × 8'],
    );
  });

  it('that continue one run are told apart by what was changed, though their settings are the same', () => {
    const runs = ['as it is', 'Orthogonal restart of R'].map((change) => runOf('rnn:8', change));
    const names = new RunNames(runs, texts);
    assert.deepEqual(
      runs.map((run) => names.inFull(run)),
      ['A · RNN 1 × 8 · as it is', 'B · RNN 1 × 8 · Orthogonal restart of R'],
    );
  });

  it('have the paths of all their kinds, each kind once', () => {
    const said = (lists: readonly string[]) => {
      const runs = lists.map((list) => runOf(list));
      const thresholds = { vanishing: -3, exploding: 2 };
      return pathsInWords({ runs, names: new RunNames(runs, texts), target: 0, thresholds, areEqual: true }, texts);
    };
    assert.equal(
      said(['lstm:8', 'lstm:8,attention:8', 'rnn:8,attention:8']),
      'In LSTM and RNN, the gradient goes back through a product of one Jacobian matrix for each token between. In Attention, a single step leads from the target to every earlier token. In LSTM + Attention, whose layers differ, a gradient can come back by the way of each of its kinds. In RNN + Attention, whose layers differ, a gradient can come back by the way of each of its kinds.',
    );
    assert.doesNotMatch(said(['lstm:8,gru:8', 'attention:8']), /layers differ/, 'both go back through Jacobians');
    assert.equal(said(['lstm:8,attention:8', 'lstm:16,attention:16']), '');
  });
});
