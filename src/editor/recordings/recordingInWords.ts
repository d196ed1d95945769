/** What is shown about a recording: what it is of, and on which side of clipping its gradients were read. */
import type { RecordingSummary } from '../../protocol/recording';
import { localize } from '../localize';

export function recordingInWords({ model, torch, every, side }: RecordingSummary): string {
  const of = torch === null ? model : `${model}, PyTorch ${torch}`;
  return [
    localize('recording.of', of, every),
    localize(side === 'before-clipping' ? 'recording.beforeClipping' : 'recording.afterClipping'),
  ].join(' ');
}
