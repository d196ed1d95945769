/** The programs that measure on request: one JSON object a line on standard input, one answer a line on standard output. */
import { createInterface } from 'node:readline';

/** Answers until the input ends; whatever requests `answer` takes, the lines are taken for. Where there is no answer, its `error` says why. */
export async function answerRequests(answer: (request: never) => Promise<object>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    let result: object;
    try {
      result = await answer(JSON.parse(line) as never);
    } catch (thrown) {
      result = { error: thrown instanceof Error ? thrown.message : String(thrown) };
    }
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}
