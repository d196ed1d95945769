import assert from 'node:assert/strict';
import { MaskedTokens } from '../../../../src/core/corpus/maskedTokens';
import { Sequences, type SequenceSettings } from '../../../../src/core/corpus/sequences';
import { randomOf, shuffle } from '../../../../src/core/corpus/shuffle';
import { Streams } from '../../../../src/core/corpus/streams';
import { readersOf } from '../../../../src/engine/train/readers';
import { defaultTrainingSettings } from '../../../../src/protocol/settings';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import type { CellName } from '../../../../src/layers/catalog';
import { corpusOf, windowsOf } from './support';

const modelOf = (cell: CellName) =>
  uniformModel({
    ...plainStack,
    cell,
    activation: 'tanh',
    layers: 1,
    hiddenSize: 8,
    vocabularySize: 5,
    embeddingSize: 8,
  });
const gru = modelOf('gru');
const digits = Uint8Array.from({ length: 26 }, (_, i) => i);

describe('reading streams', () => {
  it('gives B streams one after another, their targets one step ahead, and begins again after the last whole window', () => {
    const streams = new Streams(digits, 5, 2);
    assert.deepEqual([streams.windowsPerPass, streams.tokensPerPass], [2, 20]);
    const [first, second, third] = windowsOf(streams, 3);
    assert.deepEqual(first, {
      steps: 5,
      restarts: true,
      lengths: [5, 5],
      inputs: [0, 12, 1, 13, 2, 14, 3, 15, 4, 16],
      targets: [1, 13, 2, 14, 3, 15, 4, 16, 5, 17],
    });
    assert.deepEqual([second.inputs[0], second.inputs[1], second.restarts], [5, 17, false]);
    assert.deepEqual(third, first);
  });

  it('goes on from a saved state', () => {
    const [streams, again] = [new Streams(digits, 5, 2), new Streams(digits, 5, 2)];
    windowsOf(streams, 1);
    again.restore(streams.state);
    assert.deepEqual(windowsOf(again, 4), windowsOf(streams, 4));
  });

  it('begins each pass elsewhere where that is wanted, with as many windows in each, and goes on from a saved state', () => {
    // Of each stream 12 tokens: a pass of one window can begin at 0 to 4.
    const [streams, again] = [0, 1].map(() => new Streams(digits, 5, 2, { isShifted: true }));
    assert.deepEqual([streams.windowsPerPass, streams.tokensPerPass], [1, 10]);
    const passes = windowsOf(streams, 200);
    assert.deepEqual(
      passes.slice(0, 6).map(({ inputs }) => inputs[0]),
      [0, 3, 1, 4, 2, 0],
    );
    assert.deepEqual(new Set(passes.map(({ inputs }) => inputs[0])), new Set([0, 3, 1, 4, 2]));
    assert.ok(passes.every(({ restarts, inputs }) => restarts && inputs[1] === inputs[0] + 12));
    again.restore(streams.state);
    assert.deepEqual(windowsOf(again, 3), windowsOf(streams, 3));
    // Nothing can be shifted where a stream is one window.
    const whole = new Streams(digits, 12, 2, { isShifted: true });
    assert.deepEqual(windowsOf(whole, 2)[1], windowsOf(whole, 2)[0]);
  });

  it('refuses a text of less than one window', () => {
    new Streams(digits, 12, 2);
    assert.throws(
      () => new Streams(digits, 13, 2),
      /^UserError: The text is too short: 26 tokens to train on, but 2 streams with windows of 13 steps need at least 27/,
    );
  });
});

describe('reading sequences', () => {
  const lines = ['a', 'bcd', 'ef', 'ghij', 'k', 'lm', 'nop'];
  const corpus = corpusOf(lines.join('\n'), { split: 'lines' });
  const range = { ids: corpus.ids, ends: corpus.ends!, first: 0, last: lines.length };
  const settings: SequenceSettings = { batch: 3, sos: 0, eos: 1, seed: 5, longest: 10 };
  const symbol = (id: number) => corpus.vocabulary.symbols[id] ?? '.';
  /** Stream b of some of a window's elements, as text; padding as “.”. */
  const stream = (elements: number[], b: number) =>
    elements
      .filter((_, i) => i % 3 === b)
      .map(symbol)
      .join('');

  it('puts SOS before and EOS behind, and pads with nothing to read or predict', () => {
    const [window] = windowsOf(new Sequences(range, { ...settings, seed: null }), 1);
    assert.deepEqual([window.steps, window.restarts, window.lengths], [4, true, [2, 4, 3]]);
    assert.deepEqual(
      [0, 1, 2].map((b) => stream(window.inputs, b)),
      ['<sos>a..', '<sos>bcd', '<sos>ef.'],
    );
    assert.deepEqual(
      [0, 1, 2].map((b) => stream(window.targets, b)),
      ['a<eos>..', 'bcd<eos>', 'ef<eos>.'],
    );
    for (const elements of [window.inputs, window.targets])
      assert.deepEqual(
        elements.map((id) => id < 0),
        window.inputs.map((_, i) => Math.floor(i / 3) >= window.lengths[i % 3]),
      );
  });

  it('reads every sequence once a pass, each pass in another order', () => {
    const reader = new Sequences(range, settings);
    assert.deepEqual(
      [reader.steps, reader.windowsPerPass, reader.tokensPerPass],
      [5, 3, lines.join('').length + lines.length],
    );
    const orders = Array.from({ length: 4 }, () => {
      const windows = windowsOf(reader, 3);
      assert.deepEqual(windows[2].lengths.slice(1), [0, 0], 'the last batch has one sequence');
      return windows
        .flatMap(({ inputs }) => [0, 1, 2].map((b) => stream(inputs, b).replace('<sos>', '').replaceAll('.', '')))
        .filter((text) => text !== '');
    });
    for (const order of orders) assert.deepEqual(order.toSorted(), lines.toSorted());
    assert.equal(new Set(orders.map((order) => order.join())).size, 4);
  });

  it('goes on from a saved state, in the middle of a pass and at its end', () => {
    for (const taken of [0, 1, 3, 4, 8]) {
      const [reader, again] = [new Sequences(range, settings), new Sequences(range, settings)];
      windowsOf(reader, taken);
      again.restore(reader.state);
      assert.deepEqual(windowsOf(again, 7), windowsOf(reader, 7), `after ${taken} windows`);
    }
  });

  it('refuses a sequence that is too long, by its number and length', () => {
    new Sequences(range, { ...settings, longest: 4 });
    assert.throws(
      () => new Sequences(range, { ...settings, longest: 3 }),
      /^UserError: Sequence 4 of the text has 4 tokens, and 3 are allowed/,
    );
  });

  it('keeps the last tenth for validation, the same windows each time', () => {
    const text = Array.from({ length: 20 }, (_, i) => 'x'.repeat(i + 1)).join('\n');
    const settings = { ...defaultTrainingSettings, mode: 'sequences', batch: 4 } as const;
    const { training, validation } = readersOf(corpusOf(text, { split: 'lines' }), settings, gru);
    assert.equal(training.tokensPerPass, (18 * 19) / 2 + 18);
    assert.deepEqual(windowsOf(validation!, 1)[0].lengths, [20, 21, 0, 0]);
    const inStreams = { ...defaultTrainingSettings, window: 10, batch: 4 };
    const streams = readersOf(corpusOf('ab'.repeat(500)), inStreams, gru);
    assert.deepEqual([streams.training.tokensPerPass, streams.validation!.tokensPerPass], [880, 80]);
  });

  it('cuts other windows in each pass of training for a layer that carries nothing from one to the next', () => {
    const corpus = corpusOf(Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(256 + i)).join(''));
    const beginnings = (cell: CellName, part: 'training' | 'validation') => {
      const { [part]: reader } = readersOf(corpus, { ...defaultTrainingSettings, window: 10, batch: 4 }, modelOf(cell));
      const passes = windowsOf(reader!, 3 * reader!.windowsPerPass).filter(({ restarts }) => restarts);
      return passes.map(({ inputs }) => inputs[0] - passes[0].inputs[0]);
    };
    assert.deepEqual(beginnings('attention', 'training'), [0, 6, 2]);
    assert.deepEqual(beginnings('attention', 'validation'), [0, 0, 0]);
    assert.deepEqual(beginnings('mamba', 'training'), [0, 0, 0]);
  });
});

describe('an order from seed and pass', () => {
  it('is a permutation, each equally likely', () => {
    const counts = new Map<string, number>();
    const draws = 12_000;
    for (let pass = 0; pass < draws; pass++) {
      const order = new Uint32Array(4);
      shuffle(order, randomOf(1, pass));
      assert.deepEqual([...order].sort(), [0, 1, 2, 3]);
      counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
    }
    assert.equal(counts.size, 24);
    const expected = draws / 24;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // The 99.9 % point of χ² with 23 degrees of freedom.
    assert.ok(chiSquare < 49.73, `χ² = ${chiSquare}`);
  });
});

describe('reading masked tokens', () => {
  const mask = 99;
  const over = (seed: number) => new MaskedTokens(new Streams(digits, 5, 2), { mask, kept: [], seed });

  it('predicts what is masked, and nothing else', () => {
    const [streams, masked] = [new Streams(digits, 5, 2), over(3)];
    const [plain, windows] = [windowsOf(streams, 400), windowsOf(masked, 400)];
    let count = 0;
    windows.forEach(({ inputs, targets }, w) => {
      const own = targets.filter((id) => id >= 0).length;
      assert.ok(own >= 1, 'a window has a target');
      count += own;
      inputs.forEach((id, i) => {
        if (id === mask) assert.equal(targets[i], plain[w].inputs[i]);
        else assert.deepEqual([id, targets[i]], [plain[w].inputs[i], -1]);
      });
    });
    // 0.15 · 10 and, with probability 0.85¹⁰, the one that there always is: 1.697 a window; three deviations are 0.17.
    assert.ok(Math.abs(count / 400 - 1.697) < 0.17, `${count / 400} a window`);
  });

  it('never masks padding or SOS', () => {
    const { ids, ends } = corpusOf('abc\nd', { split: 'lines' });
    const reader = new MaskedTokens(
      new Sequences({ ids, ends: ends!, first: 0, last: 2 }, { batch: 2, sos: 0, eos: 1, seed: 1, longest: 9 }),
      { mask, kept: [0], seed: 1 },
    );
    for (const { inputs, targets, lengths } of windowsOf(reader, 200)) {
      inputs.forEach((id, i) => {
        const t = Math.floor(i / 2);
        if (t >= lengths[i % 2]) assert.deepEqual([id, targets[i]], [-1, -1]);
        if (t === 0) assert.deepEqual([id, targets[i]], [0, -1]);
      });
    }
  });

  it('goes on from a saved state; another seed masks others', () => {
    const [reader, again, other] = [over(3), over(3), over(4)];
    assert.notDeepEqual(windowsOf(other, 5), windowsOf(over(3), 5));
    windowsOf(reader, 7);
    again.restore(reader.state);
    assert.deepEqual(windowsOf(again, 5), windowsOf(reader, 5));
  });
});
