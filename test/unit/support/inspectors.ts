/** Inspectors of small random stacks. */
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { createBackend } from '../../../src/engine/backend';
import { Inspector } from '../../../src/engine/inspect/inspector';
import { optionsOf, type CellName } from '../../../src/layers/catalog';
import type { LayerOptions } from '../../../src/layers/options';
import { surroundingsOf } from '../../../src/protocol/settings';
import { randomModel } from './models';

export interface StackOfTwo {
  readonly cell: CellName;
  readonly hiddenSize: number;
  readonly letters: readonly string[];
  readonly options: LayerOptions;
  /** Null: tokens are read one-hot. */
  readonly embeddingSize: number | null;
}

/** Of two layers with what usually stands around them, in training. */
export async function inspectorOf({ cell, letters, options, ...sizes }: StackOfTwo): Promise<Inspector> {
  const config = uniformModel({
    ...plainStack,
    ...surroundingsOf(cell),
    ...sizes,
    cell,
    activation: 'tanh',
    layers: 2,
    vocabularySize: letters.length,
    options: optionsOf(cell, options),
  });
  const { parameters } = randomModel(config, 3, 1);
  return new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: true,
    vocabulary: new Vocabulary(letters),
    backend: await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity),
  });
}
