/** The forward pass and the large products on ONNX Runtime's CPU provider. Sessions are made once and fed the weights. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Products } from '../../core/backward/products';
import { cellOf } from '../../core/model/cells/registry';
import { inputSize, type ModelConfig } from '../../core/model/config';
import type { Parameters } from '../../core/model/parameters';
import type { Forward, Tape } from '../../core/model/tape';
import { GraphBuilder } from '../../core/onnx/graphBuilder';
import { names, trainingModel } from '../../core/onnx/languageModelGraph';
import { dataType, encodeModel, type ModelProto } from '../../core/onnx/messages';

type Tensors = Record<string, Tensor>;

function sessionOptions(threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Threads that spin while they wait take the processor from the kernels and from the editor.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

/** A tensor over these very elements; nothing is copied. */
function over(data: Float32Array, shape: readonly number[]): Tensor {
  return new Tensor('float32', data, shape);
}

export class OrtForward implements Forward {
  readonly backend = 'ort';
  /** Feeds and fetches of each tape, made once: they are views of the tape's own arrays. */
  private readonly bindings = new WeakMap<Tape, { feeds: Tensors; fetches: Tensors }>();

  private constructor(
    private readonly config: ModelConfig,
    private readonly parameters: Parameters,
    private readonly session: InferenceSession,
  ) {}

  static async create(config: ModelConfig, parameters: Parameters, threads: number): Promise<OrtForward> {
    const session = await InferenceSession.create(encodeModel(trainingModel(config)), sessionOptions(threads));
    return new OrtForward(config, parameters, session);
  }

  async run(tape: Tape): Promise<void> {
    let binding = this.bindings.get(tape);
    if (!binding) this.bindings.set(tape, (binding = this.bind(tape)));
    await this.session.run(binding.feeds, binding.fetches);
    const { hiddenSize } = this.config;
    for (const layer of tape.layers) cellOf(this.config.cell).complete(tape.arena.kernels, layer, tape.steps, tape.batch * hiddenSize);
  }

  async release(): Promise<void> {
    await this.session.release();
  }

  private bind(tape: Tape): { feeds: Tensors; fetches: Tensors } {
    const { steps: T, batch: B } = tape;
    const { hiddenSize: H, vocabularySize: V } = this.config;
    const cell = cellOf(this.config.cell);
    const width = cell.gateCount * H;
    const size = B * H;
    const feeds: Tensors = {
      [names.ids]: new Tensor('int32', tape.inputs, [T, B]),
      [names.targets]: new Tensor('int32', tape.targets, [T, B]),
      [names.outputW]: over(this.parameters.output.W, [V, H]),
      [names.outputB]: over(this.parameters.output.b, [V]),
    };
    const fetches: Tensors = {
      [names.probabilities]: over(tape.probabilities, [T * B, V]),
      [names.targetLogProbabilities]: over(tape.targetLogProbabilities, [T * B, 1]),
    };
    tape.layers.forEach(({ hidden, cellState, saved }, layer) => {
      const { W, R, B: bias } = this.parameters.layers[layer];
      feeds[names.W(layer)] = over(W, [1, width, inputSize(this.config, layer)]);
      feeds[names.R(layer)] = over(R, [1, width, H]);
      feeds[names.B(layer)] = over(bias, [1, 2 * width]);
      feeds[names.initialHidden(layer)] = over(hidden.subarray(0, size), [1, B, H]);
      if (cell.hasCellState) feeds[names.initialCell(layer)] = over(cellState.subarray(0, size), [1, B, H]);
      fetches[names.hidden(layer)] = over(hidden.subarray(size), [T, 1, B, H]);
      for (const [name, values] of Object.entries(saved)) fetches[names.saved(layer, name)] = over(values, [T * B, H]);
    });
    return { feeds, fetches };
  }
}

/** Matrix products as graphs of one Gemm. */
export class OrtProducts implements Products {
  private constructor(
    private readonly plain: InferenceSession,
    private readonly transposed: InferenceSession,
  ) {}

  static async create(threads: number): Promise<OrtProducts> {
    const session = (transA: number) => InferenceSession.create(encodeModel(productModel(transA)), sessionOptions(threads));
    return new OrtProducts(await session(0), await session(1));
  }

  async multiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void> {
    await this.plain.run({ a: over(a, [m, k]), b: over(b, [k, n]) }, { out: over(out, [m, n]) });
  }

  async transposedMultiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void> {
    await this.transposed.run({ a: over(a, [k, m]), b: over(b, [k, n]) }, { out: over(out, [m, n]) });
  }

  async release(): Promise<void> {
    await this.plain.release();
    await this.transposed.release();
  }
}

function productModel(transA: number): ModelProto {
  const graph = new GraphBuilder();
  graph.input('a', dataType.float, ['a0', 'a1']);
  graph.input('b', dataType.float, ['b0', 'b1']);
  graph.node('Gemm', ['a', 'b'], { transA }, 'out');
  graph.output('out', dataType.float, ['m', 'n']);
  return { irVersion: 8, graph: graph.build('product'), opsetImport: [{ domain: '', version: 18 }], metadataProps: [] };
}
