/** `backflow` in a terminal: hands over what the process has, and exits with what comes back. */
import { main } from './terminal/main';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second Ctrl-C does not wait for the checkpoint.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}

void main(process.argv.slice(2), {
  output: process.stdout,
  errors: process.stderr,
  environment: process.env,
  stop: stop.signal,
}).then((status) => {
  // Not `exit`: what is still on its way to a pipe arrives first.
  process.exitCode = status;
});
