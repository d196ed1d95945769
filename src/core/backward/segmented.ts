/**
 * Exact gradients over texts too long for one tape (Chen et al. 2016, arXiv:1604.06174, along time): the text is read once for the
 * states at the borders of its segments; then, from the last segment to the first, each is read again and traced back. Two passes
 * forward and one back, memory for one segment and the borders. Only for stacks of one direction: a backward direction would have
 * to have read the end of the text first.
 */
import type { Ids } from '../corpus/ids';
import type { LearningNetwork } from '../network';
import type { BackwardSettings } from './bptt';

/** Called when a segment has been traced back: the tape holds it, and `backward.totals` its norms. */
export type SegmentVisitor = (first: number, steps: number) => Promise<void> | void;

export class SegmentedBackward {
  /** T: inputs of the whole text. */
  readonly steps: number;
  private readonly segments: number;
  /** The carried-in states of the tape's layers, … */
  private readonly states: readonly Float32Array[];
  /** … and a copy of each for every segment. */
  private readonly borders: readonly Float32Array[];

  /**
   * @param network of one stream and one direction; its tape's steps are the length of a segment
   * @param ids of the whole text: all but the last are inputs, all but the first targets
   */
  constructor(
    private readonly network: LearningNetwork,
    private readonly ids: Ids,
  ) {
    const { maxSteps } = network.tape;
    this.steps = ids.length - 1;
    this.segments = Math.ceil(this.steps / maxSteps);
    this.states = network.tape.carried.map(({ values }) => values);
    this.borders = this.states.map((state) => new Float32Array(this.segments * state.length));
  }

  /**
   * Leaves ∂L/∂parameters in `backward.gradient` and returns L, the mean loss over the whole text, read from the zero state.
   * `visit` is called for every segment, the last first; `visitLowest` before it, as of `Backward.run`.
   */
  async run(visit: SegmentVisitor, visitLowest?: BackwardSettings['visitLowest']): Promise<number> {
    const { backward, forward, tape } = this.network;
    const { values } = backward.gradient;
    const sum = new Float64Array(values.length);
    let loss = 0;
    await this.readBorders();
    backward.clearCarried();
    for (let segment = this.segments - 1; segment >= 0; segment--) {
      this.load(segment);
      this.states.forEach((state, i) => state.set(this.borderOf(i, segment)));
      await forward.run();
      loss += tape.loss * (tape.steps / this.steps);
      await backward.run({ truncation: 0, predicted: this.steps, ...(visitLowest && { visitLowest }) });
      for (let i = 0; i < sum.length; i++) sum[i] += values[i];
      await visit(segment * tape.maxSteps, tape.steps);
    }
    values.set(sum);
    return loss;
  }

  /** The first pass: states only. */
  private async readBorders(): Promise<void> {
    const { forward, tape } = this.network;
    tape.clearState();
    for (let segment = 0; segment < this.segments; segment++) {
      this.states.forEach((state, i) => this.borderOf(i, segment).set(state));
      if (segment === this.segments - 1) return;
      this.load(segment);
      await forward.states();
      tape.carryState();
    }
  }

  private borderOf(state: number, segment: number): Float32Array {
    const { length } = this.states[state];
    return this.borders[state].subarray(segment * length, (segment + 1) * length);
  }

  private load(segment: number): void {
    const { tape } = this.network;
    const first = segment * tape.maxSteps;
    const steps = Math.min(tape.maxSteps, this.steps - first);
    tape.inputs.set(this.ids.subarray(first, first + steps));
    tape.targets.set(this.ids.subarray(first + 1, first + steps + 1));
    tape.lengths[0] = steps;
    tape.resize(steps);
  }
}
