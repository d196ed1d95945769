/** What is to be said of the way in which a graph is run. */
import { UserError } from '../../../userError';
import type { GraphUse } from './textRun';

export function noticesOf(
  { ids, others, way, carried, scores }: GraphUse,
  readsLater: boolean,
  hasMemory: boolean,
): UserError[] {
  const list = (names: readonly string[]) => names.join(', ');
  const named = (filler: string) => others.filter((other) => other.filler === filler).map(({ name }) => name);
  const [lengthInputs, ones, positions] = [named('length'), named('ones'), named('positions')];
  const zeros = named('zeros').filter((name) => way !== 'single' || !carried.some(({ input }) => input === name));
  return [
    ...(way === 'single'
      ? [new UserError('notice.graph.oneToken', list(carried.map(({ input, output }) => `${output} → ${input}`)))]
      : []),
    ...(way === 'prefixes' ? [new UserError('notice.graph.lastToken')] : []),
    ...(ids.length !== null && way !== 'single' ? [new UserError('notice.graph.fixedLength', ids.length)] : []),
    ...(zeros.length > 0 ? [new UserError('notice.graph.inputsZero', list(zeros))] : []),
    ...(lengthInputs.length > 0 ? [new UserError('notice.onnx.lengthsWholeText', list(lengthInputs))] : []),
    ...(ones.length > 0 ? [new UserError('notice.graph.inputsOne', list(ones))] : []),
    ...(positions.length > 0 ? [new UserError('notice.graph.inputsPositions', list(positions))] : []),
    ...(readsLater ? [new UserError('notice.graph.readsLater')] : []),
    ...(hasMemory ? [] : [new UserError('notice.graph.noMemory', scores?.name ?? '')]),
  ];
}
