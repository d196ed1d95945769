/** What one layer of a model is, before it has parameters. */
import type { Activation } from './activation';
import type { CellName } from './catalog';
import type { NormName } from './norm';
import { areSameOptions, type LayerOptions } from './options';

export interface LayerConfig {
  readonly cell: CellName;
  /** Of a kind that leaves it open; ignored by the others. */
  readonly activation: Activation;
  /** H. */
  readonly hiddenSize: number;
  /** It also reads the window from its end; what both directions give side by side is its output. */
  readonly bidirectional: boolean;
  /** What stands before the layer, or before each of its sublayers. */
  readonly norm: NormName;
  /** What it reads is added to what it gives: y = x + layer(norm(x)). */
  readonly residual: boolean;
  /** What else can be chosen for its kind, all of it; what other kinds have is dropped. */
  readonly options: LayerOptions;
}

export function isSameLayer(a: LayerConfig, b: LayerConfig): boolean {
  return (
    a.cell === b.cell &&
    a.activation === b.activation &&
    a.hiddenSize === b.hiddenSize &&
    a.bidirectional === b.bidirectional &&
    a.norm === b.norm &&
    a.residual === b.residual &&
    areSameOptions(a.options, b.options)
  );
}
