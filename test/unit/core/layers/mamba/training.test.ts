/** Training's float32 beside PyTorch in float64, the whole model: windows with the state carried, cut ones, and sequences with padding, on both backends. */
import type { Parameters } from '../../../../../src/core/model/parameters';
import { makeLearningNetwork, type LearningNetwork } from '../../../../../src/core/network';
import { createBackend } from '../../../../../src/engine/backend';
import { enableRelaxedSimd } from '../../../../../src/engine/relaxedSimd';
import { assertClose, assertNear } from '../../../../reference/compare';
import {
  drawParameters,
  mambaCaseNames,
  readMambaCase,
  type MambaCase,
  type MambaWindow,
} from '../../../../reference/mambaVectors';
import { mambaConfig, setMambaParameters } from '../../../support/mamba';
import { backendNames, type TestBackend } from '../../../support/models';

enableRelaxedSimd();

const tolerance = 1e-5;
/** Of a step's own norm, which may be a small difference of large gradients. */
const stepTolerance = 1e-4;

for (const name of mambaCaseNames) {
  const found = readMambaCase(name);
  for (const backend of backendNames) {
    describe(`Mamba ${name} in training on ${backend}: within 1e-4 of PyTorch in float64`, () => {
      for (const window of found.stream) {
        it(`a stream’s second window, ${window.truncation === null ? 'whole' : `cut every ${window.truncation} steps`}`, async () => {
          const network = await networkFor(backend, found, 2);
          await readWindow(network, found.before, found.before);
          network.tape.carryState();
          await assertWindow(network, window);
          network.tape.carryState();
          const { carried } = network.tape;
          window.states?.forEach(({ h, conv }, layer) => {
            const [scan, inputs] = carried.filter((state) => state.layer === layer);
            assertClose(scan.values, h, tolerance, `h of layer ${layer}`);
            assertClose(inputs.values, oldestFirst(conv, found), tolerance, `inputs of layer ${layer}`);
          });
        });
      }

      it('sequences of several lengths', async () => {
        await assertWindow(await networkFor(backend, found, 3), found.sequences);
      });
    });
  }
}

/** [B, E, K − 1] → [B, K − 1, E]. */
function oldestFirst(values: readonly number[], { width, expand, convolution }: MambaCase): number[] {
  const [E, slots] = [expand * width, convolution - 1];
  return values.map((_, i) => {
    const [b, slot, e] = [Math.floor(i / (E * slots)), Math.floor(i / E) % slots, i % E];
    return values[(b * E + e) * slots + slot];
  });
}

async function networkFor(backend: TestBackend, found: MambaCase, batch: number): Promise<LearningNetwork> {
  const config = mambaConfig(found);
  const made = await createBackend({ backend, threads: 1 }, 1, Infinity);
  const network = made.build(batch, (arena, products) =>
    makeLearningNetwork(arena, config, { steps: 6, batch }, products),
  );
  setMambaParameters(network.parameters, drawParameters(found));
  return network;
}

/** @param targets of each stream, as long as its inputs */
async function readWindow(
  { tape, forward }: LearningNetwork,
  inputs: readonly (readonly number[])[],
  targets: readonly (readonly number[])[],
): Promise<void> {
  const steps = Math.max(...inputs.map(({ length }) => length));
  tape.inputs.fill(-1);
  tape.targets.fill(-1);
  inputs.forEach((ids, b) => {
    ids.forEach((id, t) => {
      tape.inputs[t * inputs.length + b] = id;
      tape.targets[t * inputs.length + b] = targets[b][t];
    });
    tape.lengths[b] = ids.length;
  });
  tape.resize(steps);
  await forward.run();
}

async function assertWindow(network: LearningNetwork, window: MambaWindow): Promise<void> {
  const { tape, backward } = network;
  await readWindow(network, window.inputs, window.targets);
  assertNear(tape.loss, window.loss, tolerance, 'loss');
  backward.clearCarried();
  await backward.run({ truncation: window.truncation ?? 0 });
  assertGradients(backward.gradient, window);
  window.totals.forEach(({ h, conv }, layer) => {
    const [[ofScan, ofInputs]] = backward.totals[layer];
    h.forEach((value, t) => assertNear(ofScan[t], value, stepTolerance, `‖∂L/∂h‖ of layer ${layer}, step ${t}`));
    conv.forEach((value, t) => assertNear(ofInputs[t], value, stepTolerance, `inputs of layer ${layer}, step ${t}`));
  });
  window.inputTotals.forEach((values, boundary) =>
    backward.inputs[boundary]
      ?.subarray(0, values.length)
      .forEach((value, t) => assertNear(value, values[t], stepTolerance, `boundary ${boundary}, step ${t}`)),
  );
}

function assertGradients(gradient: Parameters, { gradients }: MambaWindow): void {
  const { embedding, output, finalNorm, norms, layers } = gradient;
  const found: Record<string, Float32Array | undefined> = {
    embedding: embedding ?? undefined,
    'output.W': output.W,
    'output.b': output.b,
    finalNorm: finalNorm?.gamma,
  };
  layers.forEach(([{ own }], layer) => {
    for (const [role, values] of Object.entries(own)) found[`layer${layer}.${role}`] = values;
    found[`layer${layer}.norm`] = norms[layer][0]?.gamma;
  });
  for (const [name, expected] of Object.entries(gradients)) assertClose(found[name] ?? [], expected, tolerance, name);
}
