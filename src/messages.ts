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

/** A place of a template: `{0}`; or `{0 token|tokens}`, which is "1 token" or "2 tokens". */
const place = /\{(\d+)(?: ([^{}|]+)\|([^{}|]+))?\}/;

/** The parts of a template between its places, and the places: the argument's index, and the words behind it for one and for any other number. */
export function piecesOf(template: string): Piece[] {
  const parts = template.split(place);
  return parts.flatMap((part, i): readonly Piece[] => {
    if (i % 4 === 0) return part === '' ? [] : [part];
    if (i % 4 !== 1) return [];
    const [one, many] = [parts[i + 1], parts[i + 2]] as (string | undefined)[];
    return [{ index: Number(part), behind: one === undefined || many === undefined ? null : { one, many } }];
  });
}

type Piece = string | { readonly index: number; readonly behind: Behind | null };

interface Behind {
  readonly one: string;
  readonly many: string;
}

/** What stands behind a number that is written so. */
export function wordsBehind(behind: Behind | null, written: string): string {
  return behind ? ` ${written === '1' ? behind.one : behind.many}` : '';
}

/** Fills the places of a template. A place without an argument stays as it is. */
export function formatTemplate(
  template: string,
  args: readonly Argument[],
  formatMessage: (message: Message) => string,
): string {
  return piecesOf(template)
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      const arg = args[piece.index] as Argument | undefined;
      if (arg === undefined) return `{${piece.index}}${wordsBehind(piece.behind, '')}`;
      const written = typeof arg === 'object' ? formatMessage(arg) : String(arg);
      return written + wordsBehind(piece.behind, written);
    })
    .join('');
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

const pageSubjects = ['panel', 'unitMap', 'state', 'run.state', 'cell'] as const;
/** The page has no table of its own: the editor sends it these sentences in the reader's language. */
export type PageKey = KeysOf<(typeof pageSubjects)[number]>;
export type PageStrings = Readonly<Record<PageKey, string>>;

/** The page's part of a table. */
export function pageStringsOf(templates: Templates): PageStrings {
  return Object.fromEntries(
    Object.entries(templates).filter(([key]) => pageSubjects.some((subject) => key.startsWith(`${subject}.`))),
  ) as PageStrings;
}
