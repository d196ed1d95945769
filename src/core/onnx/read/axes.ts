/** Which axis of the tokens is time, found by what the recurrent layers read along. */
import { UserError } from '../../userError';
import type { Content, Data, Logits } from './value';

export interface StepsAndBatch {
  /** Axis of the tokens. */
  readonly timeAxis: number;
  /** How the predictions lie, the slowest first; without time they are of the last step only. */
  readonly order: readonly ('time' | 'batch' | 'symbols')[];
}

/** Throws a UserError where the layers do not read along one axis of the tokens. */
export function stepsAndBatch({ axes }: Data, { of }: Logits): StepsAndBatch {
  const names = new Set<string>();
  for (let content: Content = of.kind === 'normed' ? of.of : of; content.kind === 'states'; content = content.parts[0].node.input) {
    for (const { node } of content.parts) names.add(node.time);
  }
  const [time] = names;
  if (names.size !== 1 || !time.startsWith('ids.')) throw new UserError('The recurrent layers do not all read along one axis of the tokens.');
  const order = axes.flat().map(({ name }) => (name === time ? 'time' : name.startsWith('ids.') ? 'batch' : 'symbols'));
  return { timeAxis: Number(time.slice('ids.'.length)), order };
}
