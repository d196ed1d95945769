/** Arrays that are kept from use to use, so that what computes block after block leaves no garbage. */
const kept = new Map<string, Float64Array>();

/** So many doubles of any values, good until the next call with this name. */
export function scratch(name: string, length: number): Float64Array {
  let found = kept.get(name);
  // Twice as long, since what is asked for grows with the targets: one array each time would be garbage each time.
  if (!found || found.length < length)
    kept.set(name, (found = new Float64Array(Math.max(length, 2 * (found?.length ?? 0)))));
  return found.subarray(0, length);
}
