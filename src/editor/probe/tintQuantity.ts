/** What the text is tinted by, and which tint each of its tokens gets for it. */
import { seriesOf, type Frame, type Lane, type LaneChoice } from '../../protocol/frame';
import type { Span } from '../../tokens/spans';
import { tintOf, type Tint } from './tintLevels';

/**
 * The per-target gradient of the target, in graph mode perhaps by one tensor alone; the same by what is read at one boundary; the loss of each token; or what a
 * frame has a lane for.
 */
export type TintChoice =
  | { readonly kind: 'gradient'; readonly series?: string }
  | { readonly kind: 'input'; readonly boundary: number }
  | { readonly kind: 'loss' }
  | LaneChoice;

/** Whether tokens are tinted by how much of the target's gradient reaches them. */
export function isGradient({ kind }: TintChoice): boolean {
  return kind === 'gradient' || kind === 'input';
}

/** The lane that the engine is asked for. */
export function laneOf(choice: TintChoice): LaneChoice | undefined {
  return choice.kind === 'surprise' || choice.kind === 'unit' ? choice : undefined;
}

/** Where the levels begin: of loss and surprise in bits, of a unit as fractions of its range. */
const lossStarts = [1, 2, 3, 4];
const surpriseStarts = [0.5, 1, 2, 3];
const unitStarts = [0.2, 0.4, 0.6, 0.8];

/**
 * A tint for each of the probe's tokens, T + 1; undefined for none. Bytes of one character have one tint: the gradient that gets through most
 * easily, the loss or surprise of all (their sum is the character's own), the value that is farthest from its middle. Undefined in
 * all if the frame does not hold the quantity: it was made for another one.
 * @param spans of the tokens
 */
export function tintsOf(frame: Frame, choice: TintChoice, spans: readonly Span[]): (Tint | undefined)[] | undefined {
  const gradientTints = (relative: Float64Array) =>
    joined([...relative, NaN], spans, larger).map((value) => tintOf(value, frame.header.thresholds));
  switch (choice.kind) {
    case 'gradient': {
      const { graph } = frame.header;
      const lane =
        graph && choice.series !== undefined ? graph.series.findIndex(({ name }) => name === choice.series) : null;
      if (lane === -1) return undefined;
      return gradientTints(
        graph || hasStates(frame) ? relativeFlow(frame, 'flow', lane) : relativeFlow(frame, 'inputFlow', 0),
      );
    }
    case 'input':
      return frame.header.inputs && gradientTints(relativeFlow(frame, 'inputFlow', choice.boundary));
    case 'loss': {
      const loss = seriesOf(frame, 'loss');
      return loss && ofPredicted(loss, spans, lossStarts);
    }
    case 'surprise': {
      const values = laneValues(frame, choice);
      return values && ofPredicted(values, spans, surpriseStarts);
    }
    case 'unit': {
      const values = laneValues(frame, choice);
      return values && ofUnit(values, spans, choice.quantity.endsWith('Gate'));
    }
    case 'element': {
      const values = laneValues(frame, choice);
      return values && ofUnit(values, spans, false);
    }
  }
}

/** The values, one for each token and NaN for none; those of tokens that stand at one place put together. */
function joined(values: readonly number[], spans: readonly Span[], join: (a: number, b: number) => number): number[] {
  const whole: number[] = [];
  for (let first = 0; first < values.length;) {
    let [value, end] = [values[first], first + 1];
    for (; end < values.length && spans[end].start === spans[first].start; end++) value = join(value, values[end]);
    for (; first < end; first++) whole.push(value);
  }
  return whole;
}

function larger(a: number, b: number): number {
  return Number.isNaN(a) || b > a ? b : a;
}

function farther(a: number, b: number): number {
  return Number.isNaN(a) || Math.abs(b) > Math.abs(a) ? b : a;
}

function hasStates({ header }: Frame): boolean {
  return header.series.some(({ name }) => name === 'flow');
}

function laneValues({ header: { lane, tokens }, data }: Frame, choice: LaneChoice): Float32Array | undefined {
  return lane && isSame(lane, choice) ? data.subarray(lane.offset, lane.offset + tokens.length) : undefined;
}

function isSame({ choice }: Lane, other: LaneChoice): boolean {
  if (choice.kind === 'surprise' || other.kind === 'surprise') return choice.kind === other.kind;
  if (choice.kind === 'element')
    return other.kind === 'element' && choice.series === other.series && choice.unit === other.unit;
  if (other.kind === 'element') return false;
  return (
    choice.layer === other.layer &&
    choice.direction === other.direction &&
    choice.quantity === other.quantity &&
    choice.unit === other.unit
  );
}

/** What is predicted at step t is the token after it, so the first token has none, nor the rest of its character. */
function ofPredicted(nats: Float32Array, spans: readonly Span[], starts: readonly number[]): (Tint | undefined)[] {
  return joined([NaN, ...nats], spans, (a, b) => a + b).map((value) => signedTint(value / Math.LN2, starts));
}

/** A gate about its middle, ½; a state about 0, on a scale that reaches at least to ±1. */
function ofUnit(values: Float32Array, spans: readonly Span[], isGate: boolean): (Tint | undefined)[] {
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  const shares = Array.from(values, (value) => (isGate ? 2 * value - 1 : value / largest));
  return joined([...shares, NaN], spans, farther).map((share) => signedTint(share, unitStarts));
}

function signedTint(value: number, starts: readonly number[]): Tint | undefined {
  const level = starts.filter((start) => Math.abs(value) >= start).length;
  return level >= 1 ? { kind: value < 0 ? 'vanishing' : 'exploding', level } : undefined;
}

/**
 * r_t of the state, of all layers, through which most of the gradient gets: text is lost to the target only where it vanishes
 * on every path, and an explosion on one path is an explosion. NaN where no state reaches the target. @param only of this layer or boundary; null for all
 */
function relativeFlow({ header, data }: Frame, series: 'flow' | 'inputFlow', only: number | null): Float64Array {
  const steps = header.tokens.length;
  const largest = new Float64Array(steps).fill(NaN);
  for (const { name, layer, offset } of header.series) {
    if (name !== series || (only !== null && layer !== only)) continue;
    const own = data[offset + header.target];
    if (!Number.isFinite(own)) continue;
    for (let t = 0; t < steps; t++) {
      const relative = data[offset + t] - own;
      if (!(relative <= largest[t])) largest[t] = Number.isNaN(relative) ? largest[t] : relative;
    }
  }
  return largest;
}
