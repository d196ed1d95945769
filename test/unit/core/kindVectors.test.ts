/** minGRU, minLSTM, Mamba and attention with every option that changes code, beside PyTorch in float64 (test/vectors/kinds.py): training, inspection, both precisions. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { inputMatrixInFloat64 } from '../../../src/core/float64/float64InputMatrix';
import { float64Gradient, type Float64Gradient } from '../../../src/core/float64/float64Backward';
import { perTargetInFloat64 } from '../../../src/core/float64/float64PerTarget';
import { readInFloat64 } from '../../../src/core/float64/float64Trace';
import { isMixer, plainStack, uniformModel, type ModelConfig } from '../../../src/core/model/config';
import { ofRole } from '../../../src/core/model/directionParameters';
import { Parameters, type ParameterEntry } from '../../../src/core/model/parameters';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { Random } from '../../../src/core/model/random';
import { normName, sublayersOf } from '../../../src/core/model/sublayers';
import { makeLearningNetwork, type LearningNetwork } from '../../../src/core/network';
import { createBackend } from '../../../src/engine/backend';
import { kindOf, type CellName } from '../../../src/layers/catalog';
import type { NormName } from '../../../src/layers/norm';
import type { OptionValue } from '../../../src/layers/options';
import { assertNear } from '../../reference/compare';
import {
  assertGradients,
  assertParameters,
  formula,
  load,
  type ByEntry,
  type Inspection,
  type Run,
} from '../support/formulaModels';
import { backendNames, readProbe, type TestBackend } from '../support/models';

interface KindCase extends Readonly<Record<string, unknown>> {
  readonly cell: CellName;
  readonly layers: number;
  readonly directions: number;
  readonly hidden: number;
  readonly norm: NormName;
  readonly residual: boolean;
  readonly finalNorm: NormName;
  readonly tied: boolean;
  readonly truncation: number | null;
  readonly inspection: Inspection;
  readonly training: Readonly<Record<'stream' | 'sequences', Run>>;
}

interface KindFile {
  readonly vocabulary: number;
  readonly target: number;
  readonly cases: readonly KindCase[];
}

const kinds = ['minGRU', 'minLSTM', 'mamba', 'attention'] as const;
const depths = [1, 2, 4];
const fileOf = (kind: CellName) => JSON.parse(readFileSync(`test/vectors/data/kinds/${kind}.json`, 'utf8')) as KindFile;
/** Of training's float32. */
const tolerance = 1e-4;
/** Of a step's norm that is a small difference of large gradients: of the largest of the series, since float32 rounds those. */
const ofLargest = 1e-5;
const noPause = () => Promise.resolve();

function optionsOf(each: KindCase): Readonly<Record<string, OptionValue>> {
  return Object.fromEntries(
    kindOf(each.cell).options.flatMap(({ name }) => (name in each ? [[name, each[name] as OptionValue]] : [])),
  );
}

function configOf(vocabularySize: number, each: KindCase): ModelConfig {
  const { cell, layers, directions, hidden, norm, residual, finalNorm, tied } = each;
  return uniformModel({
    ...plainStack,
    cell,
    activation: 'tanh',
    layers,
    bidirectional: directions === 2,
    hiddenSize: hidden,
    options: optionsOf(each),
    vocabularySize,
    embeddingSize: directions * hidden,
    norm,
    residual,
    finalNorm,
    tied,
    objective: directions === 2 ? 'masked' : 'next',
  });
}

/** The formula, with what the script adds so that scales are near 1, steps small and factors apart. */
function parametersOf(config: ModelConfig): Parameters {
  const parameters = new Parameters(config);
  parameters.layout.entries.forEach((entry, p) => {
    const columns = entry.shape[entry.shape.length - 1];
    const isScale = entry.role.endsWith('gamma') || entry.role === 'D';
    parameters.view(entry).forEach((_, k, values) => {
      const value = formula(p, k);
      if (isScale) values[k] = 1 + 0.3 * value;
      else if (entry.role === 'b_dt') values[k] = value - 2;
      else if (entry.role === 'A_log') values[k] = value + Math.log(1 + (k % columns));
      else values[k] = value;
    });
  });
  return parameters;
}

async function networkFor(
  backend: TestBackend,
  config: ModelConfig,
  steps: number,
  batch: number,
): Promise<LearningNetwork> {
  const made = await createBackend({ backend, threads: 1 }, 1, Infinity);
  const network = made.build(batch, (arena, products) =>
    makeLearningNetwork(arena, config, { steps, batch }, products),
  );
  network.parameters.values.set(parametersOf(config).values);
  return network;
}

/** Of float32: half a unit in the last place. */
const halfUlp = 2 ** -24;

/**
 * To what relative error any float32 can have the gradients of a case: 1e-4, but where deep layers stand behind norms without a residual, as large as what rounding
 * the weights once more does to the exact gradients. (Of four such layers that is 2e-3; PyTorch's own float32 is off by 7e-4 there.)
 */
function float32Tolerance(config: ModelConfig, { layers, norm, residual, inspection: { ids } }: KindCase): number {
  if (layers < Math.max(...depths) || norm === 'none' || residual) return tolerance;
  const totalsOf = (parameters: Parameters) =>
    float64Gradient(
      readInFloat64(
        generalModelOf(config, parameters),
        Int32Array.from(ids.slice(0, -1)),
        Int32Array.from(ids.slice(1)),
      ),
    ).inputs;
  const exact = totalsOf(parametersOf(config));
  const random = Random.fromSeed(1);
  let largest = tolerance;
  for (let trial = 0; trial < 12; trial++) {
    const rounded = parametersOf(config);
    // A little more than half, so that the next number is nearer.
    rounded.values.forEach((value, i, values) => {
      values[i] = value * (1 + (random.uniform() < 0.5 ? -1.1 : 1.1) * halfUlp);
    });
    totalsOf(rounded).forEach((norms, boundary) =>
      norms?.forEach((value, t) => {
        const before = exact[boundary]?.[t] ?? 0;
        if (before > 0) largest = Math.max(largest, Math.abs(value - before) / before);
      }),
    );
  }
  return largest;
}

/** Of a window's mean loss, its streams one by one. */
function gradientInFloat64(config: ModelConfig, { windows: [{ inputs, targets }] }: Run): ByEntry {
  const parameters = parametersOf(config);
  const model = generalModelOf(config, parameters);
  const n = inputs.reduce((sum, { length }) => sum + length, 0);
  const sums = new Map(parameters.layout.entries.map((entry) => [entry, new Float64Array(entry.length)]));
  inputs.forEach((ids, b) => {
    if (ids.length === 0) return;
    const found = float64Gradient(readInFloat64(model, Int32Array.from(ids), Int32Array.from(targets[b])));
    for (const [entry, sum] of sums) {
      const values = entryOf(found, config, entry);
      for (let i = 0; i < sum.length; i++) sum[i] += (values[i] * ids.length) / n;
    }
  });
  return { layout: parameters.layout, view: (entry) => sums.get(entry) ?? [] };
}

function entryOf(
  found: Float64Gradient,
  config: ModelConfig,
  { layer, role, direction }: ParameterEntry,
): Float64Array {
  const isNorm = /(?:^|\.)norm\.(gamma|beta)$/.exec(role)?.[1] as 'gamma' | 'beta' | undefined;
  if (layer < 0) {
    const whole =
      role === 'embedding' ? found.embedding : isNorm ? found.norm?.[isNorm] : found.output[role as 'W' | 'b'];
    return whole ?? new Float64Array(0);
  }
  if (!isNorm) return ofRole(found.layers[layer][direction === 'backward' ? 1 : 0], role);
  const sublayer = sublayersOf(config, layer).findIndex((each) => role.startsWith(`${normName(each)}.`));
  return found.norms[layer][sublayer]?.[isNorm] ?? new Float64Array(0);
}

function nameOf(each: KindCase): string {
  const { layers, norm, residual, finalNorm, tied, truncation, directions } = each;
  const words = [
    ...Object.entries(optionsOf(each)).map(([name, value]) => `${name} ${String(value)}`),
    norm,
    `then ${finalNorm}`,
    ...(residual ? ['residual'] : []),
    ...(tied ? ['tied'] : []),
    ...(truncation ? ['truncated'] : []),
    ...(directions > 1 ? ['both ways'] : []),
  ];
  return `${layers} layers, ${words.join(', ')}`;
}

for (const kind of kinds) {
  const file = fileOf(kind);
  const { target, vocabulary, cases } = file;

  describe(`${kind} with its options, beside PyTorch`, () => {
    it('has vectors of every depth with every two values of two options together', () => {
      const names = ['norm', 'residual', 'tied', ...kindOf(kind).options.map(({ name }) => name)];
      for (const layers of depths) {
        const own = cases.filter((each) => each.layers === layers);
        const varied = names.filter((name) => new Set(own.map((each) => each[name])).size > 1);
        for (const [i, a] of varied.entries())
          for (const b of varied.slice(i + 1))
            for (const value of new Set(own.map((each) => each[a])))
              for (const other of new Set(own.map((each) => each[b]))) {
                // Sizes go together.
                if (['stateSize', 'expand', 'convolution', 'rank'].includes(a) && /Size|expand|conv|rank/.test(b))
                  continue;
                assert.ok(
                  own.some((each) => each[a] === value && each[b] === other),
                  `${layers} layers, ${a} ${String(value)}, ${b} ${String(other)}`,
                );
              }
      }
    });

    for (const each of cases) {
      const config = configOf(vocabulary, each);
      const { inspection, training, truncation } = each;
      const { ids } = inspection;

      for (const backend of backendNames)
        it(`${nameOf(each)}, on ${backend}`, async () => {
          const own = float32Tolerance(config, each);
          for (const { windows, losses, gradients } of Object.values(training)) {
            const steps = Math.max(...windows.flatMap(({ inputs }) => inputs.map(({ length }) => length)));
            const batch = windows[0].inputs.length;
            const network = await networkFor(backend, config, steps, batch);
            for (const [number, window] of windows.entries()) {
              load(network.tape, window);
              await network.forward.run();
              assertNear(network.tape.loss, losses[number], 1e-5, `loss of window ${number}`);
              if (number < windows.length - 1) network.tape.carryState();
            }
            await network.backward.run({ truncation: truncation ?? 0 });
            assertParameters(network.backward.gradient, gradients, own);
          }
          const { tape, forward, backward } = await networkFor(backend, config, ids.length - 1, 1);
          tape.inputs.set(ids.slice(0, -1));
          tape.targets.set(ids.slice(1));
          await forward.run();
          await backward.run({ truncation: 0 });
          assertGradients(backward.totals, backward.inputs, inspection.total, own, 'total', ofLargest);
          // What flows through a mixer from single targets is computed in float64 alone.
          if (isMixer({ cell: kind })) return;
          const { perTarget } = await readProbe(backend, config, parametersOf(config), ids);
          const flows = await perTarget.run(target);
          assertGradients(flows, perTarget.inputs, inspection.perTarget, 1e-3, 'log₁₀');
        });

      it(`${nameOf(each)}, in float64`, async () => {
        const model = generalModelOf(config, parametersOf(config));
        const trace = readInFloat64(model, Int32Array.from(ids.slice(0, -1)), Int32Array.from(ids.slice(1)));
        assertNear(trace.loss, inspection.loss, 1e-7, 'loss');
        const { totals, inputs } = float64Gradient(trace);
        assertGradients(totals, inputs, inspection.total, 1e-6, 'total');
        const found = await perTargetInFloat64(trace, target);
        assertGradients(found.norms, found.inputs, inspection.perTarget, 1e-6, 'log₁₀');
        if (truncation === null)
          assertParameters(gradientInFloat64(config, training.sequences), training.sequences.gradients, 1e-6);
        const rows = await inputMatrixInFloat64(trace, noPause);
        inspection.perTarget.inputs[0].forEach((value, t) => {
          if (value !== null) assertNear(rows[target * trace.steps + t], value, 1e-6, `row τ, step ${t}`, true);
        });
      });
    }
  });
}
