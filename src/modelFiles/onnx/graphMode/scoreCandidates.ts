/** Where in a graph the scores of all symbols may stand. */
import { Variable } from '../../../core/graph/variable';
import type { GraphRun } from '../../../core/graph/run';
import type { GraphProto } from '../../../formats/onnx/messages';
import { differs } from './evidence';
import { batchOf, type IdsInput } from './inputs';
import { formOf } from './losses';
import { valuesOf, type TextRun } from './textRun';

export interface Candidate {
  readonly name: string;
  readonly timeAxis: number | null;
  readonly symbolAxis: number;
  readonly size: number;
}

/** Operators that only choose a symbol by the scores. */
const choosers: readonly string[] = ['ArgMax', 'TopK', 'Multinomial', 'Hardmax'];

/**
 * The likeliest first.
 * @param shorter of fewer steps; null where there can be no other number
 * @param states outputs that are read again
 * @returns `traced`: sizes that may be the number of steps the graph is tied to, since they did not change with the text's
 */
export function scoreCandidates(
  graph: GraphProto,
  run: TextRun,
  shorter: TextRun | null,
  ids: IdsInput,
  states: ReadonlySet<string> = new Set(),
): { found: Candidate[]; traced: number[] } {
  const batch = batchOf(ids);
  const traced: number[] = [];
  const found: { candidate: Candidate; rank: number }[] = [];
  const tables = tableSizes(graph, run, ids);
  for (const name of candidateNames(graph)) {
    if (states.has(name)) continue;
    const value = run.calls[0].values.get(name);
    const short = shorter?.calls[0].values.get(name);
    if (!(value instanceof Variable) || value.tensor.kind !== 'float' || (shorter && !(short instanceof Variable)))
      continue;
    const { shape } = value.tensor;
    const other = short instanceof Variable ? short.tensor.shape : null;
    if (other && other.length !== shape.length) continue;
    const times = Array.from(shape.keys()).filter(
      (axis) => shape[axis] === run.steps && (!other || other[axis] === shorter?.steps) && run.steps > 1,
    );
    const isSteady = (axis: number) => !other || other[axis] === shape[axis];
    for (const timeAxis of times.length > 0 ? times : [null]) {
      const wide = Array.from(shape.keys()).filter((axis) => axis !== timeAxis && shape[axis] > 1);
      if (wide.some((axis) => !isSteady(axis))) continue;
      // Of texts beside each other, one axis is theirs.
      const symbols = wide.length > 1 && batch > 1 ? withoutOne(wide, (axis) => shape[axis] === batch) : wide;
      if (timeAxis === null && other && symbols.length > 1) traced.push(...symbols.map((axis) => shape[axis]));
      if (symbols.length !== 1) continue;
      const [symbolAxis] = symbols;
      const candidate = { name, timeAxis, symbolAxis, size: shape[symbolAxis] };
      const likely =
        (isNormalized(value, candidate) ? 4 : 0) +
        (tables.has(candidate.size) ? 2 : 0) +
        (ids.oneHot === candidate.size ? 2 : 0) +
        (timeAxis === null ? 0 : 1);
      found.push({ candidate, rank: likely });
    }
  }
  return { found: found.toSorted((a, b) => b.rank - a.rank).map(({ candidate }) => candidate), traced };
}

function withoutOne(axes: readonly number[], isIt: (axis: number) => boolean): number[] {
  const place = axes.findIndex(isIt);
  return place < 0 ? [...axes] : axes.toSpliced(place, 1);
}

/** Outputs, and what a choice that is given out was made by. */
function candidateNames({ output, node }: GraphProto): string[] {
  const names = output.map(({ name }) => name);
  const chosenBy = node
    .filter(
      ({ opType, output: given }) => choosers.includes(opType ?? '') && given.some((name) => names.includes(name)),
    )
    .map(({ input: [name] }) => name);
  return Array.from(new Set([...names, ...chosenBy]));
}

/**
 * How many rows the tables have that are chosen from, and symbols one-hot rows; in the order of the graph.
 * @param other of another text: only tables of which it chooses other rows; null for all
 */
export function tableSizes(
  { node, initializer }: GraphProto,
  { calls: [call] }: TextRun,
  { oneHot }: IdsInput,
  other: TextRun | null = null,
): Set<number> {
  const sizes = new Set<number>(oneHot === null ? [] : [oneHot]);
  const tensor = (run: GraphRun, name: string) => {
    const value = run.values.get(name);
    return value instanceof Variable ? value : undefined;
  };
  for (const { opType, input } of node) {
    const table = opType === 'Gather' ? tensor(call, input[0]) : undefined;
    // Of whole numbers only a constant is a table, of quantized rows.
    const isTable = table?.tensor.kind === 'float' || initializer.some(({ name }) => name === input[0]);
    if (!table || !isTable || table.tensor.shape.length !== 2) continue;
    if (!other || differs(tensor(call, input[1]), tensor(other.calls[0], input[1]))) sizes.add(table.tensor.shape[0]);
  }
  return sizes;
}

/** The fewest rows of a table that is chosen from: of ids below it most likely a text. */
export function smallestTable({ node, initializer }: GraphProto): number {
  const chosen = new Set(node.filter(({ opType }) => opType === 'Gather').map(({ input: [table] }) => table));
  const rows = initializer
    .filter(({ name = '', dims }) => chosen.has(name) && dims.length === 2)
    .map(({ dims }) => dims[0]);
  return rows.length > 0 ? Math.max(2, Math.min(...rows)) : 2;
}

function isNormalized(variable: Variable, { timeAxis, symbolAxis, size }: Candidate): boolean {
  const { shape } = variable.tensor;
  const strideOf = (axis: number) => shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  const rows = timeAxis === null ? 1 : shape[timeAxis];
  const form = formOf(
    Array.from({ length: rows }, (_, step) =>
      valuesOf(
        { step, variable, offset: timeAxis === null ? 0 : step * strideOf(timeAxis), stride: strideOf(symbolAxis) },
        size,
      ),
    ),
  );
  return form !== 'logits';
}
