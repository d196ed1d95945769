/** p − y, where p is the probability of a token that is predicted nearly surely. */

/**
 * Writes each row's entry at its target, p − 1, as minus the sum of the others: the same number, of which nothing cancels however near p is to 1.
 * @param errors rows × V: p of all tokens but the target  @param targets of the rows; less than 0 where nothing is to be predicted
 */
export function restoreTargets(errors: Float32Array | Float64Array, targets: Int32Array, vocabularySize: number): void {
  for (const [row, target] of targets.entries()) {
    if (target < 0) continue;
    let others = 0;
    for (let v = 0; v < vocabularySize; v++) if (v !== target) others += errors[row * vocabularySize + v];
    errors[row * vocabularySize + target] = -others;
  }
}
