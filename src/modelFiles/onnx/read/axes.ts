/** Which axis of the tokens is time, found by what the recurrent layers read along. */
import { UserError } from '../../../userError';
import { type Content, type Data, type Logits, type States } from './value';

/** An axis of the predictions. */
export type PredictionAxis = 'time' | 'batch' | 'symbols';

export interface StepsAndBatch {
  /** Axis of the tokens. */
  readonly timeAxis: number;
  /** The predictions are of the last step only. */
  readonly isLast: boolean;
  /** Of the predictions, the slowest first. */
  readonly order: readonly PredictionAxis[];
}

/** The stack below the predictions, the top layer first. */
export function statesBelow({ of }: Logits): States[] {
  const found: States[] = [];
  for (
    let content: Content = of.kind === 'normed' ? of.of : of;
    content.kind === 'states';
    content = content.parts[0].node.input
  )
    found.push(content);
  return found;
}

/** Throws a UserError where the layers do not read along one axis of the tokens. */
export function stepsAndBatch({ axes }: Data, logits: Logits): StepsAndBatch {
  const nodes = statesBelow(logits)
    .reverse()
    .flatMap(({ parts }) => parts.map(({ node }) => node));
  const [{ time, source: first }] = nodes;
  const other = nodes.find((node) => node.time !== time || !time.startsWith('ids.'));
  if (other) throw new UserError('error.onnx.axesDiffer', other.source, other.operator, first);
  const turned = axes.flat().find(({ reversedBy }) => reversedBy !== undefined);
  if (turned) throw new UserError('error.onnx.tokensReversed', turned.reversedBy ?? '');
  const order = axes
    .flat()
    .map(({ name }): PredictionAxis => (name === time ? 'time' : name.startsWith('ids.') ? 'batch' : 'symbols'));
  return { timeAxis: Number(time.slice('ids.'.length)), isLast: !order.includes('time'), order };
}
