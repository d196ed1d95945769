/** What is said of a model besides its tensors: by a person, in a config.json, in the file's metadata, in this order. */
import type { NamedWeights } from './published';

export class Said {
  constructor(private readonly weights: Pick<NamedWeights, 'answers' | 'config' | 'metadata'>) {}

  /** Null where nothing is said. */
  text(name: string): string | null {
    const { answers, config, metadata } = this.weights;
    const found = own(answers.options, name) ?? own(config ?? {}, name) ?? own(metadata, name);
    return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : null;
  }

  /** A whole number above 0 under the first of these names that has one; null where none has. */
  number(...names: readonly string[]): number | null {
    const found = names.map((name) => this.positive(name)).find((value) => value !== null && Number.isInteger(value));
    return found ?? null;
  }

  /** A finite number above 0; null where none is said. */
  positive(name: string): number | null {
    const value = Number(this.text(name) ?? NaN);
    return value > 0 && value < Infinity ? value : null;
  }
}

function own(from: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(from, name) ? (from[name] ?? undefined) : undefined;
}
