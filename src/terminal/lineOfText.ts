/** `inspect --line N`: one line of a text, as a run that reads line by line has it. */
import { localize } from './language';
import { UsageError } from './options';

/** The whole text where no line is asked for. @param line from 1  @param path for the sentence  Throws a UsageError where there is no such line. */
export function lineOf(text: string, { line }: { readonly line: number | null }, path: string): string {
  if (line === null) return text;
  const lines = text.split('\n');
  // Behind the last line end there is none.
  if (lines.at(-1) === '') lines.pop();
  const found = lines.at(line - 1);
  if (found === undefined) throw new UsageError(localize('usage.noSuchLine', path, line, lines.length));
  // That of a line end "\r\n".
  return found.endsWith('\r') ? found.slice(0, -1) : found;
}
