/** Long computations in turns: whoever runs one decides what happens between two of them, such as hearing that it is no longer wanted. */

export type Turns<T> = Generator<undefined, T, undefined>;

/** All turns at once. */
export function finished<T>(turns: Turns<T>): T {
  for (;;) {
    const { done, value } = turns.next();
    if (done) return value;
  }
}
