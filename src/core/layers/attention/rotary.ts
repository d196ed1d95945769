/**
 * Rotary positions (Su et al. 2021, arXiv:2104.09864): queries and keys of step t are turned, numbers i and i + d/2 of a head by the angle t · 10⁴^(−2i/d), so
 * that their product depends on how far apart they are.
 */
const base = 1e4;

export interface Angles {
  /** T × d/2 each. */
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

const kept = new Map<number, Angles>();

/** Of at least so many steps; made once for each d. */
export function anglesOf(headSize: number, steps: number): Angles {
  const half = headSize / 2;
  let angles = kept.get(headSize);
  if (!angles || angles.cosines.length < steps * half) kept.set(headSize, (angles = makeAngles(half, headSize, steps)));
  return angles;
}

function makeAngles(half: number, headSize: number, steps: number): Angles {
  const cosines = new Float64Array(steps * half);
  const sines = new Float64Array(steps * half);
  for (let t = 0; t < steps; t++)
    for (let i = 0; i < half; i++) {
      const angle = t * base ** ((-2 * i) / headSize);
      cosines[t * half + i] = Math.cos(angle);
      sines[t * half + i] = Math.sin(angle);
    }
  return { cosines, sines };
}

/**
 * Turns the first `heads` heads of every row, in place: (a, b) → (a cos − b sin, b cos + a sin).
 * @param rows T × stride  @param heads counted over queries and keys, which lie side by side  @param sense 1, or −1 to turn back, as gradients are
 */
export function turn(
  rows: Float64Array,
  steps: number,
  stride: number,
  heads: number,
  headSize: number,
  sense: 1 | -1,
): void {
  const half = headSize / 2;
  const { cosines, sines } = anglesOf(headSize, steps);
  for (let t = 0; t < steps; t++)
    for (let head = 0; head < heads; head++)
      for (let i = 0; i < half; i++) {
        const at = t * stride + head * headSize + i;
        const cosine = cosines[t * half + i];
        const sine = sense * sines[t * half + i];
        const a = rows[at];
        const b = rows[at + half];
        rows[at] = a * cosine - b * sine;
        rows[at + half] = b * cosine + a * sine;
      }
}
