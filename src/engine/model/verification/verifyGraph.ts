/** Whether graph mode computes what ONNX Runtime computes: the file's graph is run by both on the same tokens, and must predict the same. */
import { OperatorError } from '../../../core/graph/operatorError';
import { Tape } from '../../../core/graph/tape';
import { Variable } from '../../../core/graph/variable';
import type { Tensor } from '../../../core/graph/tensor';
import { dataType, type GraphProto } from '../../../formats/onnx/messages';
import type { GraphLanguageModel } from '../../../modelFiles/onnx/graphMode/recognize';
import { idsTensor, otherTensor } from '../../../modelFiles/onnx/graphMode/inputs';
import { logProbabilities } from '../../../modelFiles/onnx/graphMode/losses';
import {
  beginningOfText,
  runText,
  scoreRows,
  type GraphUse,
  type ScoreRow,
  type ScoresPlace,
} from '../../../modelFiles/onnx/graphMode/textRun';
import type { Verification } from '../../../protocol/model';
import { UserError } from '../../../userError';
import { inTurns, type Pause } from '../../inspect/graph/inTurns';
import type { PlainTensor, PlainTensors } from '../../runtime/calls';
import type { RuntimeProcess } from '../../runtime/runtimeProcess';
import { differenceOf, limits } from './compareRuns';
import { numbersOf, type LoadedGraph, type ModelFile } from './evaluator';
import { tensorOf } from './graphUse';
import { runtimeEvaluator } from './runtimeEvaluator';
import type { Verified } from './verify';

/** Tokens at most, by the way the graph is run; fewer where rounding errors grow, or the numbers do not stay finite. */
const lengths = { whole: [64, 8], single: [16, 4], prefixes: [8, 4] } as const;
/** Multiply-adds that our own run may take, about a second, beyond the fewest tokens. */
const maxWork = 1e9;

type Scored = GraphUse & { readonly scores: ScoresPlace };

/** @param ids tokens of the text; a graph with a fixed number of steps is compared by what it was tried with */
export async function verifyGraph(
  runtime: RuntimeProcess,
  file: ModelFile,
  { program, use, parameterCount, tried }: GraphLanguageModel,
  ids: ArrayLike<number>,
  pause: Pause,
): Promise<Verified> {
  const { scores } = use;
  if (!scores) return { verification: null, notices: [] };
  const scored = { ...use, scores };
  try {
    if (!(await runtime.isAvailable())) return { verification: null, notices: [] };
    const carried = use.carried.map(({ output }) => output);
    const graph = await runtimeEvaluator(runtime).load(file, [scores.name, ...carried]);
    try {
      // Runs of a fixed, perhaps large number of steps need not be made again.
      if (tried)
        return { verification: await compared(graph, file.proto.graph, scored, tried.ids, tried.rows), notices: [] };
      let found: Verification | null = null;
      for (const steps of stepsToTry(scored, ids.length, parameterCount)) {
        const tokens = Int32Array.from({ length: steps }, (_, t) => ids[t % ids.length]);
        const own = await inTurns(runText(program, scored, tokens, new Tape()), pause);
        found = await compared(graph, file.proto.graph, scored, tokens, scoreRows(own, scored, scores));
        if (found.agrees) break;
      }
      return { verification: found, notices: [] };
    } finally {
      await graph.close();
    }
  } catch (thrown) {
    if (thrown instanceof UserError) return { verification: null, notices: [thrown] };
    // A text that the graph does not take: reading it says so.
    if (thrown instanceof OperatorError) return { verification: null, notices: [] };
    throw thrown;
  }
}

function stepsToTry({ way }: Scored, available: number, parameters: number): number[] {
  const [most, least] = lengths[way];
  const affordable = Math.max(least, Math.floor(maxWork / Math.max(1, parameters)));
  return Array.from(new Set([Math.min(most, affordable), least].map((steps) => Math.min(steps, available))));
}

async function compared(
  graph: LoadedGraph,
  proto: GraphProto,
  use: Scored,
  tokens: Int32Array,
  rows: readonly ScoreRow[],
): Promise<Verification> {
  const { scores } = use;
  const { outputs, isHalf } = await outputsOf(graph, proto, use, tokens, rows.length);
  const ofRuntime = rows.map(({ step, offset, stride }, i) => {
    const tensor: Tensor = { kind: 'float', shape: [outputs[i].length], data: outputs[i] };
    const form = scores.isBeforeSoftmax ? 'probabilities' : scores.form;
    return logProbabilities({ step, variable: new Variable(tensor, ''), offset, stride }, scores.size, form);
  });
  const ofGraph = rows.map((row) => logProbabilities(row, scores.size, scores.form));
  const limit = isHalf ? limits.float16 : limits.float32;
  const difference = differenceOf(joined(ofRuntime), joined(ofGraph));
  return {
    by: 'onnxRuntime',
    of: 'graph',
    tokens: tokens.length,
    difference,
    limit,
    agrees: difference <= limit,
    disagreement: null,
  };
}

/**
 * What the runtime gives for the scores of each step that the run answers for, the whole tensor each.
 * @param count of those steps
 */
async function outputsOf(
  graph: LoadedGraph,
  proto: GraphProto,
  use: Scored,
  tokens: Int32Array,
  count: number,
): Promise<{ readonly outputs: readonly Float64Array[]; readonly isHalf: boolean }> {
  const { scores, carried } = use;
  if (use.way !== 'single') {
    const results = await graph.run(feedsOf(proto, use, tokens, 0), [scores.name]);
    const output = numbersOf(results[scores.name]);
    return {
      outputs: Array.from({ length: count }, () => output),
      isHalf: results[scores.name].type === 'float16',
    };
  }
  const outputs: Float64Array[] = [];
  let isHalf = false;
  let handedOn: PlainTensors = {};
  for (let t = 0; t < tokens.length; t++) {
    const feeds = { ...feedsOf(proto, use, tokens.subarray(t, t + 1), beginningOfText.position + t), ...handedOn };
    const results = await graph.run(feeds, [scores.name, ...carried.map(({ output }) => output)]);
    outputs.push(numbersOf(results[scores.name]));
    isHalf ||= results[scores.name].type === 'float16';
    handedOn = Object.fromEntries(carried.map(({ input, output }) => [input, results[output]]));
  }
  return { outputs, isHalf };
}

/** What graph mode gives to a run of the graph, in the file's own types. @param position of its first step in the text */
function feedsOf(proto: GraphProto, use: Scored, tokens: Int32Array, position: number): PlainTensors {
  const steps = tokens.length;
  const tensors = [
    [use.ids.name, idsTensor(use.ids, tokens)] as const,
    ...use.others.map((other) => [other.name, otherTensor(other, use.ids, steps, position)] as const),
  ];
  return Object.fromEntries(tensors.map(([name, tensor]) => [name, typed(proto, name, tensor)]));
}

function typed({ input }: GraphProto, name: string, { shape, data }: Tensor): PlainTensor {
  const elementType = input.find((each) => each.name === name)?.type?.tensorType?.elemType ?? dataType.float;
  return tensorOf(elementType, Array.from(data), shape);
}

function joined(rows: readonly Float64Array[]): Float64Array {
  return Float64Array.from(rows.flatMap((row) => Array.from(row)));
}
