/** The parts of a layer that norm and residual stand around, one after another: a recurrent layer is one of them, a mixer can be several. */
import { kindOf } from '../../layers/catalog';
import { normParameters, type NormName, type NormRole } from '../../layers/norm';
import { always, type ParameterDescription } from '../../layers/parameters';
import { outputSize, sizesOf, type ModelConfig } from './config';

export interface Sublayer {
  /** Empty of a layer's only one. */
  readonly name: string;
  /** What it reads, and what it gives. */
  readonly inputSize: number;
  readonly outputSize: number;
  readonly norm: NormName;
  readonly residual: boolean;
  /** Names of its states, in the order of its code. */
  readonly states: readonly string[];
}

/** In the order in which they are computed. */
export function sublayersOf(config: ModelConfig, layer: number): readonly Sublayer[] {
  const own = config.layers[layer];
  const { mixer, states } = kindOf(own.cell);
  const sizes = sizesOf(config, layer);
  const { norm, residual } = own;
  const parts = mixer ? mixer.sublayers(sizes) : [{ name: '', states: states.map(({ name }) => name) }];
  return parts.map(({ name, states: ofPart, ...part }, index) => ({
    name,
    inputSize: index === 0 ? sizes.input : outputSize(own),
    outputSize: outputSize(own),
    ...('around' in part ? { norm: 'none' as const, residual: true } : { norm, residual }),
    states: ofPart,
  }));
}

/** How the norm before a sublayer is called in files: `norm`, `mlp.norm`. */
export function normName({ name }: Pick<Sublayer, 'name'>): string {
  return name === '' ? 'norm' : `${name}.norm`;
}

/** The parameters of a norm over what a sublayer reads. @param name of the norm */
export function normDescriptions(
  norm: NormName,
  name: string,
): readonly { readonly role: NormRole; readonly parameter: ParameterDescription }[] {
  if (norm === 'none') return [];
  return normParameters[norm].map(({ role, first }) => ({
    role,
    parameter: {
      role: `${name}.${role}`,
      shape: ['input'],
      initialization: { first: () => always(first) },
      tensor: `${name}.${role}`,
      torch: null,
    },
  }));
}
