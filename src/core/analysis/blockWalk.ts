/**
 * Per-target gradients of many targets at once, down to what the lowest layer reads: the walk of perTargetWalk.ts, for stacks that read forward only. All
 * targets of a block pass a step together, through every layer, so that the weights are fetched once for all of them. Each target is a row with
 * a scale of its own, and has the bits that it has by itself.
 */
import { isSent } from './arrivals';
import type { MatrixRows } from './matrixRows';
import type { WalkedLayer, WalkStep } from './perTargetWalk';

interface Vector {
  fill(value: number, start?: number, end?: number): unknown;
  set(values: this, at?: number): void;
  subarray(start: number, end?: number): this;
}

/** A model that has read a text, and what computes the steps back through it, `rows` targets at once. Rows lie one behind the other. */
export interface BlockWalked<V> {
  readonly steps: number;
  /** The lowest first. */
  readonly layers: readonly WalkedLayer[];
  zeros(length: number): V;
  /** Takes the weights as they are now. */
  begin?(): void;
  /** As in `Walked`: of one target. */
  lossGradient(target: number, out: V, outAt: number): Promise<number>;
  /** out[at …] = α a[at …] + β b[at …], `length` numbers; of V's precision in the end. */
  combine(out: V, a: V, alpha: number, b: V, beta: number, at: number, length: number): void;
  /** ‖row‖ of each row. */
  lengths(values: V, rows: number, width: number, out: Float64Array): void;
  divideRows(values: V, rows: number, width: number, divisors: Float64Array): void;
  multiplyRows(values: V, rows: number, width: number, factors: Float64Array): void;
  /** @param preActivations out, [rows, G·H] from `from`: ∂ℓ/∂a_t as W sees it */
  stepBack(layer: number, t: number, rows: number, step: WalkStep<V>, preActivations: V, from: number): void;
  /** Whether what the lowest layer reads has gradients that its pre-activations do not give: see `hasInputRows`. */
  readonly hasLowestRows: boolean;
  /** log₁₀ of e^logScale · length. */
  log10Of(length: number, logScale: number): number;
  /** In place, of rows [rows, I]: from what reaches the output of the norm before a layer at step t to what reaches its input. */
  normBack(layer: number, t: number, rows: number, gradient: V): void;
  /** out [rows, I] = ∂ℓ/∂a W. @param targets the first row's target; each row's is one less than that of the row before */
  down(layer: number, preActivations: V, rows: number, targets: number, out: V): Promise<void> | void;
}

/** What becomes of the lowest layer's pre-activations. */
export interface LowestRows<V> {
  /** Where they are to be written … */
  readonly values: V;
  begin(from: number, to: number, out: Float64Array): void;
  /** … from which number on, for the rows of step t. */
  place(t: number, rows: number): Promise<number> | number;
  /** They have been: each times e^logScale; −Infinity for zero. */
  placed(t: number, rows: number, logScales: Float64Array): void;
  /** All is in `out` now. */
  end(): Promise<void> | void;
}

interface Carried<V> {
  /** [n, H] and [n, (S − 1)·H]. */
  readonly previous: V;
  readonly further: V;
  readonly logScales: Float64Array;
}

export class BlockWalk<V extends Vector> implements MatrixRows {
  private readonly carried: readonly Carried<V>[];
  private readonly hidden: V;
  private readonly furtherTotal: V;
  private readonly preActivations: V;
  private above: V;
  private below: V;
  /** What goes past a layer, and its scales; empty without residual connections. */
  private readonly past: V;
  private readonly pastScales: Float64Array;
  private readonly aboveScales: Float64Array;
  private readonly sent: Float64Array;
  private readonly lengths: Float64Array;
  private readonly furtherLengths: Float64Array;

  constructor(
    private readonly walked: BlockWalked<V>,
    private readonly lowest: LowestRows<V>,
    readonly blockSize: number,
  ) {
    const { layers } = walked;
    const largest = (of: (layer: WalkedLayer) => number) => blockSize * Math.max(...layers.map(of));
    const scales = () => new Float64Array(blockSize);
    this.carried = layers.map(({ hiddenSize, states }) => ({
      previous: walked.zeros(blockSize * hiddenSize),
      further: walked.zeros(blockSize * (states - 1) * hiddenSize),
      logScales: scales(),
    }));
    this.hidden = walked.zeros(largest(({ hiddenSize }) => hiddenSize));
    this.furtherTotal = walked.zeros(largest(({ states, hiddenSize }) => (states - 1) * hiddenSize));
    const goesDown = layers.length > 1 || walked.hasLowestRows;
    this.preActivations = walked.zeros(goesDown ? largest(({ width }) => width) : 0);
    const widest = largest(({ hiddenSize, inputSize }) => Math.max(hiddenSize, walked.hasLowestRows ? inputSize : 0));
    this.above = walked.zeros(widest);
    this.below = walked.zeros(goesDown ? widest : 0);
    this.past = walked.zeros(layers.some(isResidual) ? widest : 0);
    this.pastScales = scales();
    this.aboveScales = scales();
    this.sent = scales();
    this.lengths = scales();
    this.furtherLengths = scales();
  }

  async write(from: number, to: number, out: Float64Array): Promise<void> {
    const { walked, lowest, aboveScales } = this;
    const top = walked.layers.length - 1;
    walked.begin?.();
    for (const { previous, further, logScales } of this.carried) {
      previous.fill(0);
      further.fill(0);
      logScales.fill(-Infinity);
    }
    out.fill(NaN);
    lowest.begin(from, to, out);
    for (let t = to - 1; t >= 0; t--) {
      // Row r is the target to − 1 − r.
      const rows = Math.min(to - t, to - from);
      aboveScales.fill(-Infinity);
      if (t >= from) await this.arriveAtTop(t, rows - 1);
      for (let layer = top; layer > 0; layer--) await this.layer(layer, t, rows, to - 1);
      if (walked.hasLowestRows) {
        await this.layer(0, t, rows, to - 1);
        for (let r = 0; r < rows; r++)
          out[(to - 1 - r - from) * walked.steps + t] =
            aboveScales[r] === -Infinity ? -Infinity : walked.log10Of(1, aboveScales[r]);
      } else {
        const at = await lowest.place(t, rows);
        this.step(0, t, rows, lowest.values, at);
        lowest.placed(t, rows, this.sent);
      }
    }
    await lowest.end();
  }

  /** One step of a layer and what stands around it. */
  private async layer(layer: number, t: number, rows: number, targets: number): Promise<void> {
    const { walked, aboveScales, past, pastScales } = this;
    const own = walked.layers[layer];
    if (isResidual(own)) {
      past.set(this.above.subarray(0, rows * own.inputSize));
      pastScales.set(aboveScales);
    }
    this.step(layer, t, rows, this.preActivations, 0);
    await this.sendDown(layer, t, rows, targets);
    if (isResidual(own)) this.addPast(rows, own.inputSize);
  }

  private addPast(rows: number, I: number): void {
    const { walked, above, aboveScales, past, pastScales, lengths } = this;
    for (let r = 0; r < rows; r++) {
      const common = Math.max(aboveScales[r], pastScales[r]);
      if (common === -Infinity) continue;
      walked.combine(above, past, Math.exp(pastScales[r] - common), above, Math.exp(aboveScales[r] - common), r * I, I);
      aboveScales[r] = common;
    }
    walked.lengths(above, rows, I, lengths);
    for (let r = 0; r < rows; r++) {
      if (isSent(aboveScales[r])) aboveScales[r] += Math.log(lengths[r]);
      if (lengths[r] === 0 || !isSent(aboveScales[r])) lengths[r] = 1;
    }
    walked.divideRows(above, rows, I, lengths);
  }

  private async arriveAtTop(target: number, row: number): Promise<void> {
    const { walked, above, aboveScales, lengths } = this;
    const { hiddenSize: H } = walked.layers[walked.layers.length - 1];
    const logScale = await walked.lossGradient(target, above, row * H);
    if (logScale === -Infinity) return;
    const own = above.subarray(row * H, (row + 1) * H);
    walked.lengths(own, 1, H, lengths);
    const [length] = lengths;
    if (length !== 0) walked.divideRows(own, 1, H, lengths);
    aboveScales[row] = logScale + Math.log(length);
  }

  private step(layer: number, t: number, rows: number, preActivations: V, at: number): void {
    const { walked, above, aboveScales, hidden, furtherTotal, sent, lengths, furtherLengths } = this;
    const { hiddenSize: H, states } = walked.layers[layer];
    const F = (states - 1) * H;
    const { previous, further, logScales } = this.carried[layer];
    hidden.set(previous.subarray(0, rows * H));
    for (let r = 0; r < rows; r++) {
      const logScale = Math.max(logScales[r], aboveScales[r]);
      sent[r] = logScale;
      if (logScale === -Infinity) {
        hidden.fill(0, r * H, (r + 1) * H);
        further.fill(0, r * F, (r + 1) * F);
      } else if (isSent(aboveScales[r])) {
        const factor = Math.exp(logScales[r] - logScale);
        walked.combine(hidden, previous, factor, above, Math.exp(aboveScales[r] - logScale), r * H, H);
        if (factor !== 1) walked.combine(further, further, factor, further, 0, r * F, F);
      }
    }
    walked.stepBack(layer, t, rows, { hidden, further, furtherTotal, previous }, preActivations, at);
    walked.lengths(previous, rows, H, lengths);
    if (F > 0) walked.lengths(further, rows, F, furtherLengths);
    for (let r = 0; r < rows; r++) {
      const length = F > 0 ? Math.hypot(lengths[r], furtherLengths[r]) : lengths[r];
      logScales[r] = sent[r] === -Infinity ? -Infinity : sent[r] + Math.log(length);
      lengths[r] = length === 0 ? 1 : 1 / length;
    }
    walked.multiplyRows(previous, rows, H, lengths);
    if (F > 0) walked.multiplyRows(further, rows, F, lengths);
  }

  /** Leaves what reaches the layer's input, past its norm, in `above`. */
  private async sendDown(layer: number, t: number, rows: number, targets: number): Promise<void> {
    const { walked, below, aboveScales, sent, lengths } = this;
    const {
      inputSize: I,
      sublayers: [{ hasNorm }],
    } = walked.layers[layer];
    await walked.down(layer, this.preActivations, rows, targets, below);
    if (hasNorm) walked.normBack(layer, t, rows, below);
    walked.lengths(below, rows, I, lengths);
    for (let r = 0; r < rows; r++) {
      aboveScales[r] = sent[r] === -Infinity ? -Infinity : sent[r] + Math.log(lengths[r]);
      if (lengths[r] === 0) lengths[r] = 1;
    }
    walked.divideRows(below, rows, I, lengths);
    [this.above, this.below] = [below, this.above];
  }
}

function isResidual({ sublayers: [{ residual }] }: WalkedLayer): boolean {
  return residual;
}
