/**
 * What other extensions get of Backflow: `vscode.extensions.getExtension<BackflowApi>('backflow.backflow')?.activate()`. This file needs
 * nothing of the others, to be copied. Described in docs/api.md.
 */
import type { CancellationToken, Uri } from 'vscode';

export interface BackflowApi {
  /** Of this interface; it grows when something is added, and what is there stays. */
  readonly version: 1;
  /**
   * How gradients flow back through a text. Computed in a process of its own; the text goes nowhere else, and nothing is shown or written.
   * @throws Error with a sentence for a person when the model or the text cannot be used, or when it is canceled
   */
  flow(text: string, options: FlowOptions): Promise<Flow>;
  /** The model that is open or in training in this window, as a file or folder for `FlowOptions.model`; undefined if there is none. */
  readonly currentModel: Uri | undefined;
}

export interface FlowOptions {
  /** A run's folder, whose newest checkpoint is taken, or a model's file: `.onnx`, `.safetensors`, one of `torch.save` (`.pt`) or of Keras (`.keras`). */
  readonly model: Uri;
  /** Step whose loss is traced back, 0 … number of tokens − 2; the last unless given. */
  readonly target?: number;
  /** Powers of ten relative to the target's own step; −3 and 2 unless given. */
  readonly thresholds?: { readonly vanishing: number; readonly exploding: number };
  readonly cancellation?: CancellationToken;
}

/** Of T input tokens, all of the text's but the last, which is only predicted. */
export interface Flow {
  /** Mean −ln p of the predicted tokens, nats. */
  readonly loss: number;
  /** The T inputs, as the model reads them: characters, words or what else its tokens are, and its unknown symbol for those it does not know. */
  readonly tokens: readonly string[];
  /** T + 1: where each of them begins in the text, and the last token, in UTF-16 units. */
  readonly starts: Uint32Array;
  /** T + 1: where each ends. The bytes of one character all have its place; between words there can be spaces. */
  readonly ends: Uint32Array;
  readonly target: number;
  /** The lowest first, each direction by itself; without layers that carry no state, such as attention. */
  readonly layers: readonly FlowLayer[];
  /** By what is read at each boundary between layers, the lowest first; of every model, also of one without states. */
  readonly inputs: readonly FlowInput[];
}

/** What the gradient of the target does on its way back. */
export interface FlowSeries {
  /** T: log₁₀ of the gradient of the target's loss at each step; NaN where it cannot reach the target, −Infinity where it is exactly zero. */
  readonly gradient: Float64Array;
  /** T: the norm of the gradient of the mean loss. */
  readonly total: Float64Array;
  /** Smallest number of tokens back at which the gradient has vanished; null if it never does. */
  readonly horizon: number | null;
  /**
   * Of a series that neither falls nor grows with distance: log₁₀ of its mean relative to the target's own step, and its slope, nats per token. Where it crosses a threshold
   * is chance then, and the horizon says nothing. Null of any other.
   */
  readonly level: { readonly log10: number; readonly slope: number } | null;
  /** First and last step, both inside. */
  readonly regions: readonly { readonly kind: 'vanishing' | 'exploding'; readonly from: number; readonly to: number }[];
}

/** By x_t at one boundary. */
export interface FlowInput extends FlowSeries {
  /** 0: the token or its embedding, which the lowest layer reads; N, the number of layers: what the output layer reads. */
  readonly boundary: number;
}

/** By the hidden state h_t of one layer. */
export interface FlowLayer extends FlowSeries {
  readonly layer: number;
  readonly direction: 'forward' | 'backward';
  /** T: ‖h_t‖. */
  readonly hidden: Float64Array;
}
