/**
 * What was computed, in order. Control flow leaves only the steps it took: a loop's body stands on the tape once for each iteration, and what it
 * carries or reads from outside is one variable for all who read it. So the way back needs no control flow.
 *
 * Of a long tape only the newest steps hold their tensors, and what they read: older ones are stretches that are computed again when somebody reads them,
 * one at a time. The bits are the same.
 */
import type { Result } from './call';
import { RecordedStep, Stretch, type Step } from './step';
import { Variable } from './variable';

/** A tape that would take more memory than it may. */
export class TapeFull extends Error {}

export class Tape {
  private readonly recorded: RecordedStep[] = [];
  private held = 0;
  /** Steps before it are in stretches. */
  private open = 0;
  private openBytes = 0;
  private readonly owners = new Map<Variable, Stretch>();
  private restored: Stretch | null = null;

  /**
   * @param maxSize of what is held of what the steps give, bytes; what they keep for the way back is about as much again
   * @param maxOpen bytes that the steps give which hold all of it; of what is more the older half is let go
   */
  constructor(
    private readonly maxSize = Infinity,
    private readonly maxOpen = Infinity,
  ) {}

  get steps(): readonly Step[] {
    return this.recorded;
  }

  /** Bytes that are held of what the steps give. */
  get bytes(): number {
    return this.held;
  }

  /**
   * An output that is the first input's tensor is no new variable, but another name for that one. So what a loop carries, under the name that its body
   * gives it at the end, has the gradient through everything that reads it.
   * @param names of the outputs
   * @param again computes the same result from the inputs' tensors; left out where the step is to hold its tensors
   */
  record(
    node: string,
    operator: string,
    inputs: readonly (Variable | undefined)[],
    result: Result,
    names: readonly string[],
    again: (() => Result) | null = null,
  ): Variable[] {
    const [whole] = inputs;
    // Nothing is made, and nothing is held.
    if (whole && result.outputs.every((tensor) => tensor === whole.tensor)) return result.outputs.map(() => whole);
    const outputs = result.outputs.map((tensor, i) => new Variable(tensor, names[i] ?? ''));
    const states = (result.states ?? []).map(({ name, tensor }) => new Variable(tensor, `${node}:${name}`));
    for (const input of inputs) if (input) this.keep(input);
    this.recorded.push(new RecordedStep(node, operator, [...inputs, ...states], outputs, states, result, again));
    const bytes = result.outputs.reduce((sum, { data }) => sum + data.byteLength, 0);
    this.openBytes += bytes;
    this.grow(bytes);
    if (this.openBytes > this.maxOpen) this.fold();
    return outputs.map((output, i) => (whole?.tensor === result.outputs[i] ? whole : output));
  }

  /** What was let go and is read by a newer step stays from now on: no stretch needs another one to be computed again. */
  private keep(input: Variable): void {
    const owner = this.owners.get(input);
    if (!owner?.has(input)) return;
    input.hold(input.tensor);
    owner.keep(input);
  }

  private grow(bytes: number): void {
    this.held += bytes;
    if (this.held > this.maxSize) throw new TapeFull(`the tape has more than ${this.maxSize} bytes`);
  }

  /** Makes a stretch of the older half of the open steps. */
  private fold(): void {
    let end = this.recorded.length;
    let left = 0;
    while (end > this.open + 1) {
      const more = bytesOf(this.recorded[end - 1]);
      if (left + more > this.maxOpen / 2) break;
      left += more;
      end--;
    }
    const steps = this.recorded.slice(this.open, end);
    const kept = new Set<Variable>();
    for (const { inputs } of this.recorded.slice(end)) for (const input of inputs) if (input) kept.add(input);
    const stretch = new Stretch(steps, kept, (next) => {
      this.letGo();
      this.restored = next;
      this.grow(next.bytes);
    });
    for (const step of steps)
      for (const variable of step.given) if (stretch.has(variable)) this.owners.set(variable, stretch);
    this.held -= stretch.bytes;
    stretch.release();
    this.open = end;
    this.openBytes = left;
  }

  /** Of stretches one is held at a time. */
  private letGo(): void {
    if (!this.restored) return;
    this.held -= this.restored.bytes;
    this.restored.release();
    this.restored = null;
  }
}

function bytesOf({ outputs }: RecordedStep): number {
  return outputs.reduce((sum, { size }) => sum + 8 * size, 0);
}
