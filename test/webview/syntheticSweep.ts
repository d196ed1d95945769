/** Sweeps made up for tests. */
import type { ShownSweep, ShownTrial, SweepAxis } from '../../src/pageContract/sweep';

/** A trial's values by their keys; its seed is a number. */
type Settings = Readonly<Record<string, string>> & { readonly seed: number };

/** @param trialOf what is otherwise than done, with loss 2, validation loss 2.5 and horizon 10 */
export function sweepOf(
  grid: Readonly<Record<string, readonly string[]>>,
  samples: number,
  trialOf: (settings: Settings) => Partial<ShownTrial>,
): ShownSweep {
  const settings: SweepAxis[] = Object.entries(grid).map(([key, values]) => ({ key, values }));
  const seeds = Array.from({ length: samples }, (_, i) => String(i + 1));
  const axes = [...settings, { key: 'seed', values: seeds }];
  const points = axes.reduce<readonly (readonly number[])[]>(
    (before, { values }) => before.flatMap((point) => values.map((_, i) => [...point, i])),
    [[]],
  );
  const trials = points.map((at): ShownTrial => {
    const values = Object.fromEntries(settings.map(({ key, values }, i) => [key, values[at[i]]]));
    const others = trialOf({ ...values, seed: at[settings.length] + 1 } as Settings);
    const isWithout = others.state !== undefined && others.state !== 'done' && others.state !== 'stopped';
    const known = isWithout
      ? { step: null, loss: null, validationLoss: null, horizon: null, within: null }
      : { step: 100, loss: 2, validationLoss: 2.5, horizon: 10, within: 128 };
    return { state: 'done', ...known, reason: null, at, canOpen: others.state !== 'waiting', ...others };
  });
  return { name: 'sweep-tale', corpus: 'tale.txt', lossUnit: 'nats', steps: 100, axes, trials };
}

/** With something in every state: gain × kind, two seeds. */
export function variedSweep(): ShownSweep {
  return sweepOf({ gain: ['0.5', '1', '2'], kind: ['rnn', 'lstm', 'gru'] }, 2, ({ gain, kind, seed }) => {
    if (kind === 'gru') {
      if (gain === '0.5') return { state: 'waiting' };
      return gain === '1' ? { state: 'begun' } : { state: 'failed', reason: 'This <b>value</b> is refused.' };
    }
    if (kind === 'lstm') {
      if (gain === '0.5') return { state: 'stopped', step: 11, horizon: 4 };
      return gain === '2' && seed === 2 ? { state: 'diverged' } : { horizon: gain === '2' ? null : 30 };
    }
    return { horizon: seed + 6 * Number(gain), loss: 1 + Number(gain), validationLoss: 1.5 + Number(gain) };
  });
}
