/** Normalizations of sums: of the residual stream of a transformer, and of its embeddings. */
import type { Call, Operator, OperatorTable } from '../../call';
import { Variable } from '../../variable';
import { floats, integers, Unsupported, type Tensor } from '../../tensor';
import { arithmeticOperators } from '../arithmetic';
import type { Composition } from '../composition';
import { indexing } from '../indexing';
import { normalization } from '../normalization';
import { compositionOf } from './fused';

const epsilonOf = ({ attributes }: Call) => ({ epsilon: attributes.float('epsilon', 1e-12), axis: -1 });

/** Outputs: the normalized sum, mean and 1/√(variance + ε) of its rows, the sum. */
const skipLayerNormalization: Operator = (call) => {
  const own = compositionOf(call, 5);
  const sum = sumOf(own, [0, 1, 4]);
  return own.result([
    ...own.applied(normalization.LayerNormalization, [sum, own.optional(2), own.optional(3)], epsilonOf(call), 3),
    sum,
  ]);
};

const skipSimplifiedLayerNormalization: Operator = (call) => {
  const own = compositionOf(call, 4);
  if (call.wants(1) || call.wants(2)) throw new Unsupported('gives means or variances, which are not computed');
  const sum = sumOf(own, [0, 1, 3]);
  const nothing = new Variable(floats([0]), '');
  const y = own.apply(normalization.RMSNormalization, [sum, own.optional(2)], epsilonOf(call));
  return own.result([y, nothing, nothing, sum]);
};

function sumOf(own: Composition, inputs: readonly number[]): Variable {
  const present = inputs.flatMap((input) => own.optional(input) ?? []);
  return present.reduce((sum, each) => own.apply(arithmeticOperators.Add, [sum, each]));
}

/** Embeddings of words, places and segments, added and normalized. Outputs: that, how many tokens are no padding, the sum. */
const embedLayerNormalization: Operator = (call) => {
  const own = compositionOf(call, 9);
  call.attributes.ignore('mask_index_type');
  const words = call.input(0);
  const [batch, steps] = words.shape;
  const [segments, wordTable, placeTable, segmentTable] = [1, 2, 3, 4].map((input) => own.optional(input));
  const places =
    own.optional(8) ??
    integers(
      words.shape,
      Array.from({ length: batch * steps }, (_, i) => i % steps),
    );
  const embedded = [
    own.apply(indexing.Gather, [wordTable, own.optional(0)]),
    own.apply(indexing.Gather, [placeTable, places]),
    ...(segments && segmentTable ? [own.apply(indexing.Gather, [segmentTable, segments])] : []),
  ];
  const sum = embedded.reduce((before, each) => own.apply(arithmeticOperators.Add, [before, each]));
  const y = own.apply(normalization.LayerNormalization, [sum, own.optional(5), own.optional(6)], epsilonOf(call));
  return own.result([y, new Variable(lengthsOf(call.optional(7), batch, steps), ''), sum]);
};

function lengthsOf(mask: Tensor | undefined, batch: number, steps: number): Tensor {
  const lengths = new Array<number>(batch).fill(0);
  mask?.data.forEach((isToken, i) => {
    lengths[Math.floor(i / steps)] += isToken;
  });
  return integers([batch], lengths);
}

export const normalizationOfSums: OperatorTable = {
  SkipLayerNormalization: skipLayerNormalization,
  SkipSimplifiedLayerNormalization: skipSimplifiedLayerNormalization,
  EmbedLayerNormalization: embedLayerNormalization,
};
