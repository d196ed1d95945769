/** Measured values to be read in the tests' output. */
import { appendFileSync } from 'node:fs';

export function report(line: string): void {
  const output = process.env['BACKFLOW_TEST_OUTPUT'];
  if (output !== undefined) appendFileSync(output, `    ${line}\n`);
}
