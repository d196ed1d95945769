import assert from 'node:assert/strict';
import type { FromPage } from '../../../src/pageContract/messages';
import { defaultPlayground } from '../../../src/protocol/playground';
import { parseCompared, parseFromPage, parsePanelState } from '../../../src/pageContract/parseFromPage';

const good: readonly FromPage[] = [
  { type: 'ready' },
  { type: 'frameDrawn', sequence: 12 },
  { type: 'control', action: 'step' },
  { type: 'mark', step: null },
  { type: 'mark', step: 0 },
  { type: 'reveal', step: 255 },
  { type: 'target', target: 'last' },
  { type: 'target', target: 3 },
  { type: 'unitMap', choice: { layer: 1, direction: 'backward', quantity: 'forgetGate' } },
  { type: 'total', shown: true },
  { type: 'openTrials', trials: [0, 12] },
  { type: 'compareTrials', trials: [7, 0] },
  { type: 'compareTrials', trials: [0, 1, 2, 9999] },
  { type: 'drop', uri: 'file:///models/a%20b.onnx' },
  { type: 'drop', uri: 'vscode-remote://host/models/m.safetensors' },
  { type: 'drop', uri: 'memo:/models/m.onnx' },
  { type: 'overTraining', lane: { layer: 1, direction: 'backward', state: 'cell' } },
  { type: 'overTraining', lane: { layer: 0, direction: 'forward', state: null } },
  { type: 'head', choice: { layer: 1, head: 3 } },
  { type: 'travel', trainingStep: 0 },
  { type: 'matrix', action: 'cancel' },
  { type: 'spectrum', action: 'compute', target: 12, vanishing: -3 },
  { type: 'spectrum', action: 'cancel' },
  { type: 'playground', id: 3, settings: defaultPlayground },
  {
    type: 'playground',
    id: 4,
    settings: {
      ...defaultPlayground,
      cell: 'mamba',
      values: { gain: 1.1, matrix: 'gaussian', leastStep: 0.01 },
      layers: 24,
      norm: 'none',
      residual: false,
      hiddenSize: 16,
    },
  },
  { type: 'openPlayground' },
  { type: 'comparedDrawn', run: 3, sequence: 9 },
  { type: 'truncations' },
  {
    type: 'offer',
    items: [
      { id: 'flow', kind: 'figure', title: 'Does the gradient reach back?' },
      { id: 'report', kind: 'report', title: 'Report' },
    ],
  },
  { type: 'save', name: 'tale-1-flow', format: 'svg', data: '<svg/>' },
  { type: 'save', name: 'tale-1-flow', format: 'png', data: new Uint8Array([137, 80]) },
  { type: 'error', text: 'TypeError' },
];

const bad: readonly unknown[] = [
  undefined,
  null,
  7,
  'ready',
  [],
  {},
  { type: 'close' },
  { type: 'frameDrawn' },
  { type: 'frameDrawn', sequence: -1 },
  { type: 'frameDrawn', sequence: '12' },
  { type: 'control', action: 'delete' },
  { type: 'control', action: 'toString' },
  { type: 'mark' },
  { type: 'mark', step: 1.5 },
  { type: 'reveal', step: null },
  { type: 'reveal', step: NaN },
  { type: 'target', target: 'first' },
  { type: 'unitMap', choice: null },
  { type: 'unitMap', choice: { layer: 0, direction: 'up', quantity: 'hidden' } },
  { type: 'unitMap', choice: { layer: 0, direction: 'forward', quantity: '__proto__' } },
  { type: 'head', choice: null },
  { type: 'head', choice: { layer: 0, head: -1 } },
  { type: 'head', choice: { layer: 0.5, head: 0 } },
  { type: 'total', shown: 1 },
  { type: 'openTrials' },
  { type: 'compareTrials', trials: [3] },
  { type: 'compareTrials', trials: [3, 3] },
  { type: 'compareTrials', trials: [0, 1, 2, 3, 4] },
  { type: 'compareTrials', trials: [0, '1'] },
  { type: 'openTrials', trials: [1, -1] },
  { type: 'openTrials', trials: Array<number>(10_001).fill(0) },
  { type: 'drop' },
  { type: 'drop', uri: '../m.onnx' },
  { type: 'drop', uri: `file:///${'x'.repeat(5000)}` },
  { type: 'overTraining', lane: { layer: -1, direction: 'forward', state: 'cell' } },
  { type: 'overTraining', lane: { layer: 0, direction: 'forward', state: 'gate' } },
  { type: 'travel', trainingStep: 'now' },
  { type: 'matrix', action: 'delete' },
  { type: 'spectrum', action: 'delete' },
  { type: 'spectrum', action: 'compute', target: -1, vanishing: -3 },
  { type: 'spectrum', action: 'compute', target: 1, vanishing: NaN },
  { type: 'playground', settings: defaultPlayground },
  { type: 'playground', id: -1, settings: defaultPlayground },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, cell: 'constructor' } },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, values: { gain: NaN } } },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, values: { activation: null } } },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, values: { activation: 'x'.repeat(101) } } },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, values: null } },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, norm: 'batchNorm' } },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, residual: 'on' } },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, layers: 0.5 } },
  { type: 'playground', id: 1, settings: { ...defaultPlayground, length: 1.5 } },
  { type: 'comparedDrawn', run: '0', sequence: 9 },
  { type: 'offer', items: {} },
  { type: 'offer', items: [{ id: '../x', kind: 'figure', title: 'x' }] },
  { type: 'offer', items: [{ id: 'flow', kind: 'toString', title: 'x' }] },
  { type: 'save', name: '../../secret', format: 'svg', data: '' },
  { type: 'save', name: 'a.b', format: 'svg', data: '' },
  { type: 'save', name: 'flow', format: 'exe', data: '' },
  { type: 'save', name: 'flow', format: 'png', data: [1, 2] },
  { type: 'error', text: { toString: 'x' } },
];

describe('messages of the page', () => {
  it('pass as they are when they are right', () => {
    for (const message of good) assert.deepEqual(parseFromPage(message), message);
  });

  it('are refused when anything about them is wrong', () => {
    for (const message of bad) assert.equal(parseFromPage(message), undefined, JSON.stringify(message));
  });

  it('lose what does not belong to them', () => {
    assert.deepEqual(parseFromPage({ type: 'reveal', step: 1, command: 'rm' }), { type: 'reveal', step: 1 });
  });

  it('hold an error’s text of bounded length', () => {
    const parsed = parseFromPage({ type: 'error', text: 'x'.repeat(1e6) });
    assert.ok(parsed?.type === 'error' && parsed.text.length <= 4000);
  });
});

describe('the state of a page', () => {
  it('is taken over as far as it is one', () => {
    assert.deepEqual(parsePanelState({ runFolder: '/r', document: 'file:///t' }), {
      runFolder: '/r',
      document: 'file:///t',
    });
    assert.deepEqual(parsePanelState({ runFolder: '', document: 4 }), { runFolder: null, document: null });
    for (const state of [undefined, null, 'x', 3])
      assert.deepEqual(parsePanelState(state), { runFolder: null, document: null });
  });
});

describe('what a comparison’s page has kept', () => {
  it('is taken over as far as it is paths, six at most', () => {
    const kept = parseCompared({
      compared: ['/a', 7, '', '/b', null, '/c', '/d', '/e', '/f', '/g'],
      document: 'file:///t',
    });
    assert.deepEqual(
      kept.runs.map(({ path }) => path),
      ['/a', '/b', '/c', '/d', '/e', '/f'],
    );
    assert.equal(kept.document, 'file:///t');
    for (const none of [undefined, null, {}, { compared: '/a', changes: 7, document: 7 }])
      assert.deepEqual(parseCompared(none), { runs: [], document: null });
  });

  it('has what tells each run from the others, as far as it is words', () => {
    assert.deepEqual(parseCompared({ compared: ['/a', '/b', '', '/c'], changes: ['gain 1', null, 'lost', 9] }).runs, [
      { path: '/a', change: 'gain 1' },
      { path: '/b', change: null },
      { path: '/c', change: null },
    ]);
  });
});
