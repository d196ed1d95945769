// A process that measures on request: one JSON object a line to it, one answer a line from it.
import { createInterface } from 'node:readline';
import { start, stop } from '../../scripts/lib/processes.mjs';
import { SetupError } from '../../scripts/lib/say.mjs';

export class Worker {
  #child;
  #name;
  #waiting = [];
  #lastWords = '';
  /** Why there will be no more answers, once the process has ended. */
  #end = null;

  /** @param name for messages */
  constructor(name, command, args, environment = {}) {
    this.#name = name;
    this.#child = start(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    this.#child.stderr.on('data', (chunk) => (this.#lastWords = (this.#lastWords + chunk).slice(-2000)));
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.#waiting.shift()?.resolve(JSON.parse(line)),
    );
    this.#child.once('error', (error) => this.#fail(`${command} could not be started: ${error.message}`));
    this.#child.once('close', (code, signal) =>
      this.#fail(`${name} ended (${signal ?? `exit code ${code}`}).\n${this.#lastWords.trimEnd()}`),
    );
    // Writing to a process that has ended; its end says more.
    this.#child.stdin.on('error', () => undefined);
  }

  /** The answer; a SetupError when the worker could not give one. */
  async ask(action, request = {}) {
    const answer = await new Promise((resolve, reject) => {
      if (this.#end !== null) throw this.#end;
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ do: action, ...request })}\n`);
    });
    if (answer.error !== undefined) throw new SetupError(`${this.#name}, asked to ${action}: ${answer.error}`);
    return answer;
  }

  /** Ends the process. */
  end() {
    return stop(this.#child);
  }

  #fail(message) {
    this.#end ??= new SetupError(message);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }
}
