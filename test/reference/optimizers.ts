/** Clipping and the optimizers, as PyTorch computes them. Updates return new parameters. */
import { map } from './algebra';
import { listParameters, mapParameters, zerosLike, type ReferenceParameters, type Vector } from './model';

/** ‖g‖ over all parameters together. */
export function globalNorm(gradients: ReferenceParameters): number {
  return Math.sqrt(
    listParameters(gradients).reduce((sum, { values }) => sum + values.reduce((s, entry) => s + entry * entry, 0), 0),
  );
}

/** g · min(1, maximum / (‖g‖ + 1e-6)). */
export function clipByNorm(
  gradients: ReferenceParameters,
  maximum: number,
): { readonly gradients: ReferenceParameters; readonly before: number; readonly after: number } {
  const before = globalNorm(gradients);
  const factor = Math.min(1, maximum / (before + 1e-6));
  const clipped = mapParameters(gradients, (values) => values.map((entry) => factor * entry));
  return { gradients: clipped, before, after: globalNorm(clipped) };
}

export interface ReferenceOptimizer {
  step(parameters: ReferenceParameters, gradients: ReferenceParameters): ReferenceParameters;
}

/** v ← μ v + g (v starts as g);  θ ← θ − η v */
export function sgd(learningRate: number, momentum: number): ReferenceOptimizer {
  let velocity: ReferenceParameters | undefined;
  return {
    step(parameters, gradients) {
      velocity = zip(velocity ?? zerosLike(gradients), gradients, (v, g) => momentum * v + g);
      return zip(parameters, velocity, (p, v) => p - learningRate * v);
    },
  };
}

/**
 * Kingma and Ba 2015, arXiv:1412.6980.
 * m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  θ ← θ − η m̂ / (√v̂ + ε)  with  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
 */
export function adam(learningRate: number, beta1: number, beta2: number, epsilon: number): ReferenceOptimizer {
  let first: ReferenceParameters | undefined;
  let second: ReferenceParameters | undefined;
  let t = 0;
  return {
    step(parameters, gradients) {
      t++;
      first = zip(first ?? zerosLike(gradients), gradients, (m, g) => beta1 * m + (1 - beta1) * g);
      second = zip(second ?? zerosLike(gradients), gradients, (v, g) => beta2 * v + (1 - beta2) * g * g);
      const update = zip(first, second, (m, v) => m / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon));
      return zip(parameters, update, (p, u) => p - learningRate * u);
    },
  };
}

/** f of the entries at the same place of the same array. */
function zip(
  left: ReferenceParameters,
  right: ReferenceParameters,
  f: (l: number, r: number) => number,
): ReferenceParameters {
  const rights = new Map<string, Vector>(listParameters(right).map(({ role, values }) => [role, values]));
  return mapParameters(left, (values, role) => map(f, values, rights.get(role)!));
}
