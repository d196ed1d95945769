/** How far a tensor is from what it is made of. */
import { operators } from '../../../layers/catalog';
import type { GraphProto, NodeProto } from '../../../formats/onnx/messages';

/** Of RNN, LSTM and GRU: the input that holds the first state, and the outputs that hold the same state later. */
const recurrentStates: readonly { readonly input: number; readonly outputs: readonly number[] }[] = [
  { input: 5, outputs: [0, 1] },
  { input: 6, outputs: [2] },
];

/** Of each tensor that an output is made of, the least number of operators on the way; those that hand an element on do not count. */
export function operatorsBetween({ node }: GraphProto, output: string): Map<string, number> {
  const makers = new Map(node.flatMap((each) => each.output.map((name) => [name, each] as const)));
  const counts = new Map([[output, 0]]);
  // Few operators have weight 0 or 2, so a tensor can be met again on a shorter way.
  const waiting = [output];
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const maker = makers.get(name);
    if (!maker) continue;
    const own = counts.get(name) ?? 0;
    maker.input.forEach((input, i) => {
      const count = own + weightOf(maker, i, maker.output.indexOf(name));
      if (input === '' || count >= (counts.get(input) ?? Infinity)) return;
      counts.set(input, count);
      waiting.push(input);
    });
  }
  return counts;
}

function weightOf({ opType }: NodeProto, input: number, output: number): number {
  switch (opType) {
    case 'Identity':
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
      return 0;
    default:
      return !operators.includes(opType ?? '') || handsOn(input, output) ? 1 : 2;
  }
}

/** Whether a recurrent operator gives what it is given there as its last state. */
function handsOn(input: number, output: number): boolean {
  return recurrentStates.some((state) => state.input === input && state.outputs.includes(output));
}
