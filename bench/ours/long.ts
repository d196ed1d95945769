/** Exact gradients over long texts: in segments, and on one tape where that fits. */
import { availableParallelism } from 'node:os';
import { SegmentedBackward } from '../../src/core/backward/segmented';
import { plainStack, uniformModel, type StackConfig } from '../../src/core/model/config';
import { initialize } from '../../src/core/model/initialize';
import { Random } from '../../src/core/model/random';
import { makeLearningNetwork, type LearningNetwork } from '../../src/core/network';
import { createBackend } from '../../src/engine/backend';
import { segmentSteps } from '../../src/engine/inspect/longReport';
import type { CellName } from '../../src/layers/catalog';
import type { LayerOptions } from '../../src/layers/options';

export interface LongRequest {
  readonly hidden: number;
  readonly vocabulary: number;
  /** T. */
  readonly steps: number;
  /** An LSTM unless given, … */
  readonly cell?: CellName;
  readonly options?: LayerOptions;
  /** … and with nothing around it. */
  readonly around?: Pick<StackConfig, 'norm' | 'finalNorm' | 'residual' | 'tied'>;
}

interface LongText {
  readonly network: LearningNetwork;
  readonly ids: Uint8Array;
}

/** A random text and a model of one layer with a tape of `tapeSteps`. */
async function longText(
  { hidden, vocabulary, steps, cell = 'lstm', options = {}, around }: LongRequest,
  tapeSteps: number,
): Promise<LongText> {
  const config = uniformModel({
    ...plainStack,
    ...(around && { ...around, embeddingSize: hidden }),
    cell,
    options,
    activation: 'tanh',
    layers: 1,
    hiddenSize: hidden,
    vocabularySize: vocabulary,
  });
  const random = Random.fromSeed(1);
  const backend = await createBackend({ backend: 'ort', threads: null }, availableParallelism(), Infinity);
  const network = backend.build(1, (arena, products) =>
    makeLearningNetwork(arena, config, { steps: tapeSteps, batch: 1 }, products),
  );
  network.parameters.values.set(initialize(config, random).values);
  return { network, ids: Uint8Array.from({ length: steps + 1 }, () => Math.floor(random.between(0, vocabulary))) };
}

async function segmented(request: LongRequest): Promise<() => Promise<Float32Array>> {
  const { network, ids } = await longText(request, Math.min(segmentSteps, request.steps));
  const long = new SegmentedBackward(network, ids);
  return async () => {
    await long.run(() => undefined);
    return network.backward.gradient.values;
  };
}

async function whole(request: LongRequest): Promise<() => Promise<Float32Array>> {
  const { network, ids } = await longText(request, request.steps);
  const { tape, forward, backward } = network;
  tape.inputs.set(ids.subarray(0, -1));
  tape.targets.set(ids.subarray(1));
  return async () => {
    tape.clearState();
    await forward.run();
    backward.clearCarried();
    await backward.run({ truncation: 0 });
    return backward.gradient.values;
  };
}

/** Milliseconds that each way is run, so that a short text is not measured before it is compiled; and from which a gradient is long enough to be measured at once. */
const timeout = 1500;
const isLong = 5000;

/** Seconds of one gradient, the best after a warm-up, and the most memory that this process has had. */
export async function longGradient(
  request: LongRequest & { readonly segmented: boolean },
): Promise<{ seconds: number; bytes: number }> {
  const gradient = await (request.segmented ? segmented : whole)(request);
  let seconds = Infinity;
  const end = performance.now() + timeout;
  for (let round = 0; round < 3 || performance.now() < end; round++) {
    const start = performance.now();
    await gradient();
    const took = performance.now() - start;
    if (round > 0 || took > isLong) seconds = Math.min(seconds, took / 1000);
    if (took > isLong) break;
  }
  return { seconds, bytes: process.resourceUsage().maxRSS * 1024 };
}

/** max |a − b| / max |b| over all parameters, a in segments, b on one tape. */
export async function longDifference(request: LongRequest): Promise<{ difference: number }> {
  const a = await (await segmented(request))();
  const b = await (await whole(request))();
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { difference: a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / largest };
}
