/** What a cell is: the recurrence of one layer, forward and backward. Each cell is one file in this folder. */
import type { Kernels } from '../../../kernels/arena';
import type { GraphBuilder } from '../../onnx/graphBuilder';
import type { Activation, CellName } from '../config';
import type { LayerTape } from '../tape';

/** Names of the tensors a cell's part of the graph reads. Shapes: see `Parameters`; time T, batch B. */
export interface GraphInputs {
  /** [T, B, I]. */
  readonly x: string;
  /** [T·B, I], the same. */
  readonly x2d: string;
  /** [1, G·H, I], [1, G·H, H], [1, 2·G·H]. */
  readonly W: string;
  readonly R: string;
  readonly B: string;
  /** [G·H, I], [G·H, H], [G·H], [G·H]: the same parameters without the direction axis. */
  readonly W2d: string;
  readonly R2d: string;
  readonly Wb: string;
  readonly Rb: string;
  /** [1, B, H]. */
  readonly initialHidden: string;
  readonly initialCell: string;
}

export interface CellSettings {
  readonly hiddenSize: number;
  readonly activation: Activation;
}

/** Buffers of one backward step, in the tape's arena. Rows of pre-activation gradients are [B, G·H], gates side by side in ONNX order. */
export interface StepGradients {
  /** In: ∂L/∂h_t. [B, H]. */
  readonly hidden: Float32Array;
  /** In: the part of ∂L/∂c_t that comes through c_{t+1}; out: ∂L/∂c_{t−1} through c_t. [B, H]; LSTM only. */
  readonly cellState: Float32Array;
  /** Out: ∂L/∂c_t, whole. [B, H]; LSTM only. */
  readonly cellTotal: Float32Array;
  /** Out: gradient of the pre-activations as W and Wb see it, … */
  readonly input: Float32Array;
  readonly inputOffset: number;
  /** … and as R and Rb see it; the same array and offset unless `recurrentDiffers`. */
  readonly recurrent: Float32Array;
  readonly recurrentOffset: number;
  /** Out: the part of ∂L/∂h_{t−1} that does not pass through R. [B, H]. */
  readonly previousHidden: Float32Array;
}

export interface Cell {
  readonly name: CellName;
  /** G: blocks of H rows in W, R and the biases. */
  readonly gateCount: number;
  /** Activations the backward pass needs besides the states. */
  readonly saved: readonly string[];
  readonly hasCellState: boolean;
  /** Which of the gate blocks is the forget gate's, from 0; null for a cell without one. */
  readonly forgetGateBlock: number | null;
  /** The gradient of the pre-activations is not the same on the W side and on the R side. */
  readonly recurrentDiffers: boolean;
  /** ONNX operator of this recurrence: its name and attributes besides hidden_size. */
  operator(settings: CellSettings): { opType: string; attributes: Record<string, number | string[]> };
  /**
   * Adds the nodes that compute the saved activations of all steps at once from x and from all h_{t−1} ([T·B, H]), which the
   * operator's own output gives. Returns their names, [T·B, H] each, in the order of `saved` as far as the graph computes them.
   */
  addSaved(graph: GraphBuilder, inputs: GraphInputs, previousHidden2d: string, outputs: (saved: string) => string): void;
  /** After the graph: fills what it does not compute (the LSTM's cell states). */
  complete(kernels: Kernels, tape: LayerTape, steps: number, size: number): void;
  /**
   * One step forward without a graph. `input` holds W x_t + Wb and `recurrent` R h_{t−1} + Rb, [B, G·H] each, at their offsets;
   * writes state row t + 1 and the saved activations of step t.
   */
  forwardStep(tape: LayerTape, step: number, batch: number, settings: CellSettings, input: Float32Array, inputOffset: number, recurrent: Float32Array): void;
  /** The element-wise part of one step backward: the kernel in src/kernels/assembly, where its equations stand. */
  backwardStep(kernels: Kernels, tape: LayerTape, step: number, batch: number, settings: CellSettings, gradients: StepGradients): void;
}
