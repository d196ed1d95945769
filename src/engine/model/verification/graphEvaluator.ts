/** Our own evaluation of a file's graph, operator by operator in float64: for where ONNX Runtime cannot be asked, or answers otherwise. */
import { GraphProgram, type GraphRun } from '../../../core/graph/run';
import { Missing, Variable } from '../../../core/graph/variable';
import type { ElementKind, Tensor } from '../../../core/graph/tensor';
import { UserError } from '../../../userError';
import type { PlainTensor, PlainTensors } from '../../runtime/calls';
import { numbersOf, type Evaluator } from './evaluator';

export const graphEvaluator: Evaluator = {
  name: 'graph',
  load: ({ proto, external }) => {
    const program = new GraphProgram(proto, external);
    return Promise.resolve({
      run: (feeds, tensors) => {
        const inputs = Object.entries(feeds).map(([name, tensor]): [string, Tensor] => [name, graphTensor(tensor)]);
        return Promise.resolve(tensorsOf(program.run(new Map(inputs)), tensors));
      },
      close: () => Promise.resolve(),
    });
  },
};

const kinds: Readonly<Record<PlainTensor['type'], ElementKind>> = {
  float32: 'float',
  float64: 'float',
  float16: 'float',
  int32: 'integer',
  int64: 'integer',
  bool: 'boolean',
};

function graphTensor(tensor: PlainTensor): Tensor {
  return { kind: kinds[tensor.type], shape: tensor.dims, data: numbersOf(tensor) };
}

/** Throws a UserError that names the node that could not be computed. */
function tensorsOf({ values }: GraphRun, names: readonly string[]): PlainTensors {
  return Object.fromEntries(
    names.map((name): [string, PlainTensor] => {
      const value = values.get(name);
      if (value instanceof Variable)
        return [name, { type: 'float64', dims: value.tensor.shape, data: value.tensor.data }];
      const reason = value instanceof Missing ? value.reason.message : `no tensor “${name}”`;
      throw new UserError('notice.verification.notComputed', reason);
    }),
  );
}
