/** What is computed from what by something that mixes elements. */
import { operators } from '../../../layers/catalog';
import type { Step } from '../../../core/graph/step';
import type { Variable } from '../../../core/graph/variable';

/** What mixes the elements of a step or of several; a sum without any in between is part of a function, such as GELU's. */
const mixing: readonly string[] = ['MatMul', 'Gemm', 'Einsum', 'Conv', ...operators];

/** Whether a variable is computed from another by something that mixes. */
export function comesFrom(variable: Variable, ancestor: Variable, makers: ReadonlyMap<Variable, Step>): boolean {
  const seen = [new Set<Variable>(), new Set<Variable>()];
  const open = [{ each: variable, isMixed: false }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { each, isMixed } = next;
    if (each === ancestor && isMixed) return true;
    const known = seen[Number(isMixed)];
    if (known.has(each)) continue;
    known.add(each);
    const maker = makers.get(each);
    const isNow = isMixed || (maker !== undefined && mixing.includes(maker.operator));
    for (const input of maker?.inputs ?? []) if (input) open.push({ each: input, isMixed: isNow });
  }
  return false;
}
