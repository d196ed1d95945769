/** How an operator is called, and what it answers. */
import type { Attributes } from './attributes';
import type { Gradient } from './gradient';
import type { View } from './strided';
import { Unsupported, type Tensor } from './tensor';

/**
 * The vector–Jacobian product of one call: from the gradients by its outputs (undefined where nothing reaches one) those by its inputs, each with the
 * elements of its tensor in the same order; undefined for an input that none flows to. Linear in the gradients. What it is given is not written to.
 * @param wanted of each input, whether it is asked for; others may be left out
 * @param count 1, unless the operator takes several: of so many targets each array then holds the gradients one behind the other
 */
export type Vjp = (
  gradients: readonly (Float64Array | undefined)[],
  wanted: readonly boolean[],
  count?: number,
) => readonly (Float64Array | undefined)[];

/** The same for an operator that carries a gradient through many steps itself, and must keep its scale on the way. */
export type ScaledVjp = (
  gradients: readonly (Gradient | undefined)[],
  wanted: readonly boolean[],
) => readonly (Gradient | undefined)[];

export interface Result {
  readonly outputs: readonly Tensor[];
  /** Where the only output is nothing but that view of the first input: then its gradient can be added without the rest. */
  readonly view?: View;
  /** Left out where the outputs do not change with the inputs, or by jumps only. */
  readonly vjp?: Vjp;
  /** Whether `vjp` only moves elements: then their sizes need not be looked at again. */
  readonly onlyMoves?: boolean;
  /** Whether `vjp` takes the gradients of several targets at once. */
  readonly takesSeveral?: boolean;
  readonly scaledVjp?: ScaledVjp;
  /**
   * What the operator carries from step to step inside, by name. The gradients by these, through every later step, stand in its derivative's answer behind
   * those by its inputs. (That by an output counts only what reads the output.)
   */
  readonly states?: readonly { readonly name: string; readonly tensor: Tensor }[];
}

/** An operator: its value and, beside it, its derivative. Throws Unsupported for what it does not compute. */
export type Operator = (call: Call) => Result;

export type OperatorTable = Readonly<Record<string, Operator>>;

/** One node with its inputs. Inputs that nobody reads are found, like attributes. */
export class Call {
  private readonly read = new Set<number>();

  constructor(
    readonly operator: string,
    /** Version of the operator's domain. */
    readonly opset: number,
    readonly attributes: Attributes,
    private readonly inputs: readonly (Tensor | undefined)[],
    /** Of each output, whether the graph names it. */
    readonly namedOutputs: readonly boolean[],
  ) {}

  input(index: number): Tensor {
    const found = this.optional(index);
    if (!found) throw new Unsupported(`has no input ${index + 1}`);
    return found;
  }

  optional(index: number): Tensor | undefined {
    this.read.add(index);
    return this.inputs[index];
  }

  get inputCount(): number {
    return this.inputs.length;
  }

  /** All inputs of an operator that takes any number. */
  all(): readonly Tensor[] {
    return this.inputs.map((_, index) => this.input(index));
  }

  /** Whether someone wants that output. */
  wants(output: number): boolean {
    return this.namedOutputs[output] ?? false;
  }

  /** Whole numbers, which stand in an attribute in older opsets and in an input in newer ones; undefined where there are none. */
  integersFrom(input: number, attribute: string): readonly number[] | undefined {
    const tensor = this.optional(input);
    return tensor ? Array.from(tensor.data) : this.attributes.integers(attribute);
  }

  /** Throws Unsupported when the node says something that was not asked about. */
  checkAllRead(): void {
    const attribute = this.attributes.unread().at(0);
    if (attribute !== undefined) throw new Unsupported(`has the attribute “${attribute}”, which is not computed here`);
    const input = this.inputs.findIndex((tensor, index) => tensor && !this.read.has(index));
    if (input >= 0) throw new Unsupported(`has an input ${input + 1}, which is not computed here`);
  }
}
