/** Lyapunov exponents: of an LSTM with PyTorch's first weights, and of the random network of which the literature has numbers. */
import { matrix, setProduct } from '../../src/core/float64/matrixProduct';
import { readInFloat64 } from '../../src/core/float64/float64Trace';
import { plainStack, uniformModel } from '../../src/core/model/config';
import { Parameters } from '../../src/core/model/parameters';
import { generalModelOf } from '../../src/core/model/plainModel';
import { Random } from '../../src/core/model/random';
import { carriedStates, type CarriedState } from '../../src/core/spectra/carriedState';
import { lyapunovSpectrum } from '../../src/core/spectra/lyapunov';
import { createBackend } from '../../src/engine/backend';

const noPause = () => Promise.resolve();

export interface ExponentsRequest {
  readonly hidden: number;
  readonly steps: number;
  readonly vocabulary: number;
  /** K. */
  readonly count: number;
  readonly times: number;
  readonly reads: boolean;
}

interface Spent {
  /** Of one time. */
  readonly seconds: number;
  readonly processor: number;
}

/** The exponents of a text that has been read, and with `reads` its reading too. */
export async function exponents(request: ExponentsRequest): Promise<Spent & { readonly largest: number }> {
  const { hidden, steps, vocabulary, count, times, reads } = request;
  await createBackend({ backend: 'ort', threads: 1 }, 1, Infinity);
  const config = uniformModel({
    ...plainStack,
    ...{ cell: 'lstm', activation: 'tanh', layers: 1, hiddenSize: hidden, vocabularySize: vocabulary },
  });
  const random = Random.fromSeed(1);
  const parameters = new Parameters(config);
  const bound = 1 / Math.sqrt(hidden);
  for (const i of parameters.values.keys()) parameters.values[i] = random.between(-bound, bound);
  const model = generalModelOf(config, parameters);
  const ids = Int32Array.from({ length: steps }, () => Math.floor(random.uniform() * vocabulary));
  const trace = readInFloat64(model, ids, ids);
  let largest = NaN;
  const work = async () => {
    const [state] = carriedStates(reads ? readInFloat64(model, ids, ids) : trace);
    [largest] = (await lyapunovSpectrum(state, count, noPause)).exponents;
  };
  await work();
  const [start, before] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < times; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - start) / 1000 / times, processor: (user + system) / 1e6 / times, largest };
}

export interface GaussianRequest {
  readonly size: number;
  readonly gain: number;
  readonly steps: number;
  readonly seed: number;
}

/** The largest exponent of x ← W tanh(x), W_ij ~ N(0, gain² / size), after as many steps to forget where it began. */
export async function gaussianExponent({ size: n, gain, steps, seed }: GaussianRequest): Promise<{ exponent: number }> {
  const random = Random.fromSeed(seed);
  const W = Float64Array.from({ length: n * n }, () => (gain * random.normal()) / Math.sqrt(n));
  const x = Float64Array.from({ length: n }, () => random.normal());
  const given = new Float64Array(n);
  const through = (v: Float64Array, k: number) => {
    const out = new Float64Array(n * k);
    setProduct(matrix(out, k), matrix(W, n), matrix(v, k), n, k, n);
    v.set(out);
  };
  const move = () => {
    for (let i = 0; i < n; i++) given[i] = Math.tanh(x[i]);
    x.set(given);
    through(x, 1);
  };
  for (let t = 0; t < steps / 4; t++) move();
  const state: CarriedState = {
    direction: 'forward',
    order: Int32Array.from({ length: steps }, (_, t) => t),
    size: n,
    blocks: [
      {
        size: n,
        logFactors: null,
        advance: (_, V, k) => {
          for (let i = 0; i < n; i++) {
            const slope = 1 - Math.tanh(x[i]) ** 2;
            for (let c = 0; c < k; c++) V[i * k + c] *= slope;
          }
          through(V, k);
          move();
        },
      },
    ],
  };
  const {
    exponents: [exponent],
  } = await lyapunovSpectrum(state, 1, noPause);
  return { exponent };
}
