/**
 * Where the per-target gradient loses its size on its way back to the horizon, measured along the gradient itself in the top layer, whose way back is its own recurrence
 * alone: no layer above carries any of it. docs/quantities.md has the formulas.
 */
import { horizonOf, levelOf } from '../../terms/seriesSummary';
import { addLossGradient } from '../float64/float64Backward';
import { perTargetInFloat64 } from '../float64/float64PerTarget';
import { rowsOf, type Float64Trace } from '../float64/float64Trace';
import { stepBackBuffers, type Float64Cell } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { lengthOf } from '../numeric';
import { farthestStatesFirst, kindOf } from '../../layers/catalog';
import { saturatedAbove } from '../../terms/saturation';
import { relativeTo } from '../../terms/regions';

/** Passes so little of the gradient: of tanh where |h| > 0.95, of relu where h = 0. */
const saturatedSlope = 1 - saturatedAbove ** 2;

/** ln of what is left of the gradient at the horizon, relative to the target's own step; −Infinity where it is exactly zero. */
interface Fall {
  /** Lag. */
  readonly horizon: number;
  readonly fall: number;
}

export type HorizonParts = Fall &
  (
    | {
        /** h_t = f(W x_t + R h_{t−1} + b): ln of what f′ and what R make of it; together they are the fall. */
        readonly through: 'matrix';
        readonly slopes: number;
        readonly matrix: number;
        /** Of `slopes`, what saturated units alone take; at most that. */
        readonly saturated: number;
      }
    | {
        /** A state keeps a factor of itself with the gates held: ln of what is left along that way alone. */
        readonly through: 'gates';
        readonly kept: number;
        /** ⟨δ, k⟩ / ‖δ‖² of the gradient δ at the horizon and what has come there along that way, k. */
        readonly arrived: number;
      }
    | {
        /** Every number keeps a factor of its own, and nothing of others. */
        readonly through: 'factors';
      }
  );

/**
 * Of the top layer's forward direction, of the state that carries the gradient farthest. Null where there is no horizon: without states, of a level gradient, and of one that
 * never falls so low before the text ends.
 * @param vanishing log₁₀ of the threshold
 */
export async function horizonParts(
  trace: Float64Trace,
  target: number,
  vanishing: number,
): Promise<HorizonParts | null> {
  const { cell, directions, sublayers } = trace.layers[trace.layers.length - 1];
  if (directions.length > 0) return partsOfCell(trace, target, vanishing);
  if (!sublayers.some(({ mixer }) => mixer !== null && 'logFactors' in mixer.code)) return null;
  const { norms } = await perTargetInFloat64(trace, target);
  const [farthest] = farthestStatesFirst(cell);
  const log10 = norms[trace.layers.length - 1][0][kindOf(cell).states.indexOf(farthest)];
  const fall = fallOf(log10, target, vanishing);
  return fall && { ...fall, through: 'factors' };
}

/** Where a gradient falls below the threshold, and how low it is there. @param log10 by step */
export function fallOf(log10: Float64Array, target: number, vanishing: number): Fall | null {
  const relative = relativeTo(target, log10);
  const thresholds = { vanishing, exploding: Infinity };
  const horizon = levelOf(relative, target, thresholds) ? null : horizonOf(relative, target, thresholds);
  return horizon === null ? null : { horizon, fall: relative[target - horizon] * Math.LN10 };
}

function partsOfCell(trace: Float64Trace, target: number, vanishing: number): HorizonParts | null {
  const walk = new Walk(trace, target);
  const log10 = new Float64Array(trace.steps).fill(NaN);
  let found: HorizonParts | null = null;
  for (let t = target; t >= 0; t--) {
    log10[t] = walk.log / Math.LN10;
    const fall = walk.log - log10[target] * Math.LN10;
    if (!found && t < target && fall < vanishing * Math.LN10) found = walk.parts(target - t, fall);
    walk.back();
  }
  return found && fallOf(log10, target, vanishing) ? found : null;
}

/** One target's gradient on its way back through the top layer. */
class Walk {
  private readonly own;
  private readonly cell: Float64Cell;
  private readonly H: number;
  private readonly gradient: ReturnType<typeof stepBackBuffers>;
  /** Which state is spoken of. */
  private readonly state: number;
  private readonly factors: ((t: number, out: Float64Array) => void) | null;
  private t: number;
  /** ln of the scale of `gradient`, and of `kept`. */
  private scale = 0;
  private keptScale = 0;
  /** What has come to this step with the gates held, of unit length. */
  private readonly kept: Float64Array;
  private readonly slope: Float64Array;
  private readonly sums = { slopes: 0, matrix: 0, saturated: 0 };

  constructor(trace: Float64Trace, target: number) {
    const { layers } = trace;
    const { cell: name, directions, hiddenSize: H } = layers[layers.length - 1];
    const cell = float64CellOf(name);
    this.own = directions[0];
    this.cell = cell;
    this.H = H;
    this.t = target;
    const { states, gates } = cell;
    this.gradient = stepBackBuffers(1, H, gates.length * H, states.length);
    this.state = states.indexOf(farthestStatesFirst(name)[0]);
    this.factors = factorsOf(cell, this.state, this.own);
    const top = new Float64Array(directions.length * H);
    addLossGradient(trace, target, 1, top, 0);
    this.gradient.hidden.set(top.subarray(0, H));
    this.kept = new Float64Array(H);
    this.slope = new Float64Array(H);
    this.step();
    this.kept.set(this.shown);
    this.keptScale = normalize(this.kept);
  }

  /** ln ‖∂ℓ_τ/∂s_t‖ of the state. */
  get log(): number {
    return this.scale + Math.log(lengthOf(this.shown, 0, this.H));
  }

  parts(horizon: number, fall: number): HorizonParts {
    const of = { horizon, fall };
    if (this.cell.slopes) return { ...of, through: 'matrix', ...this.sums };
    if (!this.factors) throw new Error('a cell has neither a slope nor a factor');
    const start = this.log - fall;
    const arrived = Math.exp(this.keptScale - this.log) * cosine(this.shown, this.kept);
    return { ...of, through: 'gates', kept: this.keptScale - start, arrived };
  }

  /** From step t to t − 1. */
  back(): void {
    const { gradient, H, t, factors, kept } = this;
    if (t === 0) return;
    this.addSlopes();
    if (factors) {
      factors(t, this.slope);
      for (let u = 0; u < H; u++) kept[u] *= this.slope[u];
      this.keptScale += normalize(kept);
    }
    gradient.hidden.set(gradient.previous);
    this.t = t - 1;
    this.rescale();
    this.step();
  }

  /** The gradient by the state. */
  private get shown(): Float64Array {
    const { gradient, state, H } = this;
    return state === 0 ? gradient.hidden : gradient.furtherTotal.subarray((state - 1) * H, state * H);
  }

  private step(): void {
    const { own, gradient, t } = this;
    this.cell.back(own, { ...gradient, n: 1, step: t, ...rowsOf(own, t) });
  }

  /** What comes to the next step, at about unit length. */
  private rescale(): void {
    const { hidden, further } = this.gradient;
    const length = Math.hypot(lengthOf(hidden), lengthOf(further));
    if (length === 0 || !Number.isFinite(length)) return;
    for (const part of [hidden, further]) for (let i = 0; i < part.length; i++) part[i] /= length;
    this.scale += Math.log(length);
  }

  /** Of a step through f′ and R: ln of what each makes of the gradient's size. */
  private addSlopes(): void {
    const { cell, gradient, H, t, own, slope, sums } = this;
    if (!cell.slopes) return;
    cell.slopes(own, t, rowsOf(own, t).after, slope);
    const { hidden, previous } = gradient;
    let [whole, through, saturated, others] = [0, 0, 0, 0];
    for (let u = 0; u < H; u++) {
      const isSaturated = Math.abs(slope[u]) < saturatedSlope;
      const passed = hidden[u] * slope[u];
      whole += hidden[u] ** 2;
      through += passed ** 2;
      saturated += (isSaturated ? passed : hidden[u]) ** 2;
      others += (isSaturated ? hidden[u] : passed) ** 2;
    }
    sums.slopes += ratio(through, whole);
    // Whether saturated units are taken first or last makes a difference; what they take in either is theirs.
    sums.saturated += Math.min(0, Math.max(ratio(saturated, whole), ratio(through, others)));
    const length = lengthOf(previous);
    sums.matrix += through === 0 ? 0 : Math.log(length) - Math.log(through) / 2;
  }
}

/** Of the state that is spoken of; null of a cell that passes it on through R alone. */
function factorsOf(
  cell: Float64Cell,
  state: number,
  own: Parameters<Float64Cell['forward']>[0],
): ((t: number, out: Float64Array) => void) | null {
  const { keeps } = cell;
  if (keeps?.state === state) return (t, out) => keeps.factors(own, t, out);
  if (!cell.logFactors) return null;
  return (t, out) => {
    cell.logFactors?.(own, t, out);
    for (let u = 0; u < out.length; u++) out[u] = Math.exp(out[u]);
  };
}

/** ln √(a / b), of squares; 0 where there was nothing. */
function ratio(a: number, b: number): number {
  return b === 0 ? 0 : Math.log(a / b) / 2;
}

/** To length 1; returns ln of the length. */
function normalize(values: Float64Array): number {
  const length = lengthOf(values);
  if (length > 0) for (let i = 0; i < values.length; i++) values[i] /= length;
  return Math.log(length);
}

/** ⟨a, b⟩ / ‖a‖, b of unit length. */
function cosine(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum / lengthOf(a);
}
