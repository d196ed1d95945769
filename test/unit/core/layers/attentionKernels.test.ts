/** The sublayers of attention in float32, by both backends and on several threads, beside the same in float64. */
import { strict as assert } from 'node:assert';
import { KernelProducts } from '../../../../src/core/kernelProducts';
import { sublayers } from '../../../../src/core/layers/attention';
import type { Float64Mixer } from '../../../../src/core/layers/float64Mixer';
import { Random } from '../../../../src/core/model/random';
import { OrtProducts } from '../../../../src/engine/products/ortProducts';
import { enableRelaxedSimd } from '../../../../src/engine/relaxedSimd';
import { createThreadPool, type WorkerThreadPool } from '../../../../src/engine/threads/threadPool';
import { Arena } from '../../../../src/kernels/arena';
import { attention } from '../../../../src/layers/kinds/attention';
import type { LayerOptions } from '../../../../src/layers/options';
import type { LayerSizes } from '../../../../src/layers/parameters';
import { assertClose } from '../../../reference/compare';

type SublayerName = keyof typeof sublayers;

interface Case {
  readonly sublayer: SublayerName;
  readonly steps: number;
  readonly lengths: readonly number[];
  readonly input: number;
  readonly hidden: number;
  readonly options: LayerOptions;
}

const options = { heads: 2, positions: 'learned', context: 64, biases: true };
const cases: readonly Case[] = [
  { sublayer: 'positions', steps: 9, lengths: [9, 9, 9], input: 6, hidden: 6, options },
  { sublayer: 'positions', steps: 9, lengths: [9, 0, 5], input: 6, hidden: 6, options },
  { sublayer: 'mha', steps: 1, lengths: [1], input: 8, hidden: 8, options },
  { sublayer: 'mha', steps: 37, lengths: [37, 37, 37], input: 24, hidden: 24, options },
  { sublayer: 'mha', steps: 37, lengths: [12, 37, 0, 1, 25], input: 24, hidden: 24, options },
  // Heads of sizes that are no multiple of the kernels' lanes, and an input of another width.
  { sublayer: 'mha', steps: 14, lengths: [14, 13], input: 7, hidden: 15, options: { ...options, heads: 3 } },
  { sublayer: 'mha', steps: 26, lengths: [26, 9], input: 12, hidden: 12, options: { ...options, heads: 12 } },
  {
    sublayer: 'mha',
    steps: 30,
    lengths: [30, 17, 30],
    input: 20,
    hidden: 20,
    options: { ...options, positions: 'rotary', biases: false },
  },
  {
    sublayer: 'mha',
    steps: 64,
    lengths: [64, 64],
    input: 32,
    hidden: 32,
    options: { ...options, positions: 'rotary' },
  },
  { sublayer: 'mlp', steps: 11, lengths: [11, 4], input: 10, hidden: 10, options },
  { sublayer: 'mlp', steps: 7, lengths: [7], input: 13, hidden: 13, options: { ...options, biases: false } },
];

const rolesOf: Readonly<Record<SublayerName, readonly string[]>> = {
  positions: ['P'],
  mha: ['Wqkv', 'bqkv', 'Wo', 'bo'],
  mlp: ['W1', 'b1', 'W2', 'b2'],
};

const nameOf = ({ sublayer, steps, lengths, hidden, options: chosen }: Case) =>
  `${sublayer}, T ${steps}, lengths ${lengths.join(' ')}, D ${hidden}, heads ${chosen['heads']}, ${chosen['positions']}`;

describe('the sublayers of attention in float32', () => {
  let pool: WorkerThreadPool;
  let ort: OrtProducts;
  before(() => {
    enableRelaxedSimd();
    pool = createThreadPool(2);
    ort = new OrtProducts(1);
  });
  after(() => pool.end());

  for (const one of cases)
    for (const way of ['relaxed', 'plain', 'threads', 'ort'] as const)
      it(`${nameOf(one)}, ${way}: output and gradients are those of float64`, async () => {
        const { sublayer, steps: T, lengths, input: I, hidden: D } = one;
        const B = lengths.length;
        const sizes: LayerSizes = { input: I, hidden: D, options: one.options, layer: 0, layers: 1, below: [] };
        const shapes = attention.parameters.flatMap(({ role, shape }) => {
          const found = (shape as (of: LayerSizes) => readonly number[] | null)(sizes);
          return found && rolesOf[sublayer].includes(role) ? [[role, found.reduce((a, b) => a * b, 1)] as const] : [];
        });
        const made = Arena.build(
          (arena) => {
            const products = way === 'ort' ? ort : new KernelProducts(arena);
            return {
              mixer: sublayers[sublayer].make(arena, sizes, { steps: T + 2, batch: B, learns: true }, products),
              x: arena.floats(T * B * I),
              above: arena.floats(T * B * D),
              below: arena.floats(T * B * I),
              parameters: Object.fromEntries(shapes.map(([role, length]) => [role, arena.floats(length)])),
              gradient: Object.fromEntries(shapes.map(([role, length]) => [role, arena.floats(length)])),
            };
          },
          way === 'threads' ? { pool } : way === 'ort' ? {} : { simd: way },
        );
        const random = Random.fromSeed(T + 100 * D);
        const { mixer, x, above, below, parameters, gradient } = made;
        for (const values of [x, ...Object.values(parameters)])
          for (let i = 0; i < values.length; i++) values[i] = 0.7 * random.normal();
        for (let t = 0; t < T; t++)
          for (let b = 0; b < B; b++)
            for (let i = 0; i < D; i++) above[(t * B + b) * D + i] = t < lengths[b] ? random.normal() : 0;
        const pass = { steps: T, batch: B, lengths: Int32Array.from(lengths), x, parameters };
        // Twice: what one window leaves behind must not reach the next.
        for (let time = 0; time < 2; time++) {
          await mixer.forward(pass);
          await mixer.backward({ ...pass, above, below, gradient, truncation: 0 });
        }
        const doubles = (values: Record<string, Float32Array>) =>
          Object.fromEntries(Object.entries(values).map(([role, of]) => [role, Float64Array.from(of)]));
        const sums = Object.fromEntries(shapes.map(([role, length]) => [role, new Float64Array(length)]));
        const twin = sublayers[sublayer].float64 as Float64Mixer;
        const layer = { ...sizes, parameters: doubles(parameters) };
        const streamOf = (values: Float32Array, b: number, width: number) =>
          Float64Array.from(
            { length: lengths[b] * width },
            (_, i) => values[(Math.floor(i / width) * B + b) * width + (i % width)],
          );
        lengths.forEach((length, b) => {
          const trace = twin.forward(layer, streamOf(x, b, I), length);
          assertClose(streamOf(mixer.output, b, D), trace.output, 1e-5, `output of stream ${b}`);
          const down = new Float64Array(length * I);
          twin.backward(layer, trace, streamOf(above, b, D), down, sums, []);
          assertClose(streamOf(below, b, I), down, 1e-5, `∂x of stream ${b}`);
          for (let t = length; t < T; t++)
            assert.ok(below.subarray((t * B + b) * I, (t * B + b + 1) * I).every((value) => value === 0));
        });
        for (const [role, sum] of Object.entries(sums)) assertClose(gradient[role], sum, 1e-5, `∂${role}`);
      });
});
