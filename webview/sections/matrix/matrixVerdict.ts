/** What the source × target matrix comes to, in a sentence. */
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
  for (let target = 0; target < T; target++) {
    for (let lag = 1; lag <= target; lag++) {
      if (!(values[target * T + target - lag] < vanishing)) continue;
      horizons.push(lag);
      break;
    }
  }
  horizons.sort((a, b) => a - b);
  const fraction = fractionName(vanishing, texts);
  return horizons.length === 0
    ? texts.get('panel.matrix.summaryNone', fraction, numbers.integer(T))
    : texts.get(
        'panel.matrix.summary',
        fraction,
        texts.tokens(horizons[horizons.length >> 1]),
        numbers.integer(horizons.length),
        numbers.integer(T),
      );
}
