/** How what the engine throws crosses the link. */
import { UserError } from '../core/userError';
import type { RpcErrorCode } from '../protocol/rpc';
import type { Message } from '../protocol/run';

export function toError(thrown: unknown): { code: RpcErrorCode; sentence: Message } {
  if (thrown instanceof UserError) return { code: 'user', sentence: { template: thrown.template, args: thrown.args } };
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { code: 'internal', sentence: { template: '{0}', args: [text] } };
}
