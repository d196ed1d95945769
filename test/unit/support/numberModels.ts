/** Models of numbers, and what they are trained on: the sum of the marked values. */
import { NumberCorpusReader } from '../../../src/core/corpus/numberCorpus';
import { NumberSequences } from '../../../src/core/corpus/numberSequences';
import { vocabularyOfNumbers } from '../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type ModelConfig, type StackConfig } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import type { Parameters } from '../../../src/core/model/parameters';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { Random } from '../../../src/core/model/random';
import { createBackend, type Backend } from '../../../src/engine/backend';
import { Inspector } from '../../../src/engine/inspect/inspector';
import { Trainer } from '../../../src/engine/train/trainer';
import type { CellName } from '../../../src/layers/catalog';
import { defaultTrainingSettings, type TrainingSettings } from '../../../src/protocol/settings';

export const kinds: readonly CellName[] = ['rnn', 'lstm', 'gru', 'minGRU', 'minLSTM'];
export const noPause = (): Promise<void> => Promise.resolve();

export function configOf(stack: Partial<StackConfig> & Pick<StackConfig, 'cell'>): ModelConfig {
  return uniformModel({
    ...{ ...plainStack, activation: 'tanh', layers: 1, hiddenSize: 12 },
    ...{ objective: 'squaredError', features: 2, vocabularySize: 1 },
    ...stack,
  });
}

type NumberCorpus = ReturnType<NumberCorpusReader['end']> & { readonly lines: readonly string[] };

/** The sum of the marked values. */
export function corpus(sequences: number, steps: (i: number) => number): NumberCorpus {
  const random = Random.fromSeed(7);
  const lines = Array.from({ length: sequences }, (_, i) => {
    let sum = 0;
    const rows = Array.from({ length: steps(i) }, (_row, t) => {
      const [value, mark] = [random.between(0, 1).toFixed(3), t % 3 === 0 ? 1 : 0];
      sum += mark * Number(value);
      return `${value},${mark}`;
    });
    return `${rows.join(' ')} = ${sum.toFixed(3)}`;
  });
  const reader = new NumberCorpusReader();
  reader.add(lines.join('\n'));
  return { ...reader.end(), lines };
}

export const few = corpus(24, (i) => 3 + (i % 4));
export const text = few.lines[3];

export function readerOf({ numbers, ends }: NumberCorpus, batch: number, seed: number | null = 1): NumberSequences {
  return new NumberSequences({ ends, first: 0, last: ends.length }, { batch, seed, longest: 1000 }, numbers);
}

export const wasm = (): Promise<Backend> => createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);

export async function trainerOf(
  config: ModelConfig,
  settings: Partial<TrainingSettings>,
  reader: NumberSequences,
  backend?: Backend,
): Promise<Trainer> {
  const all = { ...defaultTrainingSettings, batch: reader.batch, learningRate: 0.02, ...settings };
  return Trainer.create(
    config,
    all,
    initialize(config, Random.fromSeed(all.seed), all),
    reader,
    backend ?? (await wasm()),
  );
}

export async function inspectorOf(config: ModelConfig, parameters: Parameters, isLive = false): Promise<Inspector> {
  return new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive,
    vocabulary: vocabularyOfNumbers(),
    backend: await wasm(),
  });
}
