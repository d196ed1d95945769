/**
 * Whether a model was read rightly. Its file's own graph is run on the text, and must predict what the model as it was read predicts: on ONNX Runtime,
 * in a process of its own; where that cannot be asked, or answers otherwise, by our own evaluation of the graph.
 */
import { parameterCount } from '../../../core/model/plainModel';
import { GraphNode } from '../../../formats/onnx/node';
import { withCoefficients } from '../../../modelFiles/onnx/read/activationForms';
import type { Verification } from '../../../protocol/model';
import { differenceInWords } from '../../../terms/numberFormat';
import { UserError } from '../../../userError';
import type { RuntimeProcess } from '../../runtime/runtimeProcess';
import { compareRuns } from './compareRuns';
import { fileWith, type ModelFile } from './evaluator';
import { fixedSteps, runFile, type FileReading } from './fileRun';
import { graphEvaluator } from './graphEvaluator';
import { computeModel, runModel } from './modelRun';
import { runtimeEvaluator } from './runtimeEvaluator';

export interface Verified {
  /** Null where neither way could be gone; a notice then says why. */
  readonly verification: Verification | null;
  readonly notices: readonly UserError[];
}

/** Multiply-adds that our own evaluation may take, a second or two; and those of a graph that reads a fixed number of tokens. */
const [maxWork, maxFixedWork] = [1e9, 2e10];
const minTokens = 8;

/** @param ids tokens of the text */
export async function verify(
  runtime: RuntimeProcess,
  file: ModelFile,
  reading: FileReading,
  ids: ArrayLike<number>,
): Promise<Verified> {
  const first = await onRuntime(runtime, file, reading, ids);
  if (first?.verification?.agrees === true) return first;
  const second = await onGraph(file, reading, ids);
  if (!first) return second;
  if (!first.verification) {
    // Both ways can end at the same thing.
    const said = first.notices.map(({ message }) => message);
    const more = second.notices.filter(({ message }) => !said.includes(message));
    return { verification: second.verification, notices: [...first.notices, ...more] };
  }
  // Where the text of the operators is on our side, runtime and text differ.
  return second.verification?.agrees === true
    ? { verification: second.verification, notices: [differsFromRuntime(first.verification)] }
    : first;
}

function differsFromRuntime({ difference, limit, disagreement }: Verification): UserError {
  const sizes = [differenceInWords(difference), limit] as const;
  return disagreement
    ? new UserError('notice.verification.runtimeDiffersAt', ...sizes, disagreement.node, disagreement.operator)
    : new UserError('notice.verification.runtimeDiffers', ...sizes);
}

/** Null where there is no ONNX Runtime for this system. */
async function onRuntime(
  runtime: RuntimeProcess,
  file: ModelFile,
  reading: FileReading,
  ids: ArrayLike<number>,
): Promise<Verified | null> {
  const evaluator = runtimeEvaluator(runtime);
  const compared = async (own: ModelFile): Promise<Verification> => {
    const ofFile = await runFile(evaluator, own, reading, ids);
    return compareRuns(ofFile, await runModel(runtime, reading.model, ofFile.tokens));
  };
  const available = await attempt(() => runtime.isAvailable());
  if (available instanceof UserError) return { verification: null, notices: [available] };
  if (!available) return null;
  const plain = await attempt(() => compared(file));
  if (!(plain instanceof UserError) && plain.agrees) return { verification: plain, notices: [] };
  const explicit = withAllCoefficients(file);
  const written = explicit && (await attempt(() => compared(explicit.file)));
  if (explicit && written && !(written instanceof UserError) && written.agrees) {
    const { node, operator, functions } = explicit;
    const difference = plain instanceof UserError ? Infinity : plain.difference;
    const notice = new UserError(
      'notice.verification.coefficients',
      node,
      operator,
      functions,
      differenceInWords(difference),
    );
    return { verification: written, notices: [notice] };
  }
  return plain instanceof UserError ? { verification: null, notices: [plain] } : { verification: plain, notices: [] };
}

async function onGraph(file: ModelFile, { model, use }: FileReading, ids: ArrayLike<number>): Promise<Verified> {
  const found = await attempt(async () => {
    const perToken = parameterCount(model) - (model.embedding?.length ?? 0);
    if (perToken * (fixedSteps(use) ?? minTokens) > maxFixedWork)
      throw new UserError('notice.verification.tooMuchWork');
    const tokens = Math.max(minTokens, Math.floor(maxWork / perToken));
    const ofFile = await runFile(graphEvaluator, file, { use, model }, ids, tokens);
    return compareRuns(ofFile, computeModel(model, ofFile.tokens));
  });
  return found instanceof UserError ? { verification: null, notices: [found] } : { verification: found, notices: [] };
}

/** A reading that cannot be verified is no reason not to open the model, but it is reported. */
async function attempt<T>(work: () => Promise<T>): Promise<T | UserError> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
}

/** The file with the coefficients that its recurrent nodes leave to the text's defaults, and the first node that does; null where none does. */
function withAllCoefficients(
  file: ModelFile,
): { readonly file: ModelFile; readonly node: string; readonly operator: string; readonly functions: string } | null {
  const written = file.proto.graph.node.map((node) => withCoefficients(node));
  const first = written.find((each) => each !== null);
  if (!first) return null;
  const nodes = file.proto.graph.node.map((node, i) => written[i]?.node ?? node);
  const { name, operator } = new GraphNode(first.node);
  return { file: fileWith(file, nodes), node: name, operator, functions: first.functions.join(', ') };
}
