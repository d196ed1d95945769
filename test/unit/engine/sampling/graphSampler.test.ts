/** Text of models in graph mode: greedily it is what their predictions say, whatever way the graph is run. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { noSpecials, Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { finished } from '../../../../src/core/graph/turns';
import { Random } from '../../../../src/core/model/random';
import { GraphSampler } from '../../../../src/engine/sampling/graphSampler';
import { openGraph, readGraph } from '../inspect/graph/support';

const folder = join(process.cwd(), 'test/vectors/data/graphModels');
const symbols = Array.from('abcdefghijkl');
const vocabulary = new Vocabulary(symbols, 'codePoint', noSpecials, true);
const maxTape = 1e9;

const samplerOf = (name: string) => {
  const { model } = openGraph(join(folder, `${name}.onnx`));
  return { model, sampler: GraphSampler.of(model, vocabulary, maxTape, () => Promise.resolve()) };
};

async function greedy(sampler: GraphSampler, prompt: string, length: number): Promise<number[]> {
  await sampler.begin(prompt, { temperature: 0, topK: null, topP: null, random: Random.forDrawing(1) });
  const ids: number[] = [];
  while (ids.length < length) ids.push((await sampler.next()) ?? -1);
  return ids;
}

/** The likeliest symbol behind these, as inspection reads it. */
function likeliest(model: Parameters<typeof readGraph>[0], ids: readonly number[]): number {
  const { reading } = readGraph(model, [...ids, 0]);
  const logs = finished(reading.predictions(ids.length - 1));
  return logs.indexOf(Math.max(...logs));
}

describe('generated text in graph mode', () => {
  // One token a call; one run for each prefix; a loop in the graph.
  for (const name of ['lstm-step', 'last-only', 'state-space-loop'])
    it(`${name}: the likeliest token each time`, async () => {
      const { model, sampler } = samplerOf(name);
      const prompt = [3, 1, 4];
      const drawn = await greedy(sampler, 'dbe', 6);
      const ids = [...prompt];
      for (const id of drawn) {
        assert.equal(id, likeliest(model, ids));
        ids.push(id);
      }
      assert.deepEqual(sampler.notices, []);
      assert.deepEqual(await greedy(sampler, 'dbe', 6), drawn);
    });

  it('a graph of a fixed length reads the last tokens that it can, and says so', async () => {
    const { model, sampler } = samplerOf('lstm-cells');
    const length = model.use.ids.length ?? assert.fail('it has a fixed length');
    const drawn = await greedy(sampler, 'a', length + 3);
    const ids = [0];
    for (const id of drawn) {
      assert.equal(id, likeliest(model, ids.slice(-length)));
      ids.push(id);
    }
    assert.match(sampler.notices[0].message, new RegExp(`reads at most ${length} tokens at once`));
  });
});
