/** A squared error in digits. */
import { scientific, significant } from '../terms/numberFormat';

/** Three digits: it can become much smaller than a loss in nats. */
export function squaredError(loss: number): string {
  return loss !== 0 && Math.abs(loss) < 1e-3 ? scientific(loss, 1) : significant(loss, 3);
}
