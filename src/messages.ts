/**
 * The keys of the sentences that a person reads. Their text is in l10n/, in each language under the same keys, with places {0}, {1} …
 * for arguments. Only the tables' types are imported here; each program sets where its English table comes from.
 */
import type english from '../l10n/bundle.l10n.json';

export type MessageKey = keyof typeof english;
/** The keys that begin with a subject: `KeysOf<'unitMap'>`. */
export type KeysOf<Subject extends string> = Extract<MessageKey, `${Subject}.${string}`>;

/** A message as an argument is shown in the same language as the sentence it is part of. */
export type Argument = string | number | Message;

/** A sentence that can be shown in the reader's language. */
export interface Message {
  readonly key: MessageKey;
  readonly args: readonly Argument[];
}

/** The text of each key, with its places. */
export type Templates = Readonly<Record<string, string | undefined>>;

/** Fills the places of a template. A place without an argument stays as it is. */
export function formatTemplate(
  template: string,
  args: readonly Argument[],
  formatMessage: (message: Message) => string,
): string {
  return template.replace(/\{(\d+)\}/g, (place, index: string) => {
    const arg = args[Number(index)] as Argument | undefined;
    return typeof arg === 'object' ? formatMessage(arg) : String(arg ?? place);
  });
}

let readEnglish: () => Templates = () => ({});
let englishTable: Templates | undefined;

/** Sets where this program's English table comes from. It is read when the first sentence needs it. */
export function setEnglishSource(read: () => Templates): void {
  readEnglish = read;
  englishTable = undefined;
}

export function englishTemplates(): Templates {
  return (englishTable ??= readEnglish());
}

/** For programs and logs, whatever the reader's language. Without an English table the key stands for the sentence. */
export function inEnglish({ key, args }: Message): string {
  return formatTemplate(englishTemplates()[key] ?? key, args, inEnglish);
}

const pageSubjects = ['panel', 'unitMap', 'state', 'run.state'] as const;
/** The page has no table of its own: the editor sends it these sentences in the reader's language. */
export type PageKey = KeysOf<(typeof pageSubjects)[number]>;
export type PageStrings = Readonly<Record<PageKey, string>>;

/** The page's part of a table. */
export function pageStringsOf(templates: Templates): PageStrings {
  return Object.fromEntries(
    Object.entries(templates).filter(([key]) => pageSubjects.some((subject) => key.startsWith(`${subject}.`))),
  ) as PageStrings;
}
