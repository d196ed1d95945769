/** Operators that are made of others, as their texts define them: so are their derivatives. */
import type { AttributeProto } from '../../../formats/onnx/messages';
import { Attributes } from '../attributes';
import { differentiate } from '../backward';
import { Call, type Operator, type Result } from '../call';
import { Tape } from '../tape';
import { Variable } from '../variable';
import type { Tensor } from '../tensor';

/** Numbers are read as floats or as integers, as the operator asks. */
export type PlainAttributes = Readonly<Record<string, number | string | readonly number[]>>;

/** Whose operators are composed: the newest whose forms of them are used here. */
const opset = 18;

/** What one node computes, step by step, on a tape of its own. */
export class Composition {
  private readonly tape = new Tape();
  private readonly variables: readonly (Variable | undefined)[];

  /** @param inputs of the node */
  constructor(inputs: readonly (Tensor | undefined)[]) {
    this.variables = inputs.map((tensor, i) => tensor && new Variable(tensor, `input ${i + 1}`));
  }

  /** Undefined for an input that is absent. */
  optional(index: number): Variable | undefined {
    return this.variables[index];
  }

  /** The first output. */
  apply(
    operator: Operator,
    inputs: readonly (Variable | Tensor | undefined)[],
    attributes: PlainAttributes = {},
  ): Variable {
    return this.applied(operator, inputs, attributes, 1)[0];
  }

  /** @param count of outputs that are asked for */
  applied(
    operator: Operator,
    inputs: readonly (Variable | Tensor | undefined)[],
    attributes: PlainAttributes,
    count: number,
  ): Variable[] {
    const variables = inputs.map((input) =>
      input === undefined || input instanceof Variable ? input : new Variable(input, ''),
    );
    const call = new Call(
      '',
      opset,
      new Attributes(Object.entries(attributes).map(attributeOf), () => new Uint8Array(0)),
      variables.map((variable) => variable?.tensor),
      new Array<boolean>(count).fill(true),
    );
    const result = operator(call);
    call.checkAllRead();
    return this.tape.record('', '', variables, result, []);
  }

  /** Of the whole. Those outputs that have no place in it are left out at the end. */
  result(outputs: readonly Variable[]): Result {
    return {
      outputs: outputs.map(({ tensor }) => tensor),
      scaledVjp: (gradients, wanted) => {
        const asked = this.variables.filter((variable, i) => variable !== undefined && wanted[i]);
        const seeds = outputs.flatMap((output, i) => {
          const gradient = gradients[i];
          return gradient ? [[output, gradient] as const] : [];
        });
        const found = differentiate(
          this.tape,
          asked.filter((variable) => variable !== undefined),
        )(new Map(seeds));
        return this.variables.map((variable) => variable && found.get(variable));
      },
    };
  }
}

function attributeOf([name, value]: readonly [string, number | string | readonly number[]]): AttributeProto {
  if (typeof value === 'number') return { name, type: 1, f: value, i: value };
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  return { name, type: 7, ints: [...value] };
}
