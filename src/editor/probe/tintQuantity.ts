/** What the text is tinted by, and which tint each of its tokens gets for it. */
import { seriesOf, type Frame, type Lane, type LaneChoice } from '../../protocol/frame';
import { tintOf, type Tint } from './tintLevels';

/** The itemised gradient of the target, the loss of each token, or what a frame has a lane for. */
export type TintChoice = { readonly kind: 'gradient' } | { readonly kind: 'loss' } | LaneChoice;

/** The lane that the engine is asked for. */
export function laneOf(choice: TintChoice): LaneChoice | undefined {
  return choice.kind === 'gradient' || choice.kind === 'loss' ? undefined : choice;
}

/** Where the levels begin: of loss and surprise in bits, of a unit as fractions of its range. */
const lossStarts = [1, 2, 3, 4];
const surpriseStarts = [0.5, 1, 2, 3];
const unitStarts = [0.2, 0.4, 0.6, 0.8];

/**
 * A tint for each of the probe's tokens, T + 1; undefined for none. Undefined in all if the frame does not hold the quantity: it was
 * made for another one.
 */
export function tintsOf(frame: Frame, choice: TintChoice): (Tint | undefined)[] | undefined {
  switch (choice.kind) {
    case 'gradient':
      return [...Array.from(relativeFlow(frame), (relative) => tintOf(relative, frame.header.thresholds)), undefined];
    case 'loss': {
      const loss = seriesOf(frame, 'loss');
      return loss && ofPredicted(loss, lossStarts);
    }
    case 'surprise': {
      const values = laneValues(frame, choice);
      return values && ofPredicted(values, surpriseStarts);
    }
    case 'unit': {
      const values = laneValues(frame, choice);
      return values && [...ofUnit(values, choice.quantity.endsWith('Gate')), undefined];
    }
  }
}

function laneValues({ header: { lane, tokens }, data }: Frame, choice: LaneChoice): Float32Array | undefined {
  return lane && isSame(lane, choice) ? data.subarray(lane.offset, lane.offset + tokens.length) : undefined;
}

function isSame({ choice }: Lane, other: LaneChoice): boolean {
  if (choice.kind === 'surprise' || other.kind === 'surprise') return choice.kind === other.kind;
  return choice.layer === other.layer && choice.direction === other.direction && choice.quantity === other.quantity && choice.unit === other.unit;
}

/** What is predicted at step t is the token after it, so the first token has none. */
function ofPredicted(nats: Float32Array, starts: readonly number[]): (Tint | undefined)[] {
  return [undefined, ...Array.from(nats, (value) => signedTint(value / Math.LN2, starts))];
}

/** A gate about its middle, ½; a state about 0, on a scale that reaches at least to ±1. */
function ofUnit(values: Float32Array, isGate: boolean): (Tint | undefined)[] {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return Array.from(values, (value) => signedTint(isGate ? 2 * value - 1 : value / largest, unitStarts));
}

function signedTint(value: number, starts: readonly number[]): Tint | undefined {
  const level = starts.filter((start) => Math.abs(value) >= start).length;
  return level >= 1 ? { kind: value < 0 ? 'vanishing' : 'exploding', level } : undefined;
}

/**
 * r_t of the state, of all layers, through which most of the gradient gets: text is lost to the target only where it vanishes
 * on every path, and an explosion on one path is an explosion. NaN where no state reaches the target.
 */
function relativeFlow({ header, data }: Frame): Float64Array {
  const steps = header.tokens.length;
  const largest = new Float64Array(steps).fill(NaN);
  for (const { name, offset } of header.series) {
    if (name !== 'flow' && name !== 'cellFlow') continue;
    const own = data[offset + header.target];
    if (!Number.isFinite(own)) continue;
    for (let t = 0; t < steps; t++) {
      const relative = data[offset + t] - own;
      if (!(relative <= largest[t])) largest[t] = Number.isNaN(relative) ? largest[t] : relative;
    }
  }
  return largest;
}
