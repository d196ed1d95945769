/** Checkpoints of models with attention, norms and residual connections: ONNX Runtime computes from them what the engine computes, and they come back as they were. */
import { checkConfig, plainLayer, type LayerConfig, type ModelConfig } from '../../../src/core/model/config';
import type { CellName } from '../../../src/layers/catalog';
import type { NormName } from '../../../src/layers/norm';
import type { LayerOptions } from '../../../src/layers/options';
import { assertCheckpoint, parametersOf } from '../support/checkpoints';

const V = 7;

function layerOf(cell: CellName, norm: NormName, residual: boolean, options: LayerOptions = {}): LayerConfig {
  return { cell, activation: 'tanh', hiddenSize: 8, ...plainLayer, norm, residual, options };
}

const ofHeads = (heads: number, positions: string, biases: boolean) => ({ heads, positions, biases, context: 12 });

const models: Readonly<Record<string, readonly LayerConfig[]>> = {
  'as GPT-2': Array<LayerConfig>(2).fill(layerOf('attention', 'layerNorm', true, ofHeads(2, 'learned', true))),
  'rotary, rmsNorm, without biases': Array<LayerConfig>(2).fill(
    layerOf('attention', 'rmsNorm', true, ofHeads(4, 'rotary', false)),
  ),
  'bare, without positions': [layerOf('attention', 'none', false, ofHeads(1, 'none', true))],
  'an LSTM below attention': [
    layerOf('lstm', 'none', false),
    layerOf('attention', 'layerNorm', true, ofHeads(2, 'none', true)),
  ],
  'attention below a GRU, with norms and residual connections': [
    layerOf('attention', 'layerNorm', true, ofHeads(2, 'learned', true)),
    layerOf('gru', 'rmsNorm', true),
  ],
};

function configOf(layers: readonly LayerConfig[], tied: boolean): ModelConfig {
  const [{ norm }] = layers;
  return checkConfig({ layers, vocabularySize: V, embeddingSize: 8, tied, objective: 'next', finalNorm: norm });
}

describe('checkpoints of models with attention', () => {
  for (const [name, layers] of Object.entries(models))
    for (const tied of [false, true])
      it(`${name}${tied ? ', tied' : ''}`, async () => {
        const config = configOf(layers, tied);
        await assertCheckpoint({ config, parameters: parametersOf(config) });
      });
});
