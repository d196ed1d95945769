/** What is shown about a model that was opened: who wrote it, whether it was read rightly, and what was noticed on the way. */
import type { OpenResult } from '../../protocol/engine';
import type { Verification } from '../../protocol/model';
import { differenceInWords } from '../../terms/numberFormat';
import { localize, localizeMessage } from '../localize';

export type Reading = Pick<OpenResult, 'verification' | 'notices' | 'trainingRefusal'>;

/** Null when there is nothing to say: the model is Backflow's own. */
export function readingInWords({ verification, notices }: Reading): string | null {
  const sentences = [...(verification ? [verificationInWords(verification)] : []), ...notices.map(localizeMessage)];
  return sentences.length > 0 ? sentences.join(' ') : null;
}

export function verificationInWords({ by, of, agrees, tokens, difference, limit }: Verification): string {
  const size = differenceInWords(difference);
  if (of === 'graph')
    return agrees
      ? localize('model.verification.graphAgrees', tokens, size)
      : localize('model.verification.graphDisagrees', tokens, size, limit);
  if (by === 'graph')
    return agrees
      ? localize('model.verification.agreesInFloat64', tokens, size)
      : localize('model.verification.disagreesInFloat64', tokens, size, limit);
  return agrees
    ? localize('model.verification.agrees', tokens, size)
    : localize('model.verification.disagrees', tokens, size, limit);
}
