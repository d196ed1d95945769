/** Runs a graph in float64 and leaves a tape. */
import type { ExternalData } from '../../formats/onnx/constant';
import type { FunctionProto, GraphProto, NodeProto, OperatorSet } from '../../formats/onnx/messages';
import { Attributes, sparseTensorOf, tensorOf } from './attributes';
import { Call } from './call';
import { ConstantResults } from './constantResults';
import { controlOperators, type LoopRecord } from './control';
import { instantiate } from './functions';
import { domainOf, type GraphModel } from './model';
import { OperatorError } from './operatorError';
import { operatorFor } from './operators';
import { whyUnknown } from './operators/quantization';
import { Tape, TapeFull } from './tape';
import { Missing, Sequence, Variable, type Value } from './variable';
import { Unsupported, type Tensor } from './tensor';
import { finished, type Turns } from './turns';

export interface GraphRun {
  readonly tape: Tape;
  /** Values of the graph's own names: inputs, constants, and what its nodes give. */
  readonly values: ReadonlyMap<string, Value>;
  readonly loops: readonly LoopRecord[];
  /** Nodes that could not be computed, the first one first. Nodes that only miss their inputs are not among them. */
  readonly failures: readonly OperatorError[];
}

/** A model made ready to be run many times. */
export class GraphProgram {
  private readonly bodies = new Map<GraphProto, Body>();
  private readonly functions: ReadonlyMap<string, FunctionProto>;
  readonly constants = new ConstantResults();

  constructor(
    private readonly model: GraphModel,
    private readonly external: ExternalData,
  ) {
    this.functions = new Map(model.functions?.map((own) => [keyOf(own.name, domainOf(own), own.overload), own]));
  }

  /** @param inputs tensors by the names of the graph's inputs; those that have an initializer may be left out */
  run(inputs: ReadonlyMap<string, Tensor>): GraphRun {
    return finished(this.running(inputs));
  }

  /**
   * The same in turns.
   * @param inputs a variable is read as it is, so that what one run gives is what another reads
   * @param tape to go on writing to
   * Throws TapeFull.
   */
  *running(inputs: ReadonlyMap<string, Tensor | Variable>, tape = new Tape()): Turns<GraphRun> {
    const loops: LoopRecord[] = [];
    const failures: OperatorError[] = [];
    const { graph, opsetImport } = this.model;
    const scope = new Scope(null, versions(opsetImport), '');
    const runner = new Runner(this, tape, loops, failures);
    const body = this.bodyOf(graph);
    for (const [name, value] of body.constants) scope.values.set(name, value);
    for (const [name, given] of inputs)
      scope.values.set(name, given instanceof Variable ? given : new Variable(given, name));
    yield* runner.runNodes(body.nodes, scope);
    return { tape, values: scope.values, loops, failures };
  }

  bodyOf(graph: GraphProto): Body {
    const known = this.bodies.get(graph);
    if (known) return known;
    const body = { nodes: graph.node.map((node) => this.preparedNode(node)), constants: this.constantsOf(graph) };
    this.bodies.set(graph, body);
    return body;
  }

  /** The body of a function as one node calls it; undefined where the model has none of that name. */
  functionBodyOf(node: PreparedNode): FunctionBody | undefined {
    const own = this.functions.get(keyOf(node.operator, node.domain, node.overload));
    if (!own) return undefined;
    node.body ??= {
      own,
      nodes: instantiate(own, node.proto).map((inner) => this.preparedNode(inner)),
      inputs: own.input,
      outputs: own.output,
      opsets: versions(own.opsetImport),
    };
    return node.body;
  }

  private preparedNode(proto: NodeProto): PreparedNode {
    const { opType = '', name, input, output, overload } = proto;
    const inner = name ?? '';
    return {
      proto,
      operator: opType,
      domain: domainOf(proto),
      overload,
      inputs: input,
      outputs: output,
      name: inner === '' ? (output.find((each) => each !== '') ?? '') : inner,
      attributes: new Attributes(proto.attribute ?? [], this.external),
    };
  }

  private constantsOf({ initializer, sparseInitializer = [] }: GraphProto): ReadonlyMap<string, Value> {
    const values = new Map([
      ...initializer.map((proto) => constantOf(proto.name, () => tensorOf(proto, this.external))),
      ...sparseInitializer.map((proto) => constantOf(proto.values?.name, () => sparseTensorOf(proto, this.external))),
    ]);
    for (const value of values.values()) if (value instanceof Variable) this.constants.add(value.tensor);
    return values;
  }
}

function constantOf(name = '', read: () => Tensor): [string, Value] {
  try {
    return [name, new Variable(read(), name)];
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return [name, new Missing(new OperatorError('Constant', '', name, error.message))];
  }
}

interface Body {
  readonly nodes: readonly PreparedNode[];
  readonly constants: ReadonlyMap<string, Value>;
}

interface FunctionBody {
  readonly own: FunctionProto;
  readonly nodes: readonly PreparedNode[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly opsets: ReadonlyMap<string, number>;
}

interface PreparedNode {
  readonly proto: NodeProto;
  readonly operator: string;
  readonly domain: string;
  readonly overload: string | undefined;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** Of the function it calls, made when it first does. */
  body?: FunctionBody;
}

function keyOf(name: string, domain: string, overload = ''): string {
  return JSON.stringify([domain, name, overload]);
}

function versions(sets: readonly OperatorSet[]): Map<string, number> {
  return new Map(sets.map((set) => [domainOf(set), set.version]));
}

/** Names and what they stand for; a body sees those of what it stands in, a function does not. */
class Scope {
  readonly values = new Map<string, Value>();

  constructor(
    private readonly outer: Scope | null,
    readonly opsets: ReadonlyMap<string, number>,
    /** Of the nodes whose bodies this is in. */
    readonly path: string,
  ) {}

  find(name: string): Value | undefined {
    return this.values.get(name) ?? this.outer?.find(name);
  }
}

class Runner {
  /** Functions that are being computed. */
  private readonly open = new Set<FunctionProto>();

  constructor(
    private readonly program: GraphProgram,
    private readonly tape: Tape,
    private readonly loops: LoopRecord[],
    private readonly failures: OperatorError[],
  ) {}

  *runNodes(nodes: readonly PreparedNode[], scope: Scope): Turns<void> {
    for (const node of nodes) {
      yield;
      const outputs = yield* this.outputsOf(node, scope);
      node.outputs.forEach((name, i) => {
        if (name !== '') scope.values.set(name, outputs[i] ?? this.missing(node, scope, `has no output ${i + 1}`));
      });
    }
  }

  private *outputsOf(node: PreparedNode, scope: Scope): Turns<readonly Value[]> {
    try {
      const inputs = node.inputs.map((name) => (name === '' ? undefined : find(name, scope)));
      const missing = inputs.find((value) => value instanceof Missing);
      if (missing) {
        // A constant that cannot be read is in the way of whoever reads it.
        if (!this.failures.includes(missing.reason)) this.failures.push(missing.reason);
        return node.outputs.map(() => missing);
      }
      return yield* this.compute(node, inputs, scope);
    } catch (error) {
      if (error instanceof TapeFull) throw error;
      const reason =
        error instanceof Unsupported
          ? error.message
          : `cannot be computed: ${error instanceof Error ? error.message : String(error)}`;
      const missing = this.missing(node, scope, reason, error);
      return node.outputs.map(() => missing);
    }
  }

  private missing(node: PreparedNode, scope: Scope, reason: string, cause?: unknown): Missing {
    const error = new OperatorError(node.operator, node.domain, scope.path + node.name, reason, { cause });
    this.failures.push(error);
    return new Missing(error);
  }

  private *compute(node: PreparedNode, inputs: readonly (Value | undefined)[], scope: Scope): Turns<readonly Value[]> {
    const path = scope.path + node.name;
    const body = this.program.functionBodyOf(node);
    if (body) return yield* this.runFunction(body, inputs, path);
    const { operator, domain, attributes, outputs: names } = node;
    const opset = scope.opsets.get(domain) ?? 1;
    const control = domain === '' && Object.hasOwn(controlOperators, operator) ? controlOperators[operator] : undefined;
    if (control) {
      const results = yield* control({
        operator,
        opset,
        attributes,
        inputs,
        outputNames: names,
        run: (graph, values, iteration) =>
          this.runBody(graph, values, scope, iteration === undefined ? `${path}/` : `${path}[${iteration}]/`),
        record: (name, variables, compute, given) => this.tape.record(path, name, variables, compute(), given, compute),
        keep: (loop) => {
          this.loops.push({ ...loop, node: path });
        },
      });
      const unread = attributes.unread().at(0);
      if (unread !== undefined) throw new Unsupported(`has the attribute “${unread}”, which is not computed here`);
      return results;
    }
    // What only hands a list on.
    if (operator === 'Identity' && domain === '' && inputs[0] instanceof Sequence) return [inputs[0]];
    const compute = operatorFor(domain, operator);
    if (!compute) throw new Unsupported(whyUnknown(operator));
    const variables = inputs.map((value) => {
      if (value instanceof Sequence) throw new Unsupported('reads a sequence');
      return value instanceof Variable ? value : undefined;
    });
    const named = names.map((name) => name !== '');
    const computed = () => {
      const tensors = variables.map((variable) => variable?.tensor);
      return this.program.constants.resultOf(attributes, tensors, () => {
        const call = new Call(operator, opset, attributes, tensors, named);
        const result = compute(call);
        call.checkAllRead();
        return result;
      });
    };
    return this.tape.record(path, operator, variables, computed(), names, computed);
  }

  private *runBody(
    graph: GraphProto,
    inputs: readonly Value[],
    outer: Scope,
    path: string,
  ): Turns<{ outputs: Value[]; values: ReadonlyMap<string, Value> }> {
    const scope = new Scope(outer, outer.opsets, path);
    const body = this.program.bodyOf(graph);
    for (const [name, value] of body.constants) scope.values.set(name, value);
    graph.input.forEach(({ name }, i) => {
      if (i < inputs.length) scope.values.set(name, inputs[i]);
    });
    yield* this.runNodes(body.nodes, scope);
    return { outputs: graph.output.map(({ name }) => find(name, scope)), values: scope.values };
  }

  private *runFunction(body: FunctionBody, inputs: readonly (Value | undefined)[], path: string): Turns<Value[]> {
    if (this.open.has(body.own)) throw new Unsupported('is a function that calls itself');
    this.open.add(body.own);
    try {
      return yield* this.computeFunction(body, inputs, path);
    } finally {
      this.open.delete(body.own);
    }
  }

  private *computeFunction(body: FunctionBody, inputs: readonly (Value | undefined)[], path: string): Turns<Value[]> {
    const scope = new Scope(null, body.opsets, `${path}/`);
    body.inputs.forEach((name, i) => {
      const value = inputs[i];
      if (value) scope.values.set(name, value);
    });
    // An input that the caller leaves out is absent inside, too.
    const absent = new Set(body.inputs.filter((_, i) => !inputs[i]));
    yield* this.runNodes(
      absent.size === 0
        ? body.nodes
        : body.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => (absent.has(name) ? '' : name)) })),
      scope,
    );
    return body.outputs.map((name) => find(name, scope));
  }
}

function find(name: string, scope: Scope): Value {
  const found = scope.find(name);
  if (!found) throw new Unsupported(`reads “${name}”, which nothing gives`);
  return found;
}
