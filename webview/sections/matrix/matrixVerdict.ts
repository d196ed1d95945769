/** What the source × target matrix comes to, in sentences. */
import type { TargetMatrix } from '../../../src/protocol/targetMatrix';
import type { Texts } from '../../shared/texts';
import { fractionName } from '../../shared/verdict';

export function matrixVerdict(
  { tokens, values }: Pick<TargetMatrix, 'tokens' | 'values'>,
  vanishing: number,
  texts: Texts,
): string {
  const { numbers } = texts;
  const T = tokens.length;
  const horizons: number[] = [];
  let [zero, notFinite] = [0, 0];
  for (let target = 0; target < T; target++) {
    const own = values[target * T + target];
    // Without a size of its own nothing has one relative to it.
    if (own === Number.NEGATIVE_INFINITY) zero++;
    else if (!Number.isFinite(own)) notFinite++;
    else {
      const horizon = horizonOf(values, T, target, vanishing);
      if (horizon !== null) horizons.push(horizon);
    }
  }
  horizons.sort((a, b) => a - b);
  const sized = T - zero - notFinite;
  const fraction = fractionName(vanishing, texts);
  const sentences: string[] = [];
  if (horizons.length > 0)
    sentences.push(
      texts.get(
        'panel.matrix.summary',
        fraction,
        // The smallest lag within which half of them have fallen, or more where they cannot be halved.
        texts.tokens(horizons[(horizons.length - 1) >> 1]),
        numbers.integer(horizons.length),
        numbers.integer(sized),
      ),
    );
  else if (sized > 0) sentences.push(texts.get('panel.matrix.summaryNone', fraction, numbers.integer(sized)));
  if (zero > 0) sentences.push(texts.get('panel.matrix.summaryZero', numbers.integer(zero)));
  if (notFinite > 0) sentences.push(texts.get('panel.matrix.summaryNotFinite', numbers.integer(notFinite)));
  return sentences.join(' ');
}

/** The smallest lag at which a row of the matrix is below the threshold. */
function horizonOf(values: Float32Array, T: number, target: number, vanishing: number): number | null {
  for (let lag = 1; lag <= target; lag++) if (values[target * T + target - lag] < vanishing) return lag;
  return null;
}
