/** What is said of a model besides its tensors: by a person, in a config.json, in the file's metadata, in this order. */
import { UserError } from '../../../userError';
import type { NamedWeights } from './published';

/** Of transformers' and others' classes: before this stands the model's type. */
const endOfClass = /(Model|ForCausalLM|LMHeadModel)$/;

export class Said {
  constructor(private readonly weights: Pick<NamedWeights, 'answers' | 'config' | 'metadata' | 'file'>) {}

  /** Null where nothing is said. */
  text(name: string): string | null {
    const { answers, config, metadata } = this.weights;
    const found = own(answers.options, name) ?? own(config ?? {}, name) ?? own(metadata, name);
    return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : null;
  }

  /** Which model it is, as transformers calls it, or much like that where only its class is said. Null where nothing says it. */
  type(): string | null {
    const said = this.text('type') ?? this.text('model_type');
    if (said !== null) return said;
    const classes = own(this.weights.config ?? {}, 'architectures');
    const first: unknown = Array.isArray(classes) ? classes[0] : null;
    if (typeof first !== 'string') return null;
    return first.replace(endOfClass, '').toLowerCase();
  }

  /** A whole number above 0 under the first of these names that has one; null where none has. */
  number(...names: readonly string[]): number | null {
    const values = names.map((name) => Number(this.text(name) ?? NaN));
    return values.find((value) => Number.isSafeInteger(value) && value > 0) ?? null;
  }

  /** A finite number above 0; null where none is said. Throws a UserError for anything else. */
  positive(name: string): number | null {
    const said = this.text(name);
    if (said === null) return null;
    const value = Number(said);
    if (value > 0 && value < Infinity) return value;
    throw new UserError('error.torch.variant', this.weights.file, name, said, '> 0');
  }

  /** Throws a UserError where something else is said than the one value that is computed here. */
  mustBe(name: string, expected: string): void {
    const found = this.text(name);
    if (found !== null && found !== expected)
      throw new UserError('error.torch.variant', this.weights.file, name, found, expected);
  }
}

function own(from: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(from, name) ? (from[name] ?? undefined) : undefined;
}
