/** The widths of an attention layer, from its sizes and options. */
import { isOptionOn, numberOption } from '../../../layers/options';
import type { LayerSizes } from '../../../layers/parameters';

export interface AttentionSizes {
  /** I, what a step reads, and D, the width of queries, keys, values and of the output. */
  readonly input: number;
  readonly width: number;
  readonly heads: number;
  /** d = D / heads. */
  readonly headSize: number;
  /** Queries and keys are turned by an angle that grows with their place. */
  readonly isRotary: boolean;
  readonly hasBiases: boolean;
  /** 1/√d, of the products of queries and keys. */
  readonly scale: number;
}

export function attentionSizes({ input, hidden, options }: LayerSizes): AttentionSizes {
  const heads = numberOption(options, 'heads');
  const headSize = hidden / heads;
  return {
    input,
    width: hidden,
    heads,
    headSize,
    isRotary: options['positions'] === 'rotary',
    hasBiases: isOptionOn(options, 'biases'),
    scale: 1 / Math.sqrt(headSize),
  };
}

/** 4·D: what the MLP has between its two products. */
export function innerWidth({ hidden }: Pick<LayerSizes, 'hidden'>): number {
  return 4 * hidden;
}

/** Whether GELU is GPT-2's approximation by tanh, and not the exact one. */
export function hasTanhGelu({ options }: Pick<LayerSizes, 'options'>): boolean {
  return options['gelu'] === 'tanh';
}
