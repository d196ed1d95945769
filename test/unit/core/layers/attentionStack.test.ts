/** Whole models of attention layers in float32, a training step's gradients beside PyTorch's in float64. */
import { strict as assert } from 'node:assert';
import { makeLearningNetwork, type LearningNetwork } from '../../../../src/core/network';
import { createBackend } from '../../../../src/engine/backend';
import {
  attentionCaseNames,
  attentionParameters,
  loadAttentionCase,
  logarithmOfZero,
  type AttentionCase,
} from '../../../reference/attentionVectors';
import { assertClose, assertNear } from '../../../reference/compare';
import { backendNames } from '../../support/models';
import { attentionConfig, vectorName } from '../../support/attentionStacks';

function load({ tape }: LearningNetwork, { lengths, inputs, targets }: AttentionCase): void {
  const steps = Math.max(...lengths);
  const B = lengths.length;
  tape.inputs.fill(-1);
  tape.targets.fill(-1);
  lengths.forEach((length, b) => {
    for (let t = 0; t < length; t++) {
      tape.inputs[t * B + b] = inputs[b][t];
      tape.targets[t * B + b] = targets[b][t];
    }
  });
  tape.lengths.set(lengths);
  tape.resize(steps);
}

describe('a model of attention layers in float32, beside PyTorch', () => {
  for (const name of attentionCaseNames)
    for (const backend of backendNames)
      it(`${name}, ${backend}: has its loss and the gradient of every parameter and boundary`, async () => {
        const given = loadAttentionCase(name);
        const config = attentionConfig(given);
        const values = attentionParameters(given);
        const made = await createBackend({ backend, threads: 1 }, 1, Infinity);
        const settings = { steps: Math.max(...given.lengths), batch: given.lengths.length, learns: true };
        const network = made.build(settings.batch, (arena, products) =>
          makeLearningNetwork(arena, config, settings, products),
        );
        const { parameters, backward, tape, forward } = network;
        const { entries } = parameters.layout;
        assert.deepEqual(entries.map(({ name: own }) => vectorName(own)).sort(), Object.keys(given.gradients).sort());
        for (const entry of entries) parameters.view(entry).set(values.get(vectorName(entry.name))!);
        load(network, given);
        await forward.run();
        await backward.run({ truncation: 0 });
        assertNear(tape.loss, given.loss, 1e-6, 'loss');
        for (const entry of entries) {
          const own = vectorName(entry.name);
          assertClose(backward.gradient.view(entry), given.gradients[own], 1e-4, own);
        }
        given.totals.forEach((logarithms, boundary) => {
          const norms = backward.inputs[boundary];
          if (!norms) return;
          const expected = logarithms.map((each) => (each === logarithmOfZero ? 0 : 10 ** each));
          assertClose(norms.subarray(0, expected.length), expected, 1e-4, `boundary ${boundary}`);
        });
      });
});
