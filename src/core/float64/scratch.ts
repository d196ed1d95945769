/** Arrays that are kept from use to use, so that what computes block after block leaves no garbage. */
const kept = new Map<string, Float64Array>();

/** So many doubles of any values, good until the next call with this name. */
export function scratch(name: string, length: number): Float64Array {
  let found = kept.get(name);
  if (!found || found.length < length) kept.set(name, (found = new Float64Array(length)));
  return found.subarray(0, length);
}
