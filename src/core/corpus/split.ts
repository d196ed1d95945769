/** The corpus in two parts: the first nine tenths to train on, the rest for validation. */
export function splitCorpus(ids: Int32Array): { training: Int32Array; validation: Int32Array } {
  const cut = Math.ceil(ids.length * 0.9);
  return { training: ids.subarray(0, cut), validation: ids.subarray(cut) };
}
