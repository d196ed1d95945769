/** The hover's sum over tokens for models whose top layer is a mixer: complete, with norms and residual connections, and each token's part what it is by definition. */
import { strict as assert } from 'node:assert';
import { readInFloat64, type Float64Trace } from '../../../../src/core/float64/float64Trace';
import { topContributions } from '../../../../src/core/float64/topContributions';
import type { GeneralModel } from '../../../../src/core/model/generalModel';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Parameters } from '../../../../src/core/model/parameters';
import { attentionCaseNames, loadAttentionCase } from '../../../reference/attentionVectors';
import { assertNear } from '../../../reference/compare';
import { drawParameters, mambaCaseNames, readMambaCase } from '../../../reference/mambaVectors';
import { attentionGeneralModel } from '../../support/attentionStacks';
import { mambaConfig, setMambaParameters } from '../../support/mamba';

function logitOf({ model, top }: Float64Trace, symbol: number, step: number): number {
  const { W } = model.output;
  const D = W.length / model.vocabularySize;
  let logit = 0;
  for (let i = 0; i < D; i++) logit += W[symbol * D + i] * top[step * D + i];
  return logit;
}

function assertComplete(model: GeneralModel, inputs: readonly number[], targets: readonly number[]): void {
  const trace = readInFloat64(model, Int32Array.from(inputs), Int32Array.from(targets));
  for (let step = 0; step < trace.steps; step++)
    for (let symbol = 0; symbol < model.vocabularySize; symbol++) {
      const found = topContributions(trace, symbol, step);
      assert.ok(found);
      const { parts, carriedIn } = found;
      assertNear(
        parts.reduce((sum, part) => sum + part, carriedIn),
        logitOf(trace, symbol, step),
        1e-10,
        `symbol ${symbol}, step ${step}`,
      );
      assert.ok(
        parts.subarray(step + 1).every((part) => part === 0),
        'nothing comes from behind',
      );
    }
}

describe('contributions through a mixer', () => {
  for (const name of mambaCaseNames)
    it(`Mamba ${name}: the parts sum to the logit, to 1e-10`, () => {
      const found = readMambaCase(name);
      const config = mambaConfig(found);
      const parameters = new Parameters(config);
      setMambaParameters(parameters, drawParameters(found));
      const { ids } = found.inspection;
      assertComplete(generalModelOf(config, parameters), ids.slice(0, -1), ids.slice(1));
    });

  for (const name of attentionCaseNames)
    it(`attention ${name}: the parts sum to the logit, to 1e-10`, () => {
      const given = loadAttentionCase(name);
      assertComplete(attentionGeneralModel(given), given.inputs[0], given.targets[0]);
    });

  for (const name of attentionCaseNames)
    it(`attention ${name}: the heads’ parts are all that other tokens have, to 1e-10`, () => {
      const given = loadAttentionCase(name);
      const model = attentionGeneralModel(given);
      const trace = readInFloat64(model, Int32Array.from(given.inputs[0]), Int32Array.from(given.targets[0]));
      for (let step = 0; step < trace.steps; step++)
        for (let symbol = 0; symbol < model.vocabularySize; symbol++) {
          const { parts, heads, lowest } = topContributions(trace, symbol, step)!;
          // Without a residual connection the walk ends at the first sublayer, the MLP.
          const hasResidual = model.layers.every(({ sublayers }) => sublayers.every(({ residual }) => residual));
          assert.equal(heads.length, hasResidual ? (trace.layers.length - lowest) * given.heads : 0);
          // What a step computes of its own row alone is its own.
          for (let token = 0; token < step; token++) {
            const sum = heads.reduce((all, head) => all + head.parts[token], 0);
            assertNear(sum, parts[token], 1e-10, `symbol ${symbol}, step ${step}, token ${token}`);
          }
        }
    });

  it('of attention are what is left of the logit when a head reads a token’s value as zero, its weights as they were', () => {
    const given = loadAttentionCase('two-no-norm');
    const model = attentionGeneralModel(given);
    const [inputs, targets] = [Int32Array.from(given.inputs[0]), Int32Array.from(given.targets[0])];
    const trace = readInFloat64(model, inputs, targets);
    const step = trace.steps - 1;
    const { parts, heads } = topContributions(trace, 1, step)!;
    const { W } = model.output;
    const D = given.width;
    const d = D / given.heads;
    for (let source = 0; source < step; source++) {
      // Σ over layers and heads of W_symbol · W_O (a_{τ,t} v_t), each written out.
      let expected = 0;
      for (const [layer, { sublayers }] of trace.layers.entries())
        for (const { mixer } of sublayers) {
          const attended = mixer?.trace as { weights?: Float64Array[]; qkv?: Float64Array } | undefined;
          if (!mixer || !attended?.weights || !attended.qkv) continue;
          const Wo = mixer.layer.parameters['Wo']!;
          for (let head = 0; head < given.heads; head++) {
            let ofHead = 0;
            for (let i = 0; i < D; i++)
              for (let j = 0; j < d; j++)
                ofHead +=
                  W[D + i] *
                  Wo[i * D + head * d + j] *
                  attended.weights[head][step * trace.steps + source] *
                  attended.qkv[source * 3 * D + 2 * D + head * d + j];
            const own = heads.find((each) => each.layer === layer && each.head === head);
            assertNear(own!.parts[source], ofHead, 1e-12, `token ${source}, layer ${layer}, head ${head}`);
            expected += ofHead;
          }
        }
      assertNear(parts[source], expected, 1e-12, `token ${source}`);
    }
  });
});
