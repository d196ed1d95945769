/** Sums that the parts of a kernel's work have taken, each its own. */

/** Adds all of them up in the first, which it returns. */
export function sumOfParts([sum, ...others]: readonly Float64Array[], length = sum.length): Float64Array {
  for (const other of others) for (let j = 0; j < length; j++) sum[j] += other[j];
  return sum.subarray(0, length);
}
