/** The kinds of layer, by name. */
export const cellNames = ['rnn', 'lstm', 'gru'] as const;
export type CellName = (typeof cellNames)[number];
