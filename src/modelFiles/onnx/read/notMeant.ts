/** Notices for files that are right in themselves and yet not what their author trained, or meant to write. */
import type { GeneralModel } from '../../../core/model/generalModel';
import type { GraphProto, ModelProto } from '../../../formats/onnx/messages';
import { GraphNode } from '../../../formats/onnx/node';
import { operators } from '../../../layers/catalog';
import { UserError } from '../../../userError';

/** How the name of PyTorch's exporters begins in the files they write. */
const pytorch = 'pytorch';

/** Of a model that was read. @param tokens the input they come in  @param timeAxis of that input  @param producer who wrote the file, as it says */
export function notMeant(
  { graph }: ModelProto,
  model: GeneralModel,
  tokens: string,
  timeAxis: number,
  producer: string | null,
): UserError[] {
  // Only a GRU has that form.
  const other = model.layers.find(({ linearBeforeReset }) => !linearBeforeReset);
  const steps = fixedSteps(graph, tokens, timeAxis);
  return [
    ...(other && producer?.startsWith(pytorch) === true
      ? [new UserError('notice.onnx.gruForm', other.source, producer)]
      : []),
    ...lostProjections(graph).map((node) => new UserError('notice.onnx.projectionLost', node)),
    ...(steps === null ? [] : [new UserError('notice.onnx.timeAxisFixed', steps)]),
  ];
}

/** Nodes that stand for an LSTM with a projection, as PyTorch’s exporter notes beside them: the operator has none, so its matrix is not in the file. */
function lostProjections({ node }: GraphProto): string[] {
  return node
    .filter(
      ({ opType = '', metadataProps = [] }) =>
        operators.includes(opType) && metadataProps.some(({ value }) => value?.includes('weight_hr_l') === true),
    )
    .map((proto) => new GraphNode(proto).name);
}

/** Of the graph's declaration; null where the number is free, and for a graph that reads one token a call. */
function fixedSteps({ input }: GraphProto, tokens: string, timeAxis: number): number | null {
  const dims = input.find(({ name }) => name === tokens)?.type?.tensorType?.shape?.dim ?? [];
  const size = dims.at(timeAxis)?.dimValue ?? 0;
  return size > 1 ? size : null;
}
