/** A squared error in digits. */

/** Three digits: it can become much smaller than a loss in nats. */
export function squaredError(loss: number): string {
  return loss !== 0 && Math.abs(loss) < 1e-3
    ? loss.toExponential(1).replace('-', '−')
    : String(Number(loss.toPrecision(3)));
}
