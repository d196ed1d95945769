/** A layer's parameters by role, in either precision. */

/** Throws where the layer lacks it, which its description excludes. */
export function parameter<V>(
  { parameters }: { readonly parameters: Readonly<Partial<Record<string, V>>> },
  role: string,
): V {
  const values = parameters[role];
  if (values === undefined) throw new Error(`an attention layer without ${role}`);
  return values;
}
