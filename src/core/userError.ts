/**
 * An error that is a sentence for a person: what is wrong, where, and what to do. The template is English with {0} … places and
 * is the key under which translations are looked up; anything else thrown is a fault of the program.
 */
export class UserError extends Error {
  readonly args: readonly (string | number)[];
  /** What would help, where it can be asked for. */
  need: 'vocabulary' | 'activation' | null = null;

  constructor(
    readonly template: string,
    ...args: readonly (string | number)[]
  ) {
    super(template.replace(/\{(\d+)\}/g, (place, index: string) => String(args[Number(index)] ?? place)));
    this.name = 'UserError';
    this.args = args;
  }

  needing(what: NonNullable<UserError['need']>): this {
    this.need = what;
    return this;
  }
}
