/**
 * What was computed, in order. Control flow leaves only the steps it took: a loop's body stands on the tape once for each iteration, and what it
 * carries or reads from outside is one variable for all who read it. So the way back needs no control flow.
 */
import type { Result, ScaledVjp, Vjp } from './call';
import type { OperatorError } from './operatorError';
import type { View } from './strided';
import type { Tensor } from './tensor';

/** A tensor with an identity. */
export class Variable {
  constructor(
    readonly tensor: Tensor,
    /** As the graph calls it; in bodies, one name for many. */
    readonly name: string,
  ) {}
}

/** A list of tensors. */
export class Sequence {
  constructor(readonly items: readonly Variable[]) {}
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

export interface Step {
  /** The node's name. */
  readonly node: string;
  readonly operator: string;
  /** Those of the node, then its states. */
  readonly inputs: readonly (Variable | undefined)[];
  readonly outputs: readonly Variable[];
  /** What a recurrent operator carries inside, with values of every step; for gradients they are inputs that are added to it there. */
  readonly states: readonly Variable[];
  readonly view?: View;
  readonly vjp?: Vjp;
  readonly takesSeveral: boolean;
  readonly onlyMoves: boolean;
  readonly scaledVjp?: ScaledVjp;
}

/** A tape that would take more memory than it may. */
export class TapeFull extends Error {}

export class Tape {
  readonly steps: Step[] = [];
  private size = 0;

  /** @param maxSize of what the steps give, bytes; what they keep for the way back is about as much again */
  constructor(private readonly maxSize = Infinity) {}

  /** Bytes of what the steps give. */
  get bytes(): number {
    return this.size;
  }

  /**
   * An output that is the first input's tensor is no new variable, but another name for that one. So what a loop carries, under the name that its body
   * gives it at the end, has the gradient through everything that reads it.
   * @param names of the outputs
   */
  record(
    node: string,
    operator: string,
    inputs: readonly (Variable | undefined)[],
    { outputs: tensors, view, vjp, takesSeveral = false, onlyMoves = false, scaledVjp, states: carried = [] }: Result,
    names: readonly string[],
  ): Variable[] {
    const outputs = tensors.map((tensor, i) => new Variable(tensor, names[i] ?? ''));
    for (const { data } of tensors) this.size += data.byteLength;
    if (this.size > this.maxSize) throw new TapeFull(`the tape has more than ${this.maxSize} bytes`);
    const states = carried.map(({ name, tensor }) => new Variable(tensor, `${node}:${name}`));
    this.steps.push({
      node,
      operator,
      inputs: [...inputs, ...states],
      outputs,
      states,
      takesSeveral,
      onlyMoves,
      ...(view && { view }),
      ...(vjp && { vjp }),
      ...(scaledVjp && { scaledVjp }),
    });
    return outputs.map((output) => (inputs[0]?.tensor === output.tensor ? inputs[0] : output));
  }
}
