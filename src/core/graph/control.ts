/** Operators that are no functions of tensors: control flow and lists of tensors. They write onto the tape only what they have others do. */
import type { GraphProto } from '../../formats/onnx/messages';
import type { Attributes } from './attributes';
import type { Result } from './call';
import { declaredShape } from './model';
import { concatenated, partViews, selected, stacked, viewed } from './operators/movement';
import { Missing, NoElement, Sequence, Variable, type Value } from './variable';
import { axisOf, booleans, floats, integers, scalarOf, Unsupported, type Tensor } from './tensor';
import type { Turns } from './turns';

/** What was carried through the iterations of one Loop or Scan. */
export interface LoopRecord {
  /** The node's name. */
  readonly node: string;
  /** Of each state that is carried: its name in the body before and after an iteration, and its values: before the first iteration, then after each. */
  readonly states: readonly { readonly before: string; readonly after: string; readonly values: readonly Value[] }[];
  /** Values of all names in the body, by iteration. */
  readonly iterations: readonly ReadonlyMap<string, Value>[];
  /** Whether the first iteration reads the last elements of everything that is scanned. */
  readonly isReversed: boolean;
}

/** A node that controls others, and who runs them. */
export interface ControlCall {
  readonly operator: string;
  readonly opset: number;
  readonly attributes: Attributes;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputNames: readonly string[];
  /** Runs a body in a scope of its own, within that of the node. @param iteration for the names of its nodes */
  run(
    body: GraphProto,
    inputs: readonly Value[],
    iteration?: number,
  ): Turns<{ readonly outputs: readonly Value[]; readonly values: ReadonlyMap<string, Value> }>;
  /** @param compute from the inputs' tensors */
  record(operator: string, inputs: readonly Variable[], compute: () => Result, names: readonly string[]): Variable[];
  keep(loop: Omit<LoopRecord, 'node'>): void;
}

export type ControlOperator = (call: ControlCall) => Turns<readonly Value[]>;

/** One that runs no body. */
function atOnce(operator: (call: ControlCall) => readonly Value[]): ControlOperator {
  return function* (call) {
    return operator(call);
  };
}

/** Of one Loop; more is taken for one that never ends. */
const maxIterations = 1_000_000;

function variableAt({ inputs }: ControlCall, index: number): Variable {
  const found = inputs[index];
  if (!(found instanceof Variable)) throw new Unsupported(`has no tensor as input ${index + 1}`);
  return found;
}

function sequenceAt({ inputs }: ControlCall, index: number): Sequence {
  const found = inputs[index];
  if (!(found instanceof Sequence)) throw new Unsupported(`has no sequence as input ${index + 1}`);
  return found;
}

function given({ inputs }: ControlCall, index: number): Variable | undefined {
  const found = inputs[index];
  return found instanceof Variable ? found : undefined;
}

/** The first value that is missing. */
function missingIn(values: readonly Value[]): Missing | undefined {
  return values.find((value) => value instanceof Missing);
}

function tensorsIn(values: readonly Value[]): Variable[] {
  return values.map((value) => {
    if (!(value instanceof Variable)) throw new Unsupported('joins values of its iterations that are no tensors');
    return value;
  });
}

const conditional: ControlOperator = function* (call) {
  const branch = scalarOf(variableAt(call, 0).tensor) !== 0 ? 'then_branch' : 'else_branch';
  call.attributes.ignore('then_branch', 'else_branch');
  return (yield* call.run(call.attributes.graph(branch), [])).outputs;
};

/** Values that an iteration gives, put together along a new axis. */
function joined(
  call: ControlCall,
  values: readonly Value[],
  axis: number,
  name: string,
  declared: GraphProto['output'][number],
): Value {
  const missing = missingIn(values);
  if (missing) return missing;
  const parts = tensorsIn(values);
  if (parts.length === 0)
    return new Variable(floats([0, ...(declaredShape(declared) ?? []).map((length) => length ?? 0)]), name);
  return call.record(
    'Stack',
    parts,
    () =>
      stacked(
        parts.map(({ tensor }) => tensor),
        axis,
      ),
    [name],
  )[0];
}

/** An iteration's number or condition, as a scalar or, where the body says so, as a vector of one. */
function asDeclared(tensor: Tensor, input: GraphProto['input'][number] | undefined): Tensor {
  return input && declaredShape(input)?.length === 1 ? { ...tensor, shape: [1] } : tensor;
}

const loop: ControlOperator = function* (call) {
  const body = call.attributes.graph('body');
  const limit = given(call, 0);
  const condition = given(call, 1);
  const trips = limit ? scalarOf(limit.tensor) : Infinity;
  let goesOn: Value = condition ?? new Variable(booleans([], Float64Array.of(1)), '');
  let states = call.inputs.slice(2).map((value, i) => {
    if (!value) throw new Unsupported(`has no initial value ${i + 1}`);
    return value;
  });
  const carried = states.map((value) => [value]);
  const scans = body.output.slice(1 + states.length).map((): Value[] => []);
  const iterations: ReadonlyMap<string, Value>[] = [];
  for (let i = 0; i < trips; i++) {
    if (goesOn instanceof Missing) return call.outputNames.map(() => goesOn);
    if (!(goesOn instanceof Variable)) throw new Unsupported('has a condition that is no tensor');
    if (scalarOf(goesOn.tensor) === 0) break;
    if (i === maxIterations) throw new Unsupported(`has not ended after ${maxIterations} iterations`);
    const number = new Variable(asDeclared(integers([], [i]), body.input[0]), body.input[0].name);
    const asked: Variable = new Variable(
      asDeclared({ ...goesOn.tensor, shape: [] }, body.input[1]),
      body.input[1].name,
    );
    const { outputs, values } = yield* call.run(body, [number, asked, ...states], i);
    goesOn = outputs[0];
    states = outputs.slice(1, 1 + states.length);
    states.forEach((value, k) => carried[k].push(value));
    scans.forEach((scan, k) => scan.push(outputs[1 + states.length + k]));
    iterations.push(values);
  }
  call.keep({
    states: carried.map((values, k) => ({ before: body.input[2 + k].name, after: body.output[1 + k].name, values })),
    iterations,
    isReversed: false,
  });
  return [
    ...states,
    ...scans.map((values, k) =>
      joined(call, values, 0, call.outputNames[states.length + k] ?? '', body.output[1 + states.length + k]),
    ),
  ];
};

interface ScanForm {
  readonly body: GraphProto;
  /** Where the scanned inputs begin. */
  readonly inputReversed: readonly boolean[];
  readonly outputReversed: readonly boolean[];
  readonly inputAxes: readonly number[];
  readonly outputAxes: readonly number[];
}

/** One scan over tensors without a batch. */
function* scanOver(
  call: ControlCall,
  initial: readonly Value[],
  scanned: readonly Variable[],
  { body, inputReversed, outputReversed, inputAxes, outputAxes }: ScanForm,
  names: readonly string[],
): Turns<Value[]> {
  const axes = scanned.map(({ tensor }, k) => axisOf(inputAxes[k] ?? 0, tensor.shape.length));
  const lengths = scanned.map(({ tensor }, k) => tensor.shape[axes[k]]);
  const [steps = 0] = lengths;
  if (lengths.some((length) => length !== steps))
    throw new Unsupported(`scans inputs of the lengths ${lengths.join(', ')}`);
  let states = [...initial];
  const carried = states.map((value) => [value]);
  const scans = body.output.slice(states.length).map((): Value[] => []);
  const iterations: ReadonlyMap<string, Value>[] = [];
  for (let i = 0; i < steps; i++) {
    const elements = scanned.map((variable, k) => {
      const at = inputReversed[k] ? steps - 1 - i : i;
      return call.record('Select', [variable], () => selected(variable.tensor, axes[k], at), [
        body.input[states.length + k].name,
      ])[0];
    });
    const { outputs, values } = yield* call.run(body, [...states, ...elements], i);
    states = outputs.slice(0, states.length);
    states.forEach((value, k) => carried[k].push(value));
    scans.forEach((scan, k) => {
      scan.push(outputs[states.length + k]);
    });
    iterations.push(values);
  }
  call.keep({
    states: carried.map((values, k) => ({ before: body.input[k].name, after: body.output[k].name, values })),
    iterations,
    isReversed: inputReversed.length > 0 && inputReversed.every((reversed) => reversed),
  });
  const joins = scans.map((values, k) =>
    joined(
      call,
      outputReversed[k] ? values.toReversed() : values,
      outputAxes[k] ?? 0,
      names[states.length + k] ?? '',
      body.output[states.length + k],
    ),
  );
  return [...states, ...joins];
}

const scan: ControlOperator = function* (call) {
  const { attributes, opset } = call;
  const body = attributes.graph('body');
  const count = attributes.integer('num_scan_inputs', 0);
  const flags = (name: string, length: number) =>
    Array.from({ length }, (_, k) => (attributes.integers(name)?.[k] ?? 0) !== 0);
  if (opset < 9) return yield* batchedScan(call, body, count, flags('directions', count));
  const values = call.inputs.map((value, k) => value ?? variableAt(call, k));
  const initial = values.slice(0, values.length - count);
  const form: ScanForm = {
    body,
    inputReversed: flags('scan_input_directions', count),
    outputReversed: flags('scan_output_directions', body.output.length - initial.length),
    inputAxes: attributes.integers('scan_input_axes') ?? [],
    outputAxes: attributes.integers('scan_output_axes') ?? [],
  };
  return yield* scanOver(call, initial, tensorsIn(values.slice(initial.length)), form, call.outputNames);
};

/** Opset 8: one scan for each sequence of a batch, which is the first axis of everything. */
function* batchedScan(
  call: ControlCall,
  body: GraphProto,
  count: number,
  inputReversed: readonly boolean[],
): Turns<Value[]> {
  const tensors = call.inputs.slice(1).map((_, k) => variableAt(call, k + 1));
  const [batch = 0, steps = 0] = tensors.at(-1)?.tensor.shape ?? [];
  const lengths = given(call, 0);
  if (lengths?.tensor.data.some((length) => length !== steps))
    throw new Unsupported('scans sequences of different lengths, which is not computed (opset 8)');
  const form: ScanForm = { body, inputReversed, outputReversed: [], inputAxes: [], outputAxes: [] };
  const bySequence: Value[][] = [];
  for (let b = 0; b < batch; b++) {
    const own = tensors.map(
      (variable) => call.record('Select', [variable], () => selected(variable.tensor, 0, b), [variable.name])[0],
    );
    bySequence.push(yield* scanOver(call, own.slice(0, own.length - count), own.slice(own.length - count), form, []));
  }
  return body.output.map((output, k) =>
    joined(
      call,
      bySequence.map((values) => values[k]),
      0,
      call.outputNames[k] ?? '',
      output,
    ),
  );
}

/** An index into a list, negative ones from its end. */
function placeIn(length: number, position: Variable, last: number): number {
  const index = scalarOf(position.tensor);
  const place = index < 0 ? index + length : index;
  if (!(place >= 0 && place <= last)) throw new Unsupported(`has the position ${index} in a sequence of ${length}`);
  return place;
}

const splitToSequence = atOnce((call) => {
  const x = variableAt(call, 0);
  const { shape } = x.tensor;
  const axis = axisOf(call.attributes.integer('axis', 0), shape.length);
  const split = given(call, 1)?.tensor;
  const keepsAxis = call.attributes.flag('keepdims', true);
  const length = shape[axis];
  const size = split ? (split.shape.length === 0 ? split.data[0] : 0) : 1;
  const sizes =
    size === 0 && split
      ? Array.from(split.data)
      : Array.from({ length: Math.ceil(length / size) }, (_, part) => Math.min(size, length - part * size));
  const views = partViews(shape, axis, sizes);
  const shapes = views.map((view) => (split || keepsAxis ? view.shape : view.shape.toSpliced(axis, 1)));
  return [new Sequence(call.record('Split', [x], () => viewed(x.tensor, views, shapes), []))];
});

const concatFromSequence = atOnce((call) => {
  const { items } = sequenceAt(call, 0);
  if (items.length === 0) throw new Unsupported('joins a sequence of no tensors');
  const axis = call.attributes.integer('axis', 0);
  const isStacked = call.attributes.flag('new_axis');
  const joinedItems = () => {
    const tensors = items.map(({ tensor }) => tensor);
    return isStacked ? stacked(tensors, axis) : concatenated(tensors, axisOf(axis, tensors[0].shape.length));
  };
  return call.record('Concat', items, joinedItems, call.outputNames);
});

export const controlOperators: Readonly<Record<string, ControlOperator>> = {
  If: conditional,
  Loop: loop,
  Scan: scan,
  Optional: atOnce((call) => {
    call.attributes.ignore('type');
    return [call.inputs[0] ?? new NoElement()];
  }),
  OptionalHasElement: atOnce((call) => {
    const isThere = call.inputs[0] !== undefined && !(call.inputs[0] instanceof NoElement);
    return [new Variable(booleans([], Float64Array.of(Number(isThere))), call.outputNames[0] ?? '')];
  }),
  OptionalGetElement: atOnce(({ inputs: [value] }) => {
    if (!value || value instanceof NoElement) throw new Unsupported('reads an optional value that is not there');
    return [value];
  }),
  SequenceEmpty: atOnce((call) => {
    call.attributes.ignore('dtype');
    return [new Sequence([])];
  }),
  SequenceConstruct: atOnce((call) => [new Sequence(call.inputs.map((_, k) => variableAt(call, k)))]),
  SequenceInsert: atOnce((call) => {
    const sequence = sequenceAt(call, 0);
    const { length } = sequence;
    const position = given(call, 2);
    const place = position ? placeIn(length, position, length) : length;
    const item = variableAt(call, 1);
    return [place === length ? sequence.appended(item) : new Sequence(sequence.items.toSpliced(place, 0, item))];
  }),
  SequenceErase: atOnce((call) => {
    const { items, length } = sequenceAt(call, 0);
    const position = given(call, 1);
    return [new Sequence(items.toSpliced(position ? placeIn(length, position, length - 1) : length - 1, 1))];
  }),
  SequenceAt: atOnce((call) => {
    const sequence = sequenceAt(call, 0);
    const { length } = sequence;
    const found = sequence.at(placeIn(length, variableAt(call, 1), length - 1));
    return found ? [found] : [];
  }),
  SequenceLength: atOnce((call) => [
    new Variable(integers([], [sequenceAt(call, 0).length]), call.outputNames[0] ?? ''),
  ]),
  SplitToSequence: splitToSequence,
  ConcatFromSequence: concatFromSequence,
  SequenceMap: function* (call) {
    const body = call.attributes.graph('body');
    const length = sequenceAt(call, 0).length;
    const at = (value: Value | undefined, i: number): Value => {
      const item = value instanceof Sequence ? value.at(i) : undefined;
      if (item) return item;
      if (value instanceof Variable) return value;
      throw new Unsupported('maps sequences of different lengths');
    };
    const results: (readonly Value[])[] = [];
    for (let i = 0; i < length; i++) {
      const { outputs } = yield* call.run(
        body,
        call.inputs.map((value) => at(value, i)),
        i,
      );
      results.push(outputs);
    }
    return body.output.map((_, k) => new Sequence(tensorsIn(results.map((outputs) => outputs[k]))));
  },
};
