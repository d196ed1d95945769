/** Formulas as elements: letters in italics, what stands after _ and ^ lowered and raised. */
import { element } from './dom';

/** `r_t = log₁₀(‖∂ℓ_τ/∂h_t‖)`; more than one letter lowered or raised stands in braces: `δ_{τ→t}`. */
export function formula(source: string): HTMLElement {
  const made = element('p', { class: 'formula', attributes: { dir: 'ltr' } });
  for (const { groups = {} } of source.matchAll(
    /(?<kind>[_^])(?:\{(?<braced>[^}]*)\}|(?<single>.))|(?<plain>[^_^]+)/gu,
  )) {
    const { kind, braced, single, plain } = groups as Partial<Record<'kind' | 'braced' | 'single' | 'plain', string>>;
    if (plain !== undefined) made.append(plain);
    else made.append(element(kind === '_' ? 'sub' : 'sup', { text: braced ?? single ?? '' }));
  }
  return made;
}
