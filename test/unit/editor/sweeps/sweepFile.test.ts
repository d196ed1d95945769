/** sweep.json and result.json: what is read, and what is refused in a sentence. */
import assert from 'node:assert/strict';
import { parseSweepFile, parseTrialResult, trialsOf } from '../../../../src/editor/sweeps/sweepFile';
import { doneJson, sweepJson } from '../../../support/sweepFolder';

const grid = { kind: ['rnn', 'lstm'], gain: ['0.8', '1'], window: ['32', '128'] };
const read = (text: string) => parseSweepFile(text, 'sweep.json');

describe("a sweep's file", () => {
  it('is a grid with each seed; folders are numbered as the sweep command numbers them', () => {
    const plan = read(sweepJson({ grid, samples: 3, corpus: 'C:\\texts\\tale.txt' }));
    assert.deepEqual(
      plan.axes.map(({ key, values }) => [key, values.length]),
      [
        ['kind', 2],
        ['gain', 2],
        ['window', 2],
        ['seed', 3],
      ],
    );
    const trials = trialsOf(plan);
    assert.equal(trials.length, 24);
    // As python/tests has them: the whole grid once before anything is repeated, the first setting turning slowest.
    assert.deepEqual(trials[0], { name: '0001_kind=rnn_gain=0.8_window=32_seed=1', at: [0, 0, 0, 0] });
    assert.deepEqual(trials[1], { name: '0002_kind=rnn_gain=0.8_window=128_seed=1', at: [0, 0, 1, 0] });
    assert.deepEqual(trials[23], { name: '0024_kind=lstm_gain=1_window=128_seed=3', at: [1, 1, 1, 2] });
  });

  it('has names of folders that stay within it, whatever its words are', () => {
    const [trial] = trialsOf(read(sweepJson({ grid: { kind: ['../../etc/한글 🙂', 'b'] } })));
    assert.equal(trial.name, '0001_kind=..-..-etc-_seed=1');
  });

  const refused: readonly (readonly [what: string, text: string, sentence: RegExp])[] = [
    ['half written', sweepJson({ grid }).slice(0, 60), /broken, or only half written/],
    ['empty', '', /broken, or only half written/],
    ['something else', '[1, 2]', /not of a sweep/],
    ['a recording', '{"format": "backflow-recording", "version": 1}', /not of a sweep/],
    ['newer', sweepJson({ grid }).replace('"version":1', '"version":3'), /in version 3 of its format.*up to version 1/],
    ['without a version', sweepJson({ grid }).replace('"version":1,', ''), /“version” is missing/],
    ['without a text', sweepJson({ grid }).replace('"corpus"', '"text"'), /“corpus” is missing/],
    ['without steps', sweepJson({ grid, steps: 0 }), /“steps” is missing/],
    ['with half a sample', sweepJson({ grid, samples: 1.5 }), /“samples” is missing/],
    ['without settings', sweepJson({ grid: {} }), /“grid” is missing/],
    ['with a setting without values', sweepJson({ grid: { kind: [] } }), /“grid” is missing/],
    ['with a value twice', sweepJson({ grid: { kind: ['a', 'a'] } }), /“grid” is missing/],
    ['with a setting called seed', sweepJson({ grid: { seed: ['1'] } }), /“grid” is missing/],
    ['with endless words', sweepJson({ grid: { kind: ['a'.repeat(201)] } }), /“grid” is missing/],
    ['too large', sweepJson({ grid, samples: 10_000 }), /has 80000 trials; a picture has at most 10000/],
    ['far too large', sweepJson({ grid, samples: 2 ** 53 - 1 }), /trials; a picture has at most 10000/],
  ];
  for (const [what, text, sentence] of refused)
    it(`is refused in a sentence: ${what}`, () => {
      assert.throws(() => read(text), { name: 'UserError', message: sentence });
    });
});

describe("a trial's result", () => {
  it('keeps the numbers that are ones, and what is unknown as such', () => {
    assert.deepEqual(parseTrialResult(doneJson({ horizon: null })), {
      state: 'done',
      step: 40,
      loss: 2,
      validationLoss: 2.5,
      horizon: null,
      within: 128,
      reason: null,
      isOfNumbers: false,
    });
    const strange = parseTrialResult(
      '{"state": "failed", "step": "4", "loss": 1e999, "horizon": -1, "within": 0, "reason": 3}',
    );
    assert.deepEqual(strange, {
      state: 'failed',
      step: null,
      loss: null,
      validationLoss: null,
      horizon: null,
      within: null,
      reason: null,
      isOfNumbers: false,
    });
    // The log-density that a function of one's own minimizes.
    assert.equal(parseTrialResult(doneJson({ loss: -3.5 }))?.loss, -3.5);
  });

  it('is none where it was cut off, or is of another kind', () => {
    for (const text of ['{"state": "do', '', 'null', '[]', '{}', '{"state": "waiting"}', '{"state": {}}'])
      assert.equal(parseTrialResult(text), null, text);
  });
});
