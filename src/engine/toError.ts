/** How what the engine throws crosses the link. */
import { UserError } from '../userError';
import type { WireError } from '../protocol/rpc';

export function toError(thrown: unknown): WireError {
  if (thrown instanceof UserError)
    return {
      code: 'user',
      sentence: { key: thrown.key, args: thrown.args },
      need: thrown.need,
      choices: thrown.choices,
    };
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { code: 'internal', sentence: { key: 'error.internal', args: [text] }, need: null, choices: [] };
}
