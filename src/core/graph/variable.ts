/** What names of a graph stand for. */
import type { OperatorError } from './operatorError';
import type { ElementKind, Tensor } from './tensor';

/** A tensor with an identity. Its elements need not be in memory: then they are computed again when someone reads them. */
export class Variable {
  readonly kind: ElementKind;
  readonly shape: readonly number[];
  /** Elements. */
  readonly size: number;
  private held: Tensor | null;
  private recompute: (() => void) | null = null;

  constructor(
    tensor: Tensor,
    /** As the graph calls it; in bodies, one name for many. */
    readonly name: string,
  ) {
    this.kind = tensor.kind;
    this.shape = tensor.shape;
    this.size = tensor.data.length;
    this.held = tensor;
  }

  get tensor(): Tensor {
    if (!this.held) this.recompute?.();
    if (!this.held) throw new Error(`the elements of ${this.name} are not there`);
    return this.held;
  }

  get isHeld(): boolean {
    return this.held !== null;
  }

  /** Lets its elements go. @param recompute holds them again */
  release(recompute: () => void): void {
    this.held = null;
    this.recompute = recompute;
  }

  /** @param tensor the same as before */
  hold(tensor: Tensor): void {
    this.held = tensor;
  }
}

/** A list of tensors. Of lists that grow one by one, as in a loop, all stand in one array. */
export class Sequence {
  readonly length: number;

  /** @param all will go on behind the list, with what is appended to it; nothing in it ever changes */
  constructor(private readonly all: Variable[]) {
    this.length = all.length;
  }

  /** In an array of their own, which stays as it is when more is appended. */
  get items(): Variable[] {
    return this.all.slice(0, this.length);
  }

  /** @param index from 0 */
  at(index: number): Variable | undefined {
    return index < this.length ? this.all[index] : undefined;
  }

  /** The list and one more. */
  appended(item: Variable): Sequence {
    const all = this.length === this.all.length ? this.all : this.items;
    all.push(item);
    return new Sequence(all);
  }
}

/** An optional value that is not there. One that is there is the value itself. */
export class NoElement extends Sequence {
  constructor() {
    super([]);
  }
}

/** In place of a value that could not be computed. */
export class Missing {
  constructor(readonly reason: OperatorError) {}
}

export type Value = Variable | Sequence | Missing;
