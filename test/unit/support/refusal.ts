/** What a reader says of what it refuses. */
import { strict as assert } from 'node:assert';
import { UserError } from '../../../src/userError';

/** Fails where nothing is refused; what is thrown besides sentences is thrown on. */
export function refusalOf(work: () => unknown): UserError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
  assert.fail('it was read');
}
