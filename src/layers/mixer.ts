/**
 * What a *mixer* is to everyone who does not compute it: a layer that computes a whole window by itself, what it gives being none of its states. It reads
 * forward only. What it computes is in a folder of its own under src/core/layers, a `Mixer` and a `Float64Mixer` for each of its sublayers.
 */
import type { LayerOptions, OptionDescription } from './options';
import type { Message } from '../messages';
import type { NormName } from './norm';
import type { LayerSizes, ParameterDescription } from './parameters';
import type { LayerDescription, NotApplicable, StateDescription, UnitMapDescription } from './recurrent';

/**
 * One of the parts that a mixer is made of, one after another: attention is `mha`, then `mlp`. Around each of them stand the layer's norm and residual, with
 * parameters of its own.
 */
export interface SublayerDescription {
  /** In the names of its norm's parameters, behind the layer's own: `layer0.mlp.norm.gamma`. Empty of the only one. */
  readonly name: string;
  /** Names of its states, which are among those of the kind. */
  readonly states: readonly string[];
  /**
   * What stands around it, if it is not the layer's norm and residual: `added` to what it reads, without a norm and whatever the setting, as a table of
   * positions is.
   */
  readonly around?: 'added';
}

/** What stands around the layers of a stack. */
export interface Surroundings {
  readonly norm: NormName;
  readonly finalNorm: NormName;
  readonly residual: boolean;
}

/** Of recurrent layers, unless something else is chosen. */
export const bare: Surroundings = { norm: 'none', finalNorm: 'none', residual: false };

export interface MixerDescription extends LayerDescription {
  /** In the order of files; those of all sublayers. No role is W, R, Wb or Rb. */
  readonly parameters: readonly ParameterDescription[];
  /** The first one carries the gradient farthest. */
  readonly states: readonly StateDescription[];
  readonly unitMaps: readonly UnitMapDescription[];
  readonly options: readonly OptionDescription[];
  /** In the order in which they are computed; every one but the first reads and gives H numbers. */
  readonly sublayers: (sizes: LayerSizes) => readonly SublayerDescription[];
  /** Most steps it can read, as its options have it; null for no limit. */
  readonly context: (options: LayerOptions) => number | null;
  /**
   * Throws a UserError for sizes and options that do not go together, as heads that do not divide the width: one sentence that says what, where and what to do.
   * @param place "layer 2", for the sentence
   */
  readonly check: (sizes: LayerSizes, place: Message) => void;
  /** Throws a UserError where windows of so many steps would leave a part of a new layer without training. @param steps T, of every window */
  readonly checkWindow?: (sizes: LayerSizes, steps: number) => void;
  /** As it was published; what a stack of it has unless something else is chosen. */
  readonly surroundings: Surroundings;
  /**
   * How many heads it has, each with a weight for every pair of a target and a source: what the one takes of the other. Of a kind in which steps do not read each
   * other so it is missing.
   */
  readonly heads?: (options: LayerOptions) => number;
  /** Its width is a multiple of this. */
  readonly widthStep: (options: LayerOptions) => number;
  /**
   * In a model whose lowest layer is of this kind, the standard deviation of the embedding and of the output's weights at the start, with a bias of zeros; null where
   * they begin as those of recurrent layers do.
   */
  readonly deviationAround: number | null;
  /** `truncation` is not applicable to a mixer without states. */
  readonly notApplicable: NotApplicable;
}

/** What a recurrent cell has and a mixer has not. */
const notRecurrent = {
  gates: [],
  activation: 'fixed',
  forgetGate: null,
  onnx: null,
  torch: null,
} as const;

/** The kind of layer that is this mixer. */
export function mixer<const Description extends MixerDescription>(
  description: Description,
): Description & typeof notRecurrent & { readonly mixer: MixerDescription } {
  return { ...description, ...notRecurrent, mixer: description };
}
