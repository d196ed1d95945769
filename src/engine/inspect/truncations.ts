/** What truncation does to the gradient of one window: cosine and relative norm to the whole gradient, over all parameters. */
import { checkInteger } from '../../core/model/config';
import { UserError } from '../../userError';
import type { TruncatedGradient, TruncationReport } from '../../protocol/truncation';
import type { Inspector } from './inspector';

const maxCuts = 16;

/** Throws a UserError where the model has no plain form, the text cannot be read, or a k2 is none. */
export async function compareTruncations(
  inspector: Inspector,
  text: string,
  lengths: readonly number[],
  trainingStep: number,
): Promise<TruncationReport> {
  if (lengths.length > maxCuts) throw new UserError('error.inspect.tooManyTruncations', lengths.length, maxCuts);
  for (const k2 of lengths) checkInteger('quantity.truncation', k2, 1, 1_000_000);
  const reading = await inspector.readPlain(text);
  const { inputs } = reading.trace;
  const { symbols } = inspector.encode(text);
  const whole = await reading.truncated(0);
  // The next pass overwrites both.
  const full = { gradient: whole.gradient.slice(), hidden: whole.hidden.slice() };
  const norm = Math.sqrt(dot(full.gradient, full.gradient));
  const cuts: TruncatedGradient[] = [];
  for (const k2 of lengths) {
    const { gradient, hidden } = await reading.truncated(k2);
    const own = Math.sqrt(dot(gradient, gradient));
    cuts.push({
      k2,
      norm: own,
      hidden: hidden.slice(),
      cosine: dot(full.gradient, gradient) / (norm * own),
      relativeNorm: own / norm,
    });
  }
  return {
    trainingStep,
    tokens: Array.from(inputs, (id) => symbols[id]),
    layer: 0,
    full: { norm, hidden: full.hidden },
    cuts,
  };
}

/** Summed in float64. */
function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
