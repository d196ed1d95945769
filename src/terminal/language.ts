/** The reader's language. Sentences are looked up in its tables; what is for programs stays English. */
import englishOfAllPrograms from '../../l10n/bundle.l10n.json';
import koreanOfAllPrograms from '../../l10n/bundle.l10n.ko.json';
import englishOfTheTerminal from '../../l10n/terminal.json';
import koreanOfTheTerminal from '../../l10n/terminal.ko.json';
import { formatTemplate, setEnglishSource, type Argument, type Message, type MessageKey } from '../messages';

export type Language = 'en' | 'ko';
/** The terminal's own sentences, and those of all programs. */
export type TerminalKey = MessageKey | keyof typeof englishOfTheTerminal;

const tables: Readonly<Record<Language, Readonly<Record<TerminalKey, string>>>> = {
  en: { ...englishOfAllPrograms, ...englishOfTheTerminal },
  ko: { ...koreanOfAllPrograms, ...koreanOfTheTerminal },
};

setEnglishSource(() => englishOfAllPrograms);

let language: Language = 'en';

/** As POSIX has it: LC_ALL before LC_MESSAGES before LANG; an empty one counts as none. */
export function languageOf(environment: NodeJS.ProcessEnv): Language {
  const locale =
    ['LC_ALL', 'LC_MESSAGES', 'LANG'].map((name) => environment[name] ?? '').find((value) => value !== '') ?? '';
  return /^ko(\b|_)/i.test(locale) ? 'ko' : 'en';
}

/** For everything that is said from now on; the program has one reader. */
export function setLanguage(chosen: Language): void {
  language = chosen;
}

/** A sentence in the reader's language, its places {0} … filled. */
export function localize(key: TerminalKey, ...args: readonly Argument[]): string {
  return formatTemplate(tables[language][key], args, localizeMessage);
}

export function localizeMessage({ key, args }: Message): string {
  return localize(key, ...args);
}
