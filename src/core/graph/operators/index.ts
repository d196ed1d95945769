/** All operators. A new one is a line in the table of its family. */
import type { Operator, OperatorTable } from '../call';
import { binary } from './binary';
import { creation } from './creation';
import { einsum } from './einsum';
import { indexing } from './indexing';
import { matmul } from './matmul';
import { movement } from './movement';
import { normalization } from './normalization';
import { recurrent } from './recurrent';
import { reduce } from './reduce';
import { softmax } from './softmax';
import { unary } from './unary';
import { windows } from './windows';

const ofOnnx: OperatorTable = {
  ...unary,
  ...binary,
  ...matmul,
  ...einsum,
  ...reduce,
  ...softmax,
  ...normalization,
  ...movement,
  ...indexing,
  ...creation,
  ...windows,
  ...recurrent,
};

/** @param domain "" for ONNX's own  @returns undefined for an operator that is not known */
export function operatorFor(domain: string, name: string): Operator | undefined {
  return domain === '' && Object.hasOwn(ofOnnx, name) ? ofOnnx[name] : undefined;
}

export const operatorNames: readonly string[] = Object.keys(ofOnnx);
