/** The reader's language. Sentences are written in English where they are said, and looked up; what is for programs stays English. */
import ofAllPrograms from '../../l10n/bundle.l10n.ko.json';
import ofTheTerminal from '../../l10n/terminal.ko.json';
import { formatMessage } from '../protocol/rpc';
import type { Message } from '../protocol/run';

export type Language = 'en' | 'ko';

const korean = new Map<string, string>([...Object.entries(ofAllPrograms), ...Object.entries(ofTheTerminal)]);

let language: Language = 'en';

/** As POSIX has it: LC_ALL before LC_MESSAGES before LANG; an empty one counts as none. */
export function languageOf(environment: NodeJS.ProcessEnv): Language {
  const locale = ['LC_ALL', 'LC_MESSAGES', 'LANG'].map((name) => environment[name] ?? '').find((value) => value !== '') ?? '';
  return /^ko(\b|_)/i.test(locale) ? 'ko' : 'en';
}

/** For everything that is said from now on; the program has one reader. */
export function setLanguage(chosen: Language): void {
  language = chosen;
}

/** A sentence in the reader's language, its places {0} … filled. */
export function say(template: string, ...args: (string | number)[]): string {
  return sayMessage({ template, args });
}

export function sayMessage({ template, args }: Message): string {
  return formatMessage({ template: (language === 'ko' ? korean.get(template) : undefined) ?? template, args });
}
