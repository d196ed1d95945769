/**
 * In which order the numbers of a window are computed, so that of those that fail the first has only sound ones behind it. Where every layer reads forward that is step by
 * step, each step from the lowest layer up. Where one reads backward a layer above needs the whole text of those below: then it is layer by layer, each in its own order.
 */
import type { GeneralModel } from '../model/generalModel';
import type { Rank } from './place';

export class Order {
  private readonly isByStep: boolean;

  constructor({ layers }: Pick<GeneralModel, 'layers'>) {
    this.isByStep = layers.every(({ directions }) => directions.every(({ direction }) => direction === 'forward'));
  }

  /**
   * @param visited how many steps the pass has visited before  @param block of what is computed step by step together: a direction of a layer, or what stands between
   * @param position of a quantity in its step
   */
  rank(visited: number, block: number, position: number): Rank {
    return this.isByStep ? [visited, block, position] : [block, visited, position];
  }
}
