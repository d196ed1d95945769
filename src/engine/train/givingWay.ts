/**
 * Training that lets those who look at the model go first: a hover does not wait for a whole step. Between two products of a step the
 * messages that have come are read, and who has a turn by then ends it. Looks have networks, buffers and sessions of their own, so that a
 * step goes on with the bits it would have had.
 */
import { setImmediate } from 'node:timers/promises';
import type { Products, StepProducts } from '../../core/products';
import type { Backend } from '../backend';
import type { Turns } from '../turns';

/** Milliseconds after which messages are read anew. */
const usualPiece = 4;

/** The same backend, for networks that train or validate. */
export function givingWay(backend: Backend, turns: Turns, piece = usualPiece): Backend {
  const pieces = new Pieces(turns, piece);
  return { name: backend.name, build: (streams, make) => backend.build(streams, (arena, products) => make(arena, new InPieces(products, pieces))) };
}

class Pieces {
  private began = performance.now();

  constructor(
    private readonly turns: Turns,
    private readonly longest: number,
  ) {}

  get isOver(): boolean {
    return !this.turns.isFree || performance.now() - this.began >= this.longest;
  }

  async next(): Promise<void> {
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

  async multiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void> {
    await this.products.multiply(out, a, b, m, n, k);
    if (this.pieces.isOver) await this.pieces.next();
  }

  async transposedMultiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void> {
    await this.products.transposedMultiply(out, a, b, m, n, k);
    if (this.pieces.isOver) await this.pieces.next();
  }

  async affine(out: Float32Array, a: Float32Array, b: Float32Array, bias: Float32Array, m: number, n: number, k: number): Promise<void> {
    await this.products.affine(out, a, b, bias, m, n, k);
    if (this.pieces.isOver) await this.pieces.next();
  }

  steps(m: number, n: number, k: number): StepProducts | null {
    const { pieces } = this;
    const steps = this.products.steps(m, n, k);
    return steps && {
      load: (a) => steps.load(a),
      run: async (out, b, block) => {
        await steps.run(out, b, block);
        if (pieces.isOver) await pieces.next();
      },
    };
  }
}
