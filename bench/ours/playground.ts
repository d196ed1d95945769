/** The playground's answers, as a slider asks for them. */
import { Playground } from '../../src/engine/inspect/playground';
import { kindOf, type CellName } from '../../src/layers/catalog';
import type { SliderControl } from '../../src/layers/playground';
import { defaultPlayground } from '../../src/protocol/playground';
import { defaultThresholds } from '../../src/protocol/settings';

export interface PlaygroundRequest {
  readonly cell: CellName;
  readonly layers: number;
  /** How often the kind's first slider moves. */
  readonly moves: number;
}

interface Spent {
  /** Milliseconds of the clock, and of all processors. */
  readonly clock: number;
  readonly processor: number;
}

/** What the first answer takes, for which the weights are drawn, and each of those that follow when the kind's first slider is moved from end to end. */
export async function playgroundAnswers({
  cell,
  layers,
  moves,
}: PlaygroundRequest): Promise<{ first: Spent; moved: Spent[] }> {
  const playground = new Playground();
  const slider = kindOf(cell).playground.controls.find((control) => control.type === 'slider');
  if (!slider) throw new Error(`${cell} has no slider`);
  const answer = async (share: number): Promise<Spent> => {
    const values = { [slider.name]: valueAt(slider, share) };
    const [start, before] = [performance.now(), process.cpuUsage()];
    await playground.run({ ...defaultPlayground, cell, layers, values }, defaultThresholds);
    const { user, system } = process.cpuUsage(before);
    return { clock: performance.now() - start, processor: (user + system) / 1000 };
  };
  const first = await answer(0);
  const moved: Spent[] = [];
  for (let i = 1; i <= moves; i++) moved.push(await answer(i / moves));
  return { first, moved };
}

function valueAt({ min, max, isLogarithmic = false }: SliderControl, share: number): number {
  return isLogarithmic ? min * (max / min) ** share : min + (max - min) * share;
}
