/** What a checkpoint has to be, of whatever model. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import type { ModelConfig } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import type { Parameters } from '../../../src/core/model/parameters';
import { Random } from '../../../src/core/model/random';
import { makeNetwork } from '../../../src/core/network';
import { createBackend } from '../../../src/engine/backend';
import { flushSubnormals, InferenceSession, Tensor } from '../../../src/engine/onnxRuntime';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { assertClose } from '../../reference/compare';

const [T, B] = [11, 3];

/** Away from the first values, which are small, and from norms that do nothing. */
export function parametersOf(config: ModelConfig): Parameters {
  const parameters = initialize(config, Random.fromSeed(5));
  const random = Random.fromSeed(6);
  parameters.values.forEach((value, i) => (parameters.values[i] = value + 0.3 * random.normal()));
  return parameters;
}

/** A checkpoint of this model predicts on ONNX Runtime what the engine predicts, to 1e-5, and is read back as it was. V is 26 at most. */
export async function assertCheckpoint({
  config,
  parameters,
}: {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
}): Promise<void> {
  const { vocabularySize: V } = config;
  const vocabulary = new Vocabulary(Array.from('abcdefghijklmnopqrstuvwxyz').slice(0, V));
  const bytes = encodeCheckpoint({ config, parameters, vocabulary, step: 3 });
  const read = decodeCheckpoint(bytes, 'model.onnx');
  assert.deepEqual(read.config, config);
  assert.deepEqual(read.parameters.values, parameters.values);

  const ids = Int32Array.from({ length: T * B }, (_, i) => (i * i + 3 * i) % V);
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  const network = backend.build(B, (arena, products) => makeNetwork(arena, config, { steps: T, batch: B }, products));
  network.parameters.values.set(parameters.values);
  network.tape.inputs.set(ids);
  network.tape.targets.fill(0);
  await network.forward.run();

  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3, extra: { session: flushSubnormals } });
  const feeds = { ids: new Tensor('int64', BigInt64Array.from(Array.from(ids), BigInt), [T, B]) };
  const { logits } = await session.run(feeds);
  assert.deepEqual(logits.dims, [T, B, V]);
  const probabilities = Float32Array.from(logits.data as Float32Array, Math.exp);
  for (let row = 0; row < T * B; row++) {
    const own = probabilities.subarray(row * V, (row + 1) * V);
    const sum = own.reduce((all, each) => all + each, 0);
    own.forEach((value, v) => (own[v] = value / sum));
  }
  assertClose(probabilities, network.tape.probabilities, 1e-5, 'probabilities');
}
