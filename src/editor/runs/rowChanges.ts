/** What of a list has changed since it was last shown. */

export interface Row<Node> {
  /** Always the same object for the same row. */
  readonly node: Node;
  /** Everything that its row and the rows below it show, in words: another look, another row. */
  readonly look: string;
}

/** The nodes whose rows look different; `list` where rows have come, gone or changed places, which only a new list can show. */
export function rowChanges<Node>(before: readonly Row<Node>[], after: readonly Row<Node>[]): 'list' | readonly Node[] {
  if (before.length !== after.length || after.some(({ node }, i) => node !== before[i].node)) return 'list';
  return after.filter(({ look }, i) => look !== before[i].look).map(({ node }) => node);
}
