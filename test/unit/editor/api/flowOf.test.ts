/** What another extension is given of a model of attention: it carries no state, so that its flow is that by what its layers read. */
import { strict as assert } from 'node:assert';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { flowOf } from '../../../../src/editor/api/flowOf';
import { createBackend } from '../../../../src/engine/backend';
import { Inspector } from '../../../../src/engine/inspect/inspector';
import { makeReport } from '../../../../src/engine/inspect/report';
import { defaultThresholds } from '../../../../src/protocol/settings';
import { attentionCaseNames, loadAttentionCase, logarithmOfZero } from '../../../reference/attentionVectors';
import { assertNear } from '../../../reference/compare';
import { attentionGeneralModel } from '../../support/attentionStacks';
import { randomModel } from '../../support/models';

const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
const noPause = () => Promise.resolve();

async function inspectorOf(general: Inspector['model']['general'], symbols: readonly string[]): Promise<Inspector> {
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  return new Inspector({ general, plain: null, isLive: false, vocabulary: new Vocabulary(symbols), backend });
}

describe('the flow that another extension is given', () => {
  for (const name of attentionCaseNames.filter((each) => !each.endsWith('-padded')))
    it(`of attention (${name}) has no layers, and by each boundary what PyTorch computed`, async () => {
      const given = loadAttentionCase(name);
      const symbols = letters.slice(0, given.vocabulary);
      const inspector = await inspectorOf(attentionGeneralModel(given), symbols);
      const { stream, target, inputs } = given.perTarget[0];
      const ids = [...given.inputs[stream], given.targets[stream].at(-1)!];
      const text = ids.map((id) => symbols[id]).join('');
      const request = { text, target, thresholds: defaultThresholds, matrix: false };
      const flow = flowOf(await makeReport(inspector, request, noPause), defaultThresholds);
      assert.equal(flow.target, target);
      assert.deepEqual(flow.layers, []);
      assert.deepEqual(
        flow.inputs.map(({ boundary }) => boundary),
        Array.from({ length: given.layers + 1 }, (_, boundary) => boundary),
      );
      flow.inputs.forEach(({ gradient, total, level }, boundary) => {
        assert.equal(total.length, ids.length - 1);
        assert.ok(level === null || Number.isFinite(level.slope));
        inputs[boundary].forEach((expected, t) => {
          const where = `boundary ${boundary}, step ${t}`;
          if (t > target) assert.ok(Number.isNaN(gradient[t]), where);
          else if (expected === null || expected === logarithmOfZero) assert.equal(gradient[t], -Infinity, where);
          else assertNear(gradient[t], expected, 1e-3, where, true);
        });
      });
    });

  it('of an LSTM has both, of which the upper boundary is the state', async () => {
    const shape = { cell: 'lstm', activation: 'tanh', layers: 1, hiddenSize: 6, vocabularySize: 5 } as const;
    const config = uniformModel({ ...plainStack, ...shape });
    const { parameters } = randomModel(config, 3, 1);
    const inspector = await inspectorOf(generalModelOf(config, parameters), letters.slice(0, 5));
    const request = { text: 'abcdeabcdeabcde', target: 'last', thresholds: defaultThresholds, matrix: false } as const;
    const flow = flowOf(await makeReport(inspector, request, noPause), defaultThresholds);
    assert.equal(flow.layers.length, 1);
    assert.equal(flow.inputs.length, 2);
    assert.deepEqual(flow.inputs[1].gradient, flow.layers[0].gradient);
    assert.deepEqual(flow.inputs[1].regions, flow.layers[0].regions);
  });
});
