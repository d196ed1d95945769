/**
 * What each token left in the prediction of a model whose top layer is a mixer, as its part of one symbol's logit. With residual connections the output layer reads a sum
 * of what all sublayers give, W·x_τ = W·x⁰_τ + Σ_sublayers W·y_τ, and each mixer says what every token has in its y_τ. What the layers choose, and the size of the norm before
 * the output, are held fixed; what is no mixer's is the step's own. The parts and the rest sum to the logit without its bias.
 */
import type { Contributions } from '../analysis/contributions';
import type { Trace } from '../model/trace';
import type { Float64Trace } from './float64Trace';
import { heldNorm } from './norm';

/** What came to the prediction through one head. */
export interface HeadContributions {
  readonly layer: number;
  readonly head: number;
  /** Part of each of the T tokens, which is in that token's part of the whole. */
  readonly parts: Float64Array;
}

export interface TopContributions extends Contributions {
  /** The heads of the layers that are among them, the top layer's first; none where those have no heads. */
  readonly heads: readonly HeadContributions[];
  /** The lowest layer whose own sum is among them; those above it are too. */
  readonly lowest: number;
}

/** For the prediction of `symbol` after step `step`. Null where a sublayer of the top layer has no such sum, or the text was read in float32. */
export function topContributions(trace: Trace, symbol: number, step: number): TopContributions | null {
  if (!isFloat64(trace)) return null;
  const { model, layers, steps } = trace;
  const top = layers.length - 1;
  const { W } = model.output;
  const width = W.length / model.vocabularySize;
  const row = Float64Array.from(W.subarray(symbol * width, (symbol + 1) * width));
  const { held, rest } = model.norm ? heldNorm(layers[top].output, step, row, model.norm) : { held: row, rest: 0 };
  const parts = new Float64Array(steps);
  const heads: HeadContributions[] = [];
  const addOwn = (rows: Float64Array) => {
    for (let i = 0; i < width; i++) parts[step] += held[i] * rows[step * width + i];
  };
  for (let layer = top; layer >= 0; layer--) {
    const { sublayers, output } = layers[layer];
    if (sublayers.some(({ mixer }) => !mixer?.code.addContributions)) {
      if (layer === top) return null;
      addOwn(output);
      return { parts, heads, carriedIn: rest, lowest: layer + 1 };
    }
    for (const { mixer, residual } of Array.from(sublayers).reverse()) {
      const byHead = mixer?.code.addContributions?.(mixer.layer, mixer.trace, parts, held, step) ?? [];
      byHead.forEach((own, head) => heads.push({ layer, head, parts: own }));
      if (!residual) return { parts, heads, carriedIn: rest, lowest: layer };
    }
  }
  const [{ input }] = layers[0].sublayers;
  if (input) addOwn(input);
  return { parts, heads, carriedIn: rest, lowest: 0 };
}

function isFloat64(trace: Trace): trace is Float64Trace {
  return 'model' in trace;
}
