/** One node's computation on a tape, and stretches of them whose tensors are let go and computed again when they are needed. */
import type { Result, ScaledVjp, Vjp } from './call';
import type { View } from './strided';
import type { Variable } from './variable';

export interface Step {
  /** The node's name. */
  readonly node: string;
  readonly operator: string;
  /** Those of the node, then its states. */
  readonly inputs: readonly (Variable | undefined)[];
  readonly outputs: readonly Variable[];
  /** What a recurrent operator carries inside, with values of every step; for gradients they are inputs that are added to it there. */
  readonly states: readonly Variable[];
  readonly hasDerivative: boolean;
  readonly view: View | undefined;
  readonly vjp: Vjp | undefined;
  readonly takesSeveral: boolean;
  readonly onlyMoves: boolean;
  readonly scaledVjp: ScaledVjp | undefined;
}

type Derivative = Pick<Result, 'vjp' | 'scaledVjp'>;

export class RecordedStep implements Step {
  readonly hasDerivative: boolean;
  readonly view: View | undefined;
  readonly takesSeveral: boolean;
  readonly onlyMoves: boolean;
  /** Null where it was let go: it holds the tensors that it reads. */
  private derivative: Derivative | null;
  private restore: (() => void) | null = null;

  /** @param again computes the result once more, from the inputs' tensors; null where that cannot be */
  constructor(
    readonly node: string,
    readonly operator: string,
    readonly inputs: readonly (Variable | undefined)[],
    readonly outputs: readonly Variable[],
    readonly states: readonly Variable[],
    { vjp, scaledVjp, view, takesSeveral = false, onlyMoves = false }: Result,
    private readonly again: (() => Result) | null,
  ) {
    this.hasDerivative = (vjp ?? scaledVjp) !== undefined;
    this.view = view;
    this.takesSeveral = takesSeveral;
    this.onlyMoves = onlyMoves;
    this.derivative = { ...(vjp && { vjp }), ...(scaledVjp && { scaledVjp }) };
  }

  get vjp(): Vjp | undefined {
    return this.derived.vjp;
  }

  get scaledVjp(): ScaledVjp | undefined {
    return this.derived.scaledVjp;
  }

  get canRepeat(): boolean {
    return this.again !== null;
  }

  /** What it gives and carries. */
  get given(): readonly Variable[] {
    return [...this.outputs, ...this.states];
  }

  /** @param restore computes it again */
  release(restore: () => void): void {
    this.derivative = null;
    this.restore = restore;
  }

  /** Computes again what it gives, where that is not held, and its derivative. */
  repeat(): void {
    if (!this.again) return;
    const { outputs, states = [], vjp, scaledVjp } = this.again();
    [...outputs, ...states.map(({ tensor }) => tensor)].forEach((tensor, i) => {
      const variable = this.given[i];
      if (!variable.isHeld) variable.hold(tensor);
    });
    this.derivative = { ...(vjp && { vjp }), ...(scaledVjp && { scaledVjp }) };
  }

  private get derived(): Derivative {
    if (!this.derivative) this.restore?.();
    if (!this.derivative) throw new Error(`the derivative of ${this.node} is not there`);
    return this.derivative;
  }
}

/** Steps one behind the other that hold their tensors only while somebody reads them. What later steps read stays. */
export class Stretch {
  private readonly released: ReadonlySet<Variable>;
  private readonly kept = new Set<Variable>();
  private readonly steps: readonly RecordedStep[];

  /**
   * @param kept what is read outside, and stays
   * @param restoring called before its tensors come back
   */
  constructor(
    steps: readonly RecordedStep[],
    kept: ReadonlySet<Variable>,
    private readonly restoring: (stretch: Stretch) => void,
  ) {
    this.steps = steps.filter((step) => step.canRepeat);
    this.released = new Set(this.steps.flatMap((step) => step.given).filter((variable) => !kept.has(variable)));
  }

  /** Bytes that are held only while it is restored. */
  get bytes(): number {
    let bytes = 0;
    for (const variable of this.released) if (!this.kept.has(variable)) bytes += 8 * variable.size;
    return bytes;
  }

  has(variable: Variable): boolean {
    return this.released.has(variable) && !this.kept.has(variable);
  }

  /** From now on a variable's tensor stays, which is held now. */
  keep(variable: Variable): void {
    this.kept.add(variable);
  }

  release(): void {
    const restore = () => {
      this.restore();
    };
    for (const variable of this.released) if (!this.kept.has(variable)) variable.release(restore);
    for (const step of this.steps) step.release(restore);
  }

  private restore(): void {
    this.restoring(this);
    for (const step of this.steps) step.repeat();
  }
}
