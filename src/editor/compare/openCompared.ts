/** What is to be compared, opened: live runs and models as they are, the others by engines of their own. */
import type * as vscode from 'vscode';
import type { ModelOpener } from '../models/openModel';
import type { RunRegistry } from '../runs/runRegistry';
import type { Compared } from './comparison';

export interface ToCompare {
  /** A run's or a recording's folder, or a model's file. */
  readonly path: string;
  /** What tells it from the others, in the reader's language; null where its own settings tell. */
  readonly change: string | null;
}

/**
 * Without those that a person was asked something of and did not answer.
 * @param document what the reading of models from elsewhere is tried on
 * @throws RpcError when an engine refuses; what had been opened is then closed
 */
export async function openCompared(
  { registry, opener }: { readonly registry: RunRegistry; readonly opener: ModelOpener },
  asked: readonly ToCompare[],
  document: vscode.Uri | undefined,
): Promise<Compared[]> {
  const compared: Compared[] = [];
  try {
    for (const { path, change } of asked) {
      const live = registry.find(path);
      const session = live ?? (await opener.begin(path, document));
      if (session) compared.push({ session, isOwn: !live, ...(change !== null && { change }) });
    }
  } catch (error) {
    endOwn(compared);
    throw error;
  }
  return compared;
}

/** Closes what was opened for a comparison that does not come about. */
export function endOwn(compared: readonly Compared[]): void {
  for (const { session, isOwn } of compared) if (isOwn) session.dispose();
}

/** Whether all of them are recordings, which have read tokens of their own and so need no text. */
export function areRecordings(compared: readonly Compared[]): boolean {
  return compared.every(({ session }) => session.description.recording !== undefined);
}
