/** The project's sources as syntax trees, for tests of what is written in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Parsing all sources takes seconds, and more than one test looks at them. */
const parsed = new Map<string, ts.SourceFile>();

/** The paths of the TypeScript files under a folder, relative to the project. */
export function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'));
}

export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** A source's tree; null where its text holds nothing that is looked for, which costs far less to see. */
export function parseIf(path: string, isWanted: (text: string) => boolean): ts.SourceFile | null {
  const known = parsed.get(path);
  if (known) return known;
  const text = readFileSync(path, 'utf8');
  if (!isWanted(text)) return null;
  const source = parse(path, text);
  parsed.set(path, source);
  return source;
}
