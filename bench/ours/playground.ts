/** The playground's answers, as a slider asks for them. */
import { Playground } from '../../src/engine/inspect/playground';
import type { CellName } from '../../src/layers/catalog';
import { defaultPlayground, type PlaygroundMatrix } from '../../src/protocol/playground';
import { defaultThresholds } from '../../src/protocol/settings';

export interface PlaygroundRequest {
  readonly cell: CellName;
  readonly matrix: PlaygroundMatrix;
  /** How often the slider of the gain moves. */
  readonly moves: number;
}

/** Milliseconds of the first answer, for which the matrices are made, and of each that follows when the gain is moved. */
export async function playgroundAnswers({
  cell,
  matrix,
  moves,
}: PlaygroundRequest): Promise<{ first: number; moved: number[] }> {
  const playground = new Playground();
  const answer = async (gain: number) => {
    const start = performance.now();
    await playground.run({ ...defaultPlayground, cell, matrix, gain }, defaultThresholds);
    return performance.now() - start;
  };
  const first = await answer(0.8);
  const moved: number[] = [];
  for (let i = 1; i <= moves; i++) moved.push(await answer(0.8 + (0.4 * i) / moves));
  return { first, moved };
}
