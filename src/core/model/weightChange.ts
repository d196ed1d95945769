/** Changes of a trained model's weights that are tried as remedies for gradients that vanish or explode. */
import { kindOf } from '../../layers/catalog';
import { recurrentWeights } from '../../layers/parameters';
import type { WeightChange } from '../../terms/choices';
import type { ModelConfig } from './config';
import { randomOrthogonal } from './orthogonal';
import type { Parameters } from './parameters';
import type { Random } from './random';

/** Elements of the parameters. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/** What is added to the bias of every forget gate: from 0.5 of the cell state a step, 0.88 is kept. */
const raise = 2;

/** Whether a model has what is changed. */
export function canChange({ layers }: ModelConfig, change: WeightChange): boolean {
  return layers.some(({ cell }) => {
    const { forgetGate, parameters } = kindOf(cell);
    return change === 'raiseForgetBias'
      ? forgetGate !== null
      : parameters.some(({ role }) => role === recurrentWeights.role);
  });
}

/**
 * - `restartR`: each gate's block of every recurrent matrix becomes a random orthogonal one, whose singular values are all 1.
 * - `raiseForgetBias`: 2 is added to the bias of every forget gate.
 * Returns what has nothing to do any more with what it was, and so with an optimizer's moments.
 */
export function changeWeights(
  parameters: Parameters,
  config: ModelConfig,
  change: WeightChange,
  random: Random,
): Stretch[] {
  if (change === 'raiseForgetBias') {
    raiseForgetBias(parameters, config);
    return [];
  }
  const restarted = parameters.layout.entries.filter(({ parameter }) => parameter?.role === recurrentWeights.role);
  for (const entry of restarted) {
    const values = parameters.view(entry);
    const H = entry.shape[1];
    for (let start = 0; start < values.length; start += H * H) values.set(randomOrthogonal(H, random), start);
  }
  return restarted;
}

function raiseForgetBias(parameters: Parameters, config: ModelConfig): void {
  for (const [layer, { cell, hiddenSize: H }] of config.layers.entries()) {
    const { gates, forgetGate } = kindOf(cell);
    if (forgetGate === null) continue;
    const block = gates.findIndex((gate) => gate === forgetGate);
    for (const { Wb } of parameters.layers[layer]) for (let u = block * H; u < (block + 1) * H; u++) Wb[u] += raise;
  }
}
