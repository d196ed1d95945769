/**
 * A backend whose training lets readers of the model go first, so that a hover does not wait for a whole step. Between two products of a
 * step the messages that have arrived are handled, and readers that hold the lock by then finish. Readers have networks, buffers and
 * sessions of their own, so the step continues with the bits it would have had.
 */
import { setImmediate } from 'node:timers/promises';
import type { Products, StepProducts } from '../../core/products';
import type { Backend, Make } from '../backend';
import type { ModelLock } from '../modelLock';

/** The same backend, for networks that train or validate. */
export function yieldingBackend(backend: Backend, modelLock: ModelLock): Backend {
  const slices = new TimeSlices(modelLock);
  const yielding =
    <T>(make: Make<T>): Make<T> =>
    (arena, products) =>
      make(arena, new YieldingProducts(products, slices));
  return {
    ...backend,
    build: (streams, make, isWide) => backend.build(streams, yielding(make), isWide),
    buildShare: (batch, streams, make) => backend.buildShare(batch, streams, yielding(make)),
  };
}

class TimeSlices {
  private began = performance.now();

  constructor(private readonly modelLock: ModelLock) {}

  /** Runs `work`, at once within a time slice. */
  run<T extends Promise<void> | void>(work: () => T): Promise<void> | T {
    const isOver = !this.modelLock.isFree || performance.now() - this.began >= this.modelLock.slice;
    return isOver ? this.next().then(work) : work();
  }

  private async next(): Promise<void> {
    await setImmediate();
    await this.modelLock.whenFree();
    this.began = performance.now();
  }
}

class YieldingProducts implements Products {
  constructor(
    private readonly products: Products,
    private readonly slices: TimeSlices,
  ) {}

  isLarge(...size: Parameters<Products['isLarge']>): boolean {
    return this.products.isLarge(...size);
  }

  multiply(...operands: Parameters<Products['multiply']>): Promise<void> {
    return this.slices.run(() => this.products.multiply(...operands));
  }

  transposedMultiply(...operands: Parameters<Products['transposedMultiply']>): Promise<void> {
    return this.slices.run(() => this.products.transposedMultiply(...operands));
  }

  affine(...operands: Parameters<Products['affine']>): Promise<void> {
    return this.slices.run(() => this.products.affine(...operands));
  }

  steps(m: number, n: number, k: number): StepProducts | null {
    const steps = this.products.steps(m, n, k);
    return (
      steps && { load: (a) => steps.load(a), run: (out, b, block) => this.slices.run(() => steps.run(out, b, block)) }
    );
  }
}
