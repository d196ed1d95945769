/** An attribute's texts, as readers give them: one or a list; some readers leave the zeros in that fill a field. Null for anything else. */
export function textsOf(value: unknown): readonly string[] | null {
  const all = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return all.every((each) => typeof each === 'string') ? all.map((each) => each.replace(/\0+$/, '')) : null;
}
