/**
 * What each token left in the prediction of a model whose top layer is a mixer, as its part of one symbol's logit. What the layer chooses, and the size of the norm before
 * the output, are held fixed; what goes past the layer is the step's own. The parts and the rest sum to the logit without its bias.
 */
import type { Contributions } from '../analysis/contributions';
import type { Trace } from '../model/trace';
import type { Float64Trace } from './float64Trace';
import { heldNorm } from './norm';

/** For the prediction of `symbol` after step `step`. Null where a sublayer of the top layer has no such sum, or the text was read in float32. */
export function topContributions(trace: Trace, symbol: number, step: number): Contributions | null {
  if (!isFloat64(trace)) return null;
  const { model, layers, steps } = trace;
  const top = layers[layers.length - 1];
  const { W } = model.output;
  const width = W.length / model.vocabularySize;
  const row = Float64Array.from(W.subarray(symbol * width, (symbol + 1) * width));
  const { held, rest } = model.norm ? heldNorm(top.output, step, row, model.norm) : { held: row, rest: 0 };
  const parts = new Float64Array(steps);
  for (const { mixer, residual, input, inputSize } of Array.from(top.sublayers).reverse()) {
    if (!mixer?.code.addContributions) return null;
    mixer.code.addContributions(mixer.layer, mixer.trace, parts, held, step);
    if (!residual) return { parts, carriedIn: rest };
    if (input && top.sublayers[0].input === input)
      for (let i = 0; i < inputSize; i++) parts[step] += held[i] * input[step * inputSize + i];
  }
  return { parts, carriedIn: rest };
}

function isFloat64(trace: Trace): trace is Float64Trace {
  return 'model' in trace;
}
