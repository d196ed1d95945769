/**
 * Training that lets those who look at the model go first: a hover does not wait for a whole step. Between two products of a step the
 * messages that have come are read, and who has a turn by then ends it. Looks have networks, buffers and sessions of their own, so that a
 * step goes on with the bits it would have had.
 */
import { setImmediate } from 'node:timers/promises';
import type { Products, StepProducts } from '../../core/products';
import type { Backend } from '../backend';
import type { Turns } from '../turns';

/** The same backend, for networks that train or validate. */
export function givingWay(backend: Backend, turns: Turns): Backend {
  const pieces = new Pieces(turns);
  return { name: backend.name, build: (streams, make, isWide) => backend.build(streams, (arena, products) => make(arena, new InPieces(products, pieces)), isWide) };
}

class Pieces {
  private began = performance.now();

  constructor(private readonly turns: Turns) {}

  /** `work`, at once within a piece. */
  run(work: () => Promise<void>): Promise<void> {
    const isOver = !this.turns.isFree || performance.now() - this.began >= this.turns.piece;
    return isOver ? this.next().then(work) : work();
  }

  private async next(): Promise<void> {
    await setImmediate();
    await this.turns.free();
    this.began = performance.now();
  }
}

class InPieces implements Products {
  constructor(
    private readonly products: Products,
    private readonly pieces: Pieces,
  ) {}

  multiply(...operands: Parameters<Products['multiply']>): Promise<void> {
    return this.pieces.run(() => this.products.multiply(...operands));
  }

  transposedMultiply(...operands: Parameters<Products['transposedMultiply']>): Promise<void> {
    return this.pieces.run(() => this.products.transposedMultiply(...operands));
  }

  affine(...operands: Parameters<Products['affine']>): Promise<void> {
    return this.pieces.run(() => this.products.affine(...operands));
  }

  steps(m: number, n: number, k: number): StepProducts | null {
    const steps = this.products.steps(m, n, k);
    return steps && { load: (a) => steps.load(a), run: (out, b, block) => this.pieces.run(() => steps.run(out, b, block)) };
  }
}
