/** An error that is a sentence for a person: what is wrong, where, and what to do. Anything else thrown is a fault of the program. */
import { inEnglish, type Argument, type MessageKey } from './messages';

export class UserError extends Error {
  readonly args: readonly Argument[];
  /** What would help, where it can be asked for. */
  need: 'vocabulary' | 'activation' | 'tensors' | null = null;
  /** The answers there are, where they can be listed. */
  choices: readonly string[] = [];

  constructor(
    readonly key: MessageKey,
    ...args: readonly Argument[]
  ) {
    const shown = args.map((arg) => (typeof arg === 'string' ? showable(arg) : arg));
    super(inEnglish({ key, args: shown }));
    this.name = 'UserError';
    this.args = shown;
  }

  needing(what: NonNullable<UserError['need']>, choices: readonly string[] = []): this {
    this.need = what;
    this.choices = choices;
    return this;
  }
}

/** Code units of a name or value from elsewhere that are shown; longer than any sensible path. */
const maxShownLength = 500;

/** What a file says can be anything: without what would break or reorder the line it stands in, and not longer than can be read. */
function showable(text: string): string {
  const plain = oneLine(text).replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu, '\ufffd');
  return plain.length <= maxShownLength ? plain : `${plain.slice(0, maxShownLength - 100)}…${plain.slice(-99)}`;
}

/** Line ends and tabs as programmers write them: they are symbols of vocabularies. */
export function oneLine(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}
