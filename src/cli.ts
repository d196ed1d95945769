/** `backflow` in a terminal: hands over what the process has, and exits with what comes back. */
import { enableRelaxedSimd } from './engine/relaxedSimd';
import { main } from './terminal/main';

enableRelaxedSimd();

const stop = new AbortController();
const signals = ['SIGINT', 'SIGTERM'] as const;

/** The first Ctrl-C asks the run to end and save; from then on the system's own handling is back, and a second ends the process at once. */
function askToStop(): void {
  for (const signal of signals) process.removeListener(signal, askToStop);
  stop.abort();
}
for (const signal of signals) process.on(signal, askToStop);

void main(process.argv.slice(2), {
  output: process.stdout,
  errors: process.stderr,
  environment: process.env,
  stop: stop.signal,
}).then((status) => {
  // Not `exit`: what is still on its way to a pipe arrives first.
  process.exitCode = status;
});
