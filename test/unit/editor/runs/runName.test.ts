import assert from 'node:assert/strict';
import { runName, unusedName } from '../../../../src/editor/runs/runName';
import { checkpointStep, parseRunRecord } from '../../../../src/editor/runs/runRecord';

const time = new Date(2026, 2, 4, 5, 6, 7);

describe('the name of a run', () => {
  it('says the corpus, the cell and the time', () => {
    assert.equal(runName('/home/ada/tale.txt', 'lstm', time), 'tale-lstm-20260304-050607');
    assert.equal(runName('C:\\texts\\tale.txt', 'gru', time), 'tale-gru-20260304-050607');
  });

  it('keeps letters of any script and nothing a file system may refuse', () => {
    assert.equal(runName('봄 이야기?.md', 'rnn', time), '봄-이야기-rnn-20260304-050607');
    assert.doesNotMatch(runName('a<b>:"c|d*\u0000\n.txt', 'rnn', time), /[<>:"/\\|?*\p{Cc}]/u);
  });

  it('is never hidden, empty or endless', () => {
    assert.equal(runName('.env', 'rnn', time), 'env-rnn-20260304-050607');
    assert.equal(runName('???', 'rnn', time), 'text-rnn-20260304-050607');
    assert.ok(runName('x'.repeat(500), 'rnn', time).length < 80);
  });

  it('gets a number when it is taken', () => {
    const taken = new Set(['a', 'a-2']);
    assert.equal(
      unusedName('a', (name) => taken.has(name)),
      'a-3',
    );
    assert.equal(
      unusedName('b', (name) => taken.has(name)),
      'b',
    );
  });
});

describe('a run on disk', () => {
  it('is described from its run.json', () => {
    const text = JSON.stringify({
      model: { cell: 'gru', layers: 2, hiddenSize: 64 },
      corpus: { name: 'tale.txt', path: '/home/ada/tale.txt' },
      training: { steps: 500 },
      created: '2026-03-04T05:06:07.000Z',
    });
    assert.deepEqual(parseRunRecord(text), {
      layers: [
        { cell: 'gru', hiddenSize: 64 },
        { cell: 'gru', hiddenSize: 64 },
      ],
      steps: 500,
      corpusName: 'tale.txt',
      corpusPath: '/home/ada/tale.txt',
      created: new Date('2026-03-04T05:06:07.000Z'),
    });
  });

  it('has the layers of a mixture', () => {
    const layers = [
      { cell: 'lstm', hiddenSize: 16, norm: 'none' },
      { cell: 'attention', hiddenSize: 32, norm: 'layerNorm' },
    ];
    const found = parseRunRecord(JSON.stringify({ model: { layers, tied: false } }));
    assert.deepEqual(found?.layers, [
      { cell: 'lstm', hiddenSize: 16 },
      { cell: 'attention', hiddenSize: 32 },
    ]);
  });

  it('is left out of the tree when its run.json is broken', () => {
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '{"model":{"cell":"transformer","layers":1,"hiddenSize":8}}',
      '{"model":{"cell":"lstm","layers":1e9,"hiddenSize":8}}',
      '{"model":{"layers":[]}}',
      '{"model":{"layers":[{"cell":"lstm","hiddenSize":8},{"cell":"transformer","hiddenSize":8}]}}',
      '{"model":{"layers":[{"cell":"lstm"}]}}',
    ]) {
      assert.equal(parseRunRecord(text), undefined);
    }
  });

  it('has its checkpoints’ steps in their names', () => {
    assert.equal(checkpointStep('step-1500.onnx'), 1500);
    for (const name of ['step-1500.safetensors', '.step-5.onnx.tmp', 'step-.onnx'])
      assert.equal(checkpointStep(name), undefined);
  });
});
