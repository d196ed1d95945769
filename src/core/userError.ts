/**
 * An error that is a sentence for a person: what is wrong, where, and what to do. The template is English with {0} … places and
 * is the key under which translations are looked up; anything else thrown is a fault of the program.
 */
export class UserError extends Error {
  readonly args: readonly (string | number)[];

  constructor(
    readonly template: string,
    ...args: readonly (string | number)[]
  ) {
    super(template.replace(/\{(\d+)\}/g, (place, index: string) => String(args[Number(index)] ?? place)));
    this.name = 'UserError';
    this.args = args;
  }
}
