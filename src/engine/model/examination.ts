/** Looking into a model file without a text: its layers, how large their weights are, and what its recurrent matrices do to lengths. */
import { kindOf } from '../../layers/catalog';
import { unusualForm } from '../../core/model/generalForm';
import type { GeneralLayer, Weights } from '../../core/model/generalModel';
import { generalModelOf } from '../../core/model/plainModel';
import { lengthOf } from '../../core/numeric';
import { matrixSpectrumOf } from '../../core/spectra/matrixSpectrum';
import { checkpointOf } from '../../modelFiles/checkpointFile';
import { GraphProgram } from '../../core/graph/run';
import type { ExternalData } from '../../formats/onnx/constant';
import type { ModelProto } from '../../formats/onnx/messages';
import { decodeOnnx } from '../../formats/onnx/onnxFile';
import { classesOf } from '../../modelFiles/onnx/graphMode/classifier';
import { recognizeGraph } from '../../modelFiles/onnx/graphMode/recognize';
import { readOnnx } from '../../modelFiles/onnx/read/readModel';
import { hasVocabularyOf } from '../../modelFiles/foreignVocabulary';
import { UserError } from '../../userError';
import type { ExamineRequest } from '../../protocol/engine';
import type { GraphSummary } from '../../protocol/graph';
import type { Examination, MatrixChoice, RecurrentReport, Spectrum } from '../../protocol/model';
import type { Message } from '../../messages';
import { inTurns } from '../inspect/graph/inTurns';
import { isOfWeights, readBareWeights } from './bareWeights';
import { externalDataOf } from './externalData';
import { refuseOtherFormat } from './otherFormats';
import { configBeside } from './openModel';
import { readWhole } from './wholeFile';
import { graphSummaryOf, summaryOf } from './summary';

export interface Examined {
  readonly report: Examination;
  spectrum(choice: MatrixChoice): Spectrum | null;
}

/** @param pause called now and then; throws when it is canceled  Throws a UserError for a file that is no model at all; what is one, but not understood, is named in the report. */
export async function examineModel(
  { path, architecture }: ExamineRequest,
  pause: () => Promise<void>,
): Promise<Examined> {
  if (await isOfWeights(path)) {
    const { config, isBroken } = await configBeside(path);
    // What its activation is changes nothing of what is looked at here.
    const {
      model: general,
      metadata,
      notices,
    } = await readBareWeights(path, {
      ...architecture,
      activation: architecture.activation ?? 'tanh',
      config,
      isConfigBroken: isBroken,
    });
    const hasVocabulary = general.isOfNumbers === true || hasVocabularyOf(metadata, general.vocabularySize, path);
    return examined({
      model: summaryOf(general, null),
      layers: general.layers,
      hasVocabulary,
      notices,
      refusal: null,
      graph: null,
    });
  }
  const bytes = await readWhole(path);
  refuseOtherFormat(bytes, path);
  const proto = decodeOnnx(bytes, path);
  const checkpoint = checkpointOf(proto, path);
  if (checkpoint) {
    const general = generalModelOf(checkpoint.config, checkpoint.parameters);
    return examined({
      model: summaryOf(general, 'backflow'),
      layers: general.layers,
      hasVocabulary: true,
      notices: [],
      refusal: null,
      graph: null,
    });
  }
  const external = externalDataOf(path);
  const { model, layers, metadata, notices, refusal, producer } = readOnnx(proto, external);
  const { graph, noticed } = refusal
    ? await graphOf(proto, external, refusal, producer, pause)
    : { graph: null, noticed: [] };
  const size = model?.vocabularySize ?? graph?.vocabularySize;
  const hasVocabulary = size !== undefined && hasVocabularyOf(metadata, size, path);
  return examined({
    model: model && summaryOf(model, producer),
    layers,
    hasVocabulary,
    notices: [...notices, ...noticed],
    refusal,
    graph,
  });
}

/** What the file is in graph mode, and what was noticed of it; null where it cannot be opened so either, and then why. */
async function graphOf(
  proto: ModelProto,
  external: ExternalData,
  refusal: UserError,
  producer: string | null,
  pause: () => Promise<void>,
): Promise<{ readonly graph: GraphSummary | null; readonly noticed: readonly UserError[] }> {
  try {
    const graph = await inTurns(recognizeGraph(proto, new GraphProgram(proto, external)), pause);
    const classes = classesOf(graph);
    return {
      graph: graphSummaryOf(graph, refusal, producer),
      noticed: classes ? [classes, ...graph.notices] : graph.notices,
    };
  } catch (thrown) {
    if (thrown instanceof UserError) return { graph: null, noticed: [thrown] };
    throw thrown;
  }
}

interface Found extends Omit<Examination, 'layers' | 'notices' | 'refusal'> {
  readonly layers: readonly GeneralLayer[];
  readonly notices: readonly UserError[];
  readonly refusal: UserError | null;
}

function examined({ layers, notices, refusal, ...rest }: Found): Examined {
  const matrices: { readonly R: Weights; readonly H: number; readonly block: number }[][] = [];
  const reports = layers.flatMap((layer, index) =>
    layer.directions.map((direction): RecurrentReport => {
      const { cell, hiddenSize: H, inputSize, source } = layer;
      const { W, R, Wb, Rb } = direction;
      const gates = R.length > 0 ? kindOf(cell).gates : [];
      matrices.push(gates.map((_, block) => ({ R, H, block })));
      return {
        layer: index,
        direction: direction.direction,
        cell,
        inputSize,
        hiddenSize: H,
        source,
        form: unusualForm(layer),
        norms: { W: lengthOf(W), R: lengthOf(R), Wb: lengthOf(Wb), Rb: lengthOf(Rb) },
        matrices: gates.map((gate, block) => ({
          name: gates.length === 1 ? 'R' : `R.${gate}`,
          norm: lengthOf(R, block * H * H, H * H),
        })),
      };
    }),
  );
  return {
    report: { ...rest, layers: reports, notices: notices.map(messageOf), refusal: refusal && messageOf(refusal) },
    spectrum({ recurrent, matrix }) {
      const found = matrices.at(recurrent)?.at(matrix);
      if (!found) throw new UserError('error.model.noSuchMatrix', matrix + 1, recurrent + 1);
      return matrixSpectrumOf(found.R, found.H, found.block);
    },
  };
}

export function messageOf({ key, args }: UserError): Message {
  return { key, args };
}
