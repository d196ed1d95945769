/** Models of test/vectors/spectra.py. */
import { readFileSync } from 'node:fs';
import { readInFloat64, type Float64Trace } from '../../../../src/core/float64/float64Trace';
import { carriedStates, type CarriedState } from '../../../../src/core/spectra/carriedState';
import { jacobianOf } from '../../../../src/core/spectra/jacobian';
import { checkConfig, plainLayer, uniformModel, plainStack, type ModelConfig } from '../../../../src/core/model/config';
import type { GeneralModel } from '../../../../src/core/model/generalModel';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import type { CellName } from '../../../../src/layers/catalog';
import type { Activation } from '../../../../src/layers/activation';
import type { NormName } from '../../../../src/layers/norm';
import type { OptionValue } from '../../../../src/layers/options';
import { Parameters } from '../../../../src/core/model/parameters';
import { parametersOf as mambaFormula, formula as formulaOfKinds } from '../../support/formulaModels';

interface LayerCase {
  readonly cell: CellName;
  readonly hidden: number;
  readonly activation?: Activation;
  readonly directions?: number;
  readonly norm?: NormName;
  readonly residual?: boolean;
  readonly positive?: boolean;
  readonly peepholes?: boolean;
  readonly inputForget?: boolean;
  readonly before?: boolean;
}

export interface DirectionCase {
  readonly shown: readonly (readonly number[])[];
  readonly singularValues: readonly (readonly number[])[];
  readonly exponents: readonly number[] | null;
  readonly logDeterminant: number | null;
  readonly byLag: readonly (readonly number[])[];
}

export interface SpectrumCase {
  readonly name: string;
  readonly layers: readonly LayerCase[];
  readonly directions: readonly DirectionCase[];
}

export const vectors = JSON.parse(readFileSync('test/vectors/data/spectra.json', 'utf8')) as {
  readonly vocabulary: number;
  readonly ids: readonly number[];
  readonly shown: readonly number[];
  readonly lags: readonly number[];
  readonly cases: readonly SpectrumCase[];
  readonly mamba: {
    readonly settings: Readonly<Record<string, unknown>> & { readonly hidden: number; readonly norm: NormName };
    readonly shown: readonly (readonly number[])[];
    readonly exponents: readonly number[];
    readonly byLag: readonly (readonly number[])[];
  };
};

const { vocabulary, ids } = vectors;
/** The formula's parameter that peepholes are. */
const peepholes = 90;

/** Element k of parameter p. */
function formula(p: number, k: number): number {
  return 0.7 * Math.sin(1 + 0.7 * p + 1.3 * k * k);
}

function parametersOf(config: ModelConfig): Parameters {
  const parameters = new Parameters(config);
  parameters.layout.entries.forEach((entry, p) => {
    const isScale = entry.role.endsWith('gamma');
    parameters.view(entry).forEach((_, k, values) => {
      values[k] = isScale ? 1 + 0.3 * formula(p, k) : formula(p, k);
    });
  });
  return parameters;
}

/** What the file's text is to the model: its last token is only a target. */
export function readIds(model: GeneralModel): Float64Trace {
  const inputs = Int32Array.from(ids);
  return readInFloat64(model, inputs, inputs);
}

export function modelOf({ layers }: SpectrumCase): GeneralModel {
  const config = checkConfig({
    layers: layers.map(
      ({ cell, hidden, activation = 'tanh', directions = 1, norm = 'none', residual = false, positive }) => ({
        ...plainLayer,
        ...{ cell, activation, hiddenSize: hidden, bidirectional: directions === 2, norm, residual },
        options: (positive === undefined ? {} : { positive }) as Readonly<Record<string, OptionValue>>,
      }),
    ),
    vocabularySize: vocabulary,
    embeddingSize: null,
    tied: false,
    objective: layers.some(({ directions }) => directions === 2) ? 'masked' : 'next',
    finalNorm: 'none',
  });
  const general = generalModelOf(config, parametersOf(config));
  return {
    ...general,
    layers: general.layers.map((layer, l) => ({
      ...layer,
      linearBeforeReset: !layers[l].before,
      inputForget: layers[l].inputForget ?? false,
      directions: layer.directions.map((direction) => ({
        ...direction,
        peepholes: layers[l].peepholes
          ? Float64Array.from({ length: 3 * layer.hiddenSize }, (_, k) => formula(peepholes, k))
          : null,
      })),
    })),
  };
}

export function mambaModel(): GeneralModel {
  const { settings } = vectors.mamba;
  const { hidden, norm } = settings;
  const named = ['stateSize', 'expand', 'convolution', 'rank', 'projectionBiases'] as const;
  const config: ModelConfig = uniformModel({
    ...plainStack,
    cell: 'mamba',
    activation: 'tanh',
    layers: 1,
    bidirectional: false,
    hiddenSize: hidden,
    options: Object.fromEntries(named.map((name) => [name, settings[name] as OptionValue])),
    vocabularySize: vocabulary,
    embeddingSize: hidden,
    norm,
    residual: true,
    finalNorm: 'none',
    tied: true,
    objective: 'next',
  });
  return generalModelOf(config, mambaParameters(config));
}

/** As kinds.py draws them: some lie elsewhere than the formula says. */
function mambaParameters(config: ModelConfig): Parameters {
  const parameters = mambaFormula(config);
  for (const entry of parameters.layout.entries) {
    const values = parameters.view(entry);
    const S = entry.shape.at(1) ?? 1;
    const p = parameters.layout.entries.indexOf(entry);
    for (const k of values.keys()) {
      if (entry.role === 'D') values[k] = 1 + 0.3 * formulaOfKinds(p, k);
      if (entry.role === 'b_dt') values[k] = formulaOfKinds(p, k) - 2;
      if (entry.role === 'A_log') values[k] = formulaOfKinds(p, k) + Math.log(1 + (k % S));
    }
  }
  return parameters;
}

export const noPause = (): Promise<void> => Promise.resolve();

export function statesOf(model: GeneralModel): CarriedState[] {
  return carriedStates(readIds(model));
}

/** Of all blocks, which stand along its diagonal. */
export function wholeJacobian({ blocks, size, order }: CarriedState, visited: number): Float64Array {
  const whole = new Float64Array(size * size);
  let first = 0;
  for (const block of blocks) {
    const J = jacobianOf(block, order[visited]);
    for (let i = 0; i < block.size; i++)
      whole.set(J.subarray(i * block.size, (i + 1) * block.size), (first + i) * size + first);
    first += block.size;
  }
  return whole;
}
