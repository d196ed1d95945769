/** All operators. A new one is a line in the table of its family. */
import type { Operator, OperatorTable } from '../call';
import { arithmeticOperators } from './arithmetic';
import { attentionOperators } from './attention';
import { binary } from './binary';
import { creation } from './creation';
import { einsum } from './einsum';
import { indexing } from './indexing';
import { matmul } from './matmul';
import { ofRuntime } from './microsoft';
import { movement } from './movement';
import { normalization } from './normalization';
import { quantization } from './quantization';
import { recurrent } from './recurrent';
import { reduce } from './reduce';
import { rotary } from './rotary';
import { scatter } from './scatter';
import { softmax } from './softmax';
import { unary } from './unary';
import { choice } from './where';
import { windows } from './windows';

const ofOnnx: OperatorTable = {
  ...unary,
  ...binary,
  ...arithmeticOperators,
  ...choice,
  ...matmul,
  ...einsum,
  ...reduce,
  ...softmax,
  ...normalization,
  ...movement,
  ...indexing,
  ...scatter,
  ...creation,
  ...quantization,
  ...windows,
  ...recurrent,
  ...attentionOperators,
  ...rotary,
};

/** By domain; "" is ONNX's own. */
const tables: Readonly<Record<string, OperatorTable>> = { '': ofOnnx, 'com.microsoft': ofRuntime };

/** @returns undefined for an operator that is not known */
export function operatorFor(domain: string, name: string): Operator | undefined {
  const table = Object.hasOwn(tables, domain) ? tables[domain] : {};
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

export const operatorNames: readonly { readonly domain: string; readonly name: string }[] = Object.entries(
  tables,
).flatMap(([domain, table]) => Object.keys(table).map((name) => ({ domain, name })));
