/** How what the engine throws crosses the link. */
import { UserError } from '../userError';
import type { WireError } from '../protocol/rpc';

export function toError(thrown: unknown): WireError {
  if (thrown instanceof UserError) return { code: 'user', sentence: { template: thrown.template, args: thrown.args }, need: thrown.need };
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { code: 'internal', sentence: { template: '{0}', args: [text] }, need: null };
}
