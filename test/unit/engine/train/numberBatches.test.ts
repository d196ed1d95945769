/** A window of sequences of numbers, taken apart by streams: of a batch that failed, in the file that is kept of it, and by gradient flossing. */
import { strict as assert } from 'node:assert';
import { NumberCorpusReader } from '../../../../src/core/corpus/numberCorpus';
import { NumberSequences } from '../../../../src/core/corpus/numberSequences';
import { vocabularyOfNumbers } from '../../../../src/core/corpus/vocabulary';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { plainStack, uniformModel, type ModelConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { createBackend } from '../../../../src/engine/backend';
import { Inspector } from '../../../../src/engine/inspect/inspector';
import { Board } from '../../../../src/engine/train/board';
import { encodeFailedBatch, streamWindows } from '../../../../src/engine/train/failedBatch';
import { Flosser } from '../../../../src/engine/train/flosser';
import { placeOfOverflow } from '../../../../src/engine/train/overflowSearch';
import { Overflow, Trainer } from '../../../../src/engine/train/trainer';
import { decodeSafetensors } from '../../../../src/formats/safetensors';
import { defaultTrainingSettings } from '../../../../src/protocol/settings';
import { assertClose, assertNear } from '../../../reference/compare';

const lines = ['0.37,1 0.81,0 -0.5,1 = 1.5,2', '0.1,1 0.2,0 = 3,4', '0.7,0 0.6,1 0.5,1 0.4,0 = -5,6'];

function corpus() {
  const reader = new NumberCorpusReader();
  reader.add(lines.join('\n'));
  return reader.end();
}

const config = uniformModel({
  ...{ ...plainStack, cell: 'rnn', activation: 'relu', layers: 1, hiddenSize: 5 },
  ...{ objective: 'squaredError', features: 2, vocabularySize: 2 },
});

/** The lines in their order, all in one window. */
function readerOf(): NumberSequences {
  const { numbers, ends } = corpus();
  return new NumberSequences({ ends, first: 0, last: 3 }, { batch: 3, seed: null, longest: 9 }, numbers);
}

async function overflowOf(parameters: Parameters): Promise<Overflow> {
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const trainer = Trainer.create(config, { ...defaultTrainingSettings, batch: 3 }, parameters, readerOf(), backend);
  const thrown = await trainer.next().then(
    () => assert.fail('it went on'),
    (reason: unknown) => reason,
  );
  assert.ok(thrown instanceof Overflow);
  return thrown;
}

describe('a window of sequences of numbers that failed', () => {
  const parameters = initialize(config, Random.fromSeed(3));
  parameters.output.W.fill(3e38);

  it('is each stream’s own sequence, its error one of so many', async () => {
    const { batch } = await overflowOf(parameters);
    const general = generalModelOf(config, parameters);
    const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
    const plain = { config, parameters };
    const model = { general, plain, isLive: false, vocabulary: vocabularyOfNumbers(), backend };
    const inspector = new Inspector(model);
    const windowOf = streamWindows(batch, general);
    assert.equal(batch.predicted, 3);
    for (const [stream, line] of lines.entries()) {
      const { inputs, targets, window } = windowOf(stream);
      const { loss, probabilities } = readInFloat64(general, inputs, targets, window);
      const { trace } = await inspector.read(line);
      assertNear(3 * loss, trace.loss, 1e-6, `stream ${stream}`);
      assertClose(probabilities, trace.probabilities, 1e-6, 'what is predicted');
    }
  });

  it('is in the file that is kept with what its ids stand for, and zeros for padding', async () => {
    const { batch } = await overflowOf(parameters);
    const { tensors } = decodeSafetensors(encodeFailedBatch(batch, {}), 'overflow.safetensors');
    const inputs = tensors.get('inputNumbers');
    assert.deepEqual(inputs?.shape, [4, 3, 2]);
    const rows = [
      [0.37, 1, 0.1, 1, 0.7, 0],
      [0.81, 0, 0.2, 0, 0.6, 1],
      [-0.5, 1, 0, 0, 0.5, 1],
      [0, 0, 0, 0, 0.4, 0],
    ];
    assert.deepEqual(inputs.data, Float32Array.from(rows.flat()));
    const targets = tensors.get('targetNumbers');
    assert.deepEqual(targets?.shape, [4, 3, 2]);
    const wanted = [
      [0, 0, 0, 0, 0, 0],
      [0, 0, 3, 4, 0, 0],
      [1.5, 2, 0, 0, 0, 0],
      [0, 0, 0, 0, -5, 6],
    ];
    assert.deepEqual(targets.data, Float32Array.from(wanted.flat()));
  });

  it('is said to fail at a step as it is written in the text', async () => {
    const broken = initialize(config, Random.fromSeed(3));
    // 3e38 (v + mark) leaves float32 where both together are more than 1.13: at −0.5,1 it is 1.5e38, at 0.37,1 4.1e38.
    broken.layers[0][0].W.fill(3e38);
    broken.layers[0][0].R.fill(0);
    const overflow = await overflowOf(broken);
    const general = generalModelOf(config, broken);
    const found = await placeOfOverflow(overflow, { general, vocabulary: vocabularyOfNumbers() }, () =>
      Promise.resolve(true),
    );
    assert.deepEqual([found?.stream, found?.nonFinite?.step, found?.nonFinite?.token], [0, 0, '0.37,1']);
  });
});

describe('gradient flossing over a sequence of numbers', () => {
  for (const cell of ['rnn'] as const)
    it(`${cell}: is that over tokens whose embeddings are these numbers`, () => {
      const { numbers } = corpus();
      const stack = { ...plainStack, cell, activation: 'tanh', layers: 2, hiddenSize: 4 } as const;
      const ofNumbers = uniformModel({ ...stack, objective: 'squaredError', features: 2, vocabularySize: 2 });
      const rows = numbers.inputs.length / 2;
      const ofTokens = uniformModel({ ...stack, vocabularySize: rows, embeddingSize: 2 });
      const [a, b] = [initialize(ofNumbers, Random.fromSeed(5)), new Parameters(ofTokens)];
      b.embedding?.set(numbers.inputs);
      a.layers.forEach(([own], l) => {
        for (const role of ['W', 'R', 'Wb', 'Rb'] as const) b.layers[l][0][role].set(own[role]);
      });
      for (const step of [0, 1, 2]) {
        const [fromNumbers, fromTokens] = [gradientOf(ofNumbers, a, step, true), gradientOf(ofTokens, b, step, false)];
        fromNumbers.layers.forEach(([own], l) => {
          for (const role of ['W', 'R', 'Wb'] as const)
            assertClose(own[role], fromTokens.layers[l][0][role], 1e-6, `step ${step}, ${role} of layer ${l}`);
          assert.ok(own.R.some((value) => value !== 0));
        });
      }
    });
});

/** Of the window of all three lines; another of its streams at each step. */
function gradientOf(of: ModelConfig, parameters: Parameters, step: number, hasNumbers: boolean): Parameters {
  const { numbers } = corpus();
  const gradient = new Parameters(of);
  const settings = { flossing: 1, flossingEvery: 1, flossingExponents: 2 };
  const reader = readerOf();
  const board = new Board({
    ...{ steps: 4, batch: 3, widths: [], parameters: 0, records: 0, shares: 1 },
    numbers: hasNumbers ? { inputSize: 2, outputSize: 2 } : null,
  });
  const { steps } = reader.next(board.inputs, board.targets, board.lengths);
  if (hasNumbers) board.takeNumbers(steps, numbers);
  new Flosser(of, parameters, settings).add(gradient, board, [], steps, step);
  return gradient;
}
