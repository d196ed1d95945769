/** What is shown about a model that was opened: who wrote it, whether it was read rightly, and what was noticed on the way. */
import * as vscode from 'vscode';
import type { OpenResult } from '../../protocol/engine';
import type { Verification } from '../../protocol/model';
import { translated } from '../notices';

export type Reading = Pick<OpenResult, 'verification' | 'notices' | 'trainingRefusal'>;

/** Null when there is nothing to say: the model is Backflow's own. */
export function readingInWords({ verification, notices }: Reading): string | null {
  const sentences = [...(verification ? [verificationInWords(verification)] : []), ...notices.map(translated)];
  return sentences.length > 0 ? sentences.join(' ') : null;
}

export function verificationInWords({ agrees, tokens, difference, limit }: Verification): string {
  const size = Number.isFinite(difference) ? difference.toExponential(1) : '∞';
  return agrees
    ? vscode.l10n.t('Read correctly: on {0} tokens the recognized model and the file’s own graph differ by {1} of the size of their log-probabilities.', tokens, size)
    : vscode.l10n.t('Read incorrectly: on {0} tokens the recognized model and the file’s own graph differ by {1} of the size of their log-probabilities; the limit is {2}.', tokens, size, limit);
}
