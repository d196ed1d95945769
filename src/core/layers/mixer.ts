/**
 * What a sublayer of a mixer computes in float32, a window at a time; its arrays lie in an arena. Around it stand norm and residual, which are the stack's work
 * (src/core/layers/around.ts): x → norm → mixer → + x. Rows are time-major: (t, b) at t·B + b.
 */
import type { Arena } from '../../kernels/arena';
import type { LayerSizes } from '../../layers/parameters';
import type { Products } from '../products';

/** Parameters of the layer, those of all its sublayers, by role; one that the layer does not have is missing. */
export type MixerParameters = Readonly<Partial<Record<string, Float32Array>>>;

export interface MixerPass {
  /** T and B. */
  readonly steps: number;
  readonly batch: number;
  /** [B]: steps of each stream; null where all have T. What lies behind is padding: nothing of it may reach what is before it, nor any gradient. */
  readonly lengths: Int32Array | null;
  /** [T·B, I], not to be changed. */
  readonly x: Float32Array;
  readonly parameters: MixerParameters;
}

export interface MixerBackPass extends MixerPass {
  /** [T·B, O]: ∂L/∂y; zero in padding. Not to be changed. */
  readonly above: Float32Array;
  /** [T·B, I], out: ∂L/∂x; zero in padding. */
  readonly below: Float32Array;
  /** Out: ∂L/∂parameters of the window, of this sublayer's alone. */
  readonly gradient: MixerParameters;
  /** k2: gradients do not pass from step t to t − 1 where k2 divides t, by any state; 0 for no such cut. Refused at the entrance for kinds without states. */
  readonly truncation: number;
}

export interface Mixer {
  /** [T·B, O]; in padding whatever. */
  readonly output: Float32Array;
  /** Of each state [B, width], in the order of the sublayer's: on entry of `forward` what is carried in, on return what is carried out. */
  readonly states: readonly Float32Array[];
  /** Of each state [T]: ‖∂L/∂s_t‖ over units and streams, of the last backward. */
  readonly totals: readonly Float64Array[];
  forward(pass: MixerPass): Promise<void>;
  /** After `forward` of the same window. Takes up what its last window sent back, unless that has been cleared. */
  backward(pass: MixerBackPass): Promise<void>;
  /** Forgets the gradient of what comes after the window. */
  clearCarried(): void;
}

export interface MixerRoom {
  /** Most steps of a window, and its streams. */
  readonly steps: number;
  readonly batch: number;
  /** A gradient will be wanted; without, nothing need be kept for it. */
  readonly learns: boolean;
}

/**
 * Called by `Arena.build`, so twice: the first time every array is empty.
 * @param sizes those of the sublayer: I is what it reads, H of all but the first
 */
export type MakeMixer = (arena: Arena, sizes: LayerSizes, room: MixerRoom, products: Products) => Mixer;
