/** The command line from its arguments to its exit status. */
import { version } from '../../package.json';
import { isFileOfNumbers } from '../engine/files/fileOfNumbers';
import { connectInProcess } from '../engine/inProcess';
import { toError } from '../engine/toError';
import { RpcError } from '../protocol/rpc';
import { readCommand, type Command } from './commandLine';
import { exportModel } from './export';
import { inspect } from './inspect';
import { languageOf, localize, localizeMessage, setLanguage } from './language';
import { UsageError } from './options';
import { Output, type OutputStream } from './output';
import { sample } from './sample';
import { train } from './train';

export interface TerminalContext {
  readonly output: OutputStream;
  readonly errors: NodeJS.WritableStream;
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted when the person asks to end. */
  readonly stop: AbortSignal;
}

/** Does what the arguments say; settles with the exit status: 0 done, 1 failed, 2 wrong usage. */
export async function main(
  args: readonly string[],
  { output, errors, environment, stop }: TerminalContext,
): Promise<number> {
  setLanguage(languageOf(environment));
  const verbose = args.includes('--verbose');
  const reportError = (thrown: unknown) => errors.write(`${sentenceOf(thrown, verbose)}\n`);
  const writer = new Output(output);
  let command: Command | null = null;
  try {
    command = readCommand(args, new Date(), isFileOfNumbers);
    const problem = await run(command, writer, environment, stop);
    await writer.caughtUp();
    const failure = problem ?? writer.failure;
    if (failure !== null) reportError(failure);
    return failure === null ? 0 : 1;
  } catch (thrown) {
    reportError(thrown);
    return isWrongUsage(thrown, command) ? 2 : 1;
  }
}

/** Options are refused where they are read, or by the engine where it knows the model that they do not fit. A resumed run has its settings from its file. */
function isWrongUsage(thrown: unknown, command: Command | null): boolean {
  if (thrown instanceof UsageError) return true;
  return command?.kind === 'train' && thrown instanceof RpcError && thrown.sentence.key.startsWith('error.setting.');
}

/** What went wrong in a run that was saved nevertheless, or null. */
async function run(
  command: Command,
  output: Output,
  environment: NodeJS.ProcessEnv,
  stop: AbortSignal,
): Promise<RpcError | null> {
  if (command.kind === 'help') output.write(command.text);
  else if (command.kind === 'version') output.write(`${version}\n`);
  else {
    const connection = connectInProcess();
    const { engine } = connection;
    try {
      if (command.kind === 'inspect') await inspect(engine, command, output, environment, stop);
      else if (command.kind === 'export') await exportModel(engine, command, output, stop);
      else if (command.kind === 'sample') await sample(engine, command, output, environment, stop);
      else return await train(engine, command, output, environment, stop);
    } finally {
      // What it cannot save has been told.
      await connection.close().catch(() => undefined);
    }
  }
  return null;
}

/** What can be answered, where the sentence does not say it. Answers that are named by a file could be anything: plain ones are shown. */
function answersInWords(said: string, choices: readonly string[]): string {
  const plain = choices
    .slice(0, maxAnswers)
    .filter((choice) => /^[ -~]{1,200}$/.test(choice) && !said.includes(choice));
  if (plain.length === 0) return localize('failure.tensors');
  const more = choices.length > plain.length ? ' / …' : '';
  return localize('failure.tensorsChoices', plain.join(' / ') + more);
}

const maxAnswers = 4;

/** One line for a person; `verbose` adds what is known of where it arose. */
function sentenceOf(thrown: unknown, verbose: boolean): string {
  const details = verbose && thrown instanceof Error ? `\n${thrown.stack ?? thrown.message}` : '';
  if (thrown instanceof UsageError) return `backflow: ${thrown.message}${details}`;
  const { code, sentence, need, choices } = thrown instanceof RpcError ? thrown : toError(thrown);
  const [said] = localizeMessage(sentence).split('\n', 1);
  const first = need === 'tensors' ? `${said} ${answersInWords(said, choices)}` : said;
  if (code === 'user' || code === 'canceled') return `backflow: ${first}${details}`;
  return `backflow: ${localize('failure.internal', first)}${verbose ? details : ` ${localize('failure.verboseHint')}`}`;
}
