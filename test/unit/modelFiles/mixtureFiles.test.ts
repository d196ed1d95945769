/** Models whose layers differ, in files: ONNX Runtime computes from a checkpoint what the engine computes, and both checkpoints and weights come back as they were. */
import { strict as assert } from 'node:assert';
import type { ModelConfig } from '../../../src/core/model/config';
import { modelOfSettings } from '../../../src/engine/train/modelOfSettings';
import { decodeSafetensors, encodeSafetensors } from '../../../src/formats/safetensors';
import { readTorchWeights } from '../../../src/modelFiles/torchWeights';
import { writeTorchWeights } from '../../../src/modelFiles/writeTorchWeights';
import { readLayers } from '../../../src/protocol/layerList';
import { completeModel, defaultModelSettings, type OpenModelSettings } from '../../../src/protocol/settings';
import { assertCheckpoint, parametersOf } from '../support/checkpoints';

const V = 7;

/** As the settings make it. */
function mixture(list: string, others: Partial<OpenModelSettings> = {}): ModelConfig {
  const open = { ...defaultModelSettings, objective: null, norm: null, finalNorm: null, residual: null };
  return modelOfSettings(completeModel({ ...open, ...others, layers: readLayers(list) }), {
    vocabularySize: V,
    features: null,
  });
}

const models: Readonly<Record<string, ModelConfig>> = {
  'lstm:8,attention:8': mixture('lstm:8,attention:8', { options: { positions: 'learned', context: 12 } }),
  'attention:8,lstm:8, tied': mixture('attention:8,lstm:8', { tied: true }),
  'mamba:8,attention:8x2': mixture('mamba:8,attention:8x2', { options: { positions: 'rotary', heads: 2 } }),
  'minGRU:4,mamba:6 without residual connections': mixture('minGRU:4,mamba:6', { residual: false }),
  'gru:6,minGRU:4': mixture('gru:6,minGRU:4', { options: { positive: true } }),
  'rnn:6,mamba:6 with norms and residual connections': mixture('rnn:6,mamba:6', { norm: 'layerNorm', residual: true }),
  'lstm:5,gru:4 both ways': mixture('lstm:5,gru:4', { bidirectional: true }),
};

for (const [name, config] of Object.entries(models)) {
  describe(`files of ${name}`, () => {
    const parameters = parametersOf(config);

    it('a checkpoint predicts on ONNX Runtime what the engine predicts, and is read back', async () => {
      await assertCheckpoint({ config, parameters });
    });

    it('weights come back as they were, of each layer under names of its own', () => {
      const bytes = writeTorchWeights({ config, parameters }, 9, {});
      const read = readTorchWeights(bytes, 'model.safetensors', { activation: null });
      assert.deepEqual(read.plain?.config, config);
      assert.deepEqual(read.plain.parameters.values, parameters.values);
      assert.equal(read.trainingStep, 9);
      const names = Array.from(decodeSafetensors(bytes, 'model.safetensors').tensors.keys());
      assert.equal(new Set(names).size, names.length);
      const isOf = (layer: number, each: string) => each.startsWith(`layers.${layer}.`) || each.endsWith(`_l${layer}`);
      config.layers.forEach((_, layer) =>
        assert.ok(names.some((each) => isOf(layer, each) || each.startsWith(`rnn.${layer}.`))),
      );
    });

    it('weights of which one is missing are not read as another model', () => {
      const { tensors, metadata } = decodeSafetensors(writeTorchWeights({ config, parameters }, 9, {}), 'm');
      // A recurrent layer's own matrix, or another layer's input projection.
      const missing = Array.from(tensors.keys()).find((each) => /weight_ih|Wqkv|in_proj|to_hidden.*weight/.test(each));
      const left = new Map(Array.from(tensors).filter(([each]) => each !== missing));
      assert.equal(left.size, tensors.size - 1);
      assert.throws(() => readTorchWeights(encodeSafetensors(left, metadata), 'm.safetensors', { activation: null }), {
        name: 'UserError',
      });
    });
  });
}
