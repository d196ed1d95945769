/** The text that a model generates: the same in pieces and at once, and where it ends. */
import assert from 'node:assert/strict';
import { noSpecials, Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { createBackend } from '../../../../src/engine/backend';
import { Generation, type GenerationRequest } from '../../../../src/engine/sampling/generation';
import { Sampler } from '../../../../src/engine/sampling/sampler';

const request: GenerationRequest = {
  prompt: '',
  seed: 3,
  temperature: 1,
  topK: null,
  topP: null,
  maxTokens: 50,
  maxCharacters: Infinity,
  repeats: false,
};

/** Of a model that predicts every token with the same probabilities: all its weights are zero but the biases of the output. */
async function generationOf(
  probabilities: readonly number[],
  vocabulary: Vocabulary,
  others: Partial<GenerationRequest> = {},
): Promise<Generation> {
  const config = uniformModel({
    ...plainStack,
    cell: 'rnn',
    activation: 'tanh',
    layers: 1,
    hiddenSize: 4,
    vocabularySize: probabilities.length,
  });
  const parameters = new Parameters(config);
  parameters.output.b.set(probabilities.map((p) => Math.log(p)));
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const model = {
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: false,
    vocabulary,
    backend,
  };
  const generation = new Generation(Sampler.of(model), vocabulary, { ...request, ...others });
  await generation.begin();
  return generation;
}

describe('generated text', () => {
  const letters = new Vocabulary(['a', 'b', 'c']);
  const sequences = new Vocabulary(['<sos>', '<eos>', 'a', 'b'], 'codePoint', { ...noSpecials, sos: 0, eos: 1 });

  it('is the same whatever pieces it is generated in', async () => {
    const atOnce = await generationOf([0.2, 0.5, 0.3], letters);
    assert.equal(await atOnce.continueWhile(() => true), true);
    const inPieces = await generationOf([0.2, 0.5, 0.3], letters);
    while (!inPieces.isWhole) {
      const end = inPieces.tokens + 7;
      await inPieces.continueWhile(() => inPieces.tokens < end);
    }
    assert.equal(inPieces.text, atOnce.text);
    assert.equal(atOnce.text.length, 50);
  });

  it('ends at the limit of characters', async () => {
    const generation = await generationOf([0.2, 0.5, 0.3], letters, { maxCharacters: 20 });
    await generation.continueWhile(() => true);
    assert.equal(generation.text.length, 20);
  });

  it('ends where a sequence ends, or begins another there on a new line', async () => {
    const one = await generationOf([1e-30, 0.2, 0.4, 0.4], sequences);
    await one.continueWhile(() => true);
    assert.match(one.text, /^[ab]*$/);
    assert.ok(one.tokens < 50, 'a sequence of 50 letters has a chance of 10⁻⁵');
    const several = await generationOf([1e-30, 0.2, 0.4, 0.4], sequences, { repeats: true });
    await several.continueWhile(() => true);
    assert.equal(several.tokens, 50);
    assert.equal(several.text.split('\n')[0], one.text);
    assert.ok(several.text.includes('\n'));
  });
});
