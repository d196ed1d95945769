// Interleaved measuring: A B C, A B C, … so that whatever else the machine does meets all sides alike.
import { median } from './statistics.mjs';

/**
 * A side is what is timed: `run(steps)` resolves to the seconds that many steps took. Each side's turn lasts about `turn` seconds.
 * Resolves to the seconds per step of every round, one array a side, in order.
 */
export async function interleave(sides, { rounds, turn }) {
  const steps = [];
  for (const side of sides) steps.push(await stepsFor(side, turn));
  const samples = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, side] of sides.entries()) samples[i].push((await side.run(steps[i])) / steps[i]);
  }
  return samples;
}

/** How many steps take about `turn` seconds; also warms up what compiles or allocates at first use. */
async function stepsFor(side, turn) {
  let steps = 1;
  let seconds = await side.run(steps);
  while (seconds < turn / 4) {
    steps *= 4;
    seconds = await side.run(steps);
  }
  return Math.max(1, Math.round((turn * steps) / seconds));
}

/** The side with the smallest median over three short turns each. */
export async function fastestOf(sides, turn) {
  if (sides.length === 1) return sides[0];
  const medians = (await interleave(sides, { rounds: 3, turn: turn / 4 })).map(median);
  return sides[medians.indexOf(Math.min(...medians))];
}
