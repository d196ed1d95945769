/** The sublayer `positions` in float32: row t of a table for step t, in every stream. */
import { at, type Arena } from '../../../kernels/arena';
import type { LayerSizes } from '../../../layers/parameters';
import type { MakeMixer, Mixer, MixerBackPass, MixerPass, MixerRoom } from '../mixer';
import { parameter } from './parameter';

export const makePositions: MakeMixer = (arena, sizes, room) => new PositionsMixer(arena, sizes, room);

class PositionsMixer implements Mixer {
  readonly output: Float32Array;
  readonly states = [];
  readonly totals = [];

  constructor(
    private readonly arena: Arena,
    private readonly sizes: LayerSizes,
    { steps, batch }: MixerRoom,
  ) {
    this.output = arena.floats(steps * batch * sizes.hidden);
  }

  forward(pass: MixerPass): Promise<void> {
    const { arena, output } = this;
    const { hidden: D } = this.sizes;
    const table = parameter(pass, 'P');
    if (pass.steps * D > table.length) throw new Error('more steps than the table of positions has');
    for (let t = 0; t < pass.steps; t++)
      arena.kernels.fillRows(at(output, t * pass.batch * D), at(table, t * D), pass.batch, D);
    return Promise.resolve();
  }

  /** What is read passes around the table: nothing goes down through it. */
  backward({ steps, batch, above, below, gradient }: MixerBackPass): Promise<void> {
    const { hidden: D } = this.sizes;
    below.fill(0, 0, steps * batch * D);
    const table = parameter({ parameters: gradient }, 'P');
    table.fill(0, steps * D);
    for (let t = 0; t < steps; t++) this.arena.kernels.columnSums(at(table, t * D), at(above, t * batch * D), batch, D);
    return Promise.resolve();
  }

  /** Nothing is carried from window to window. */
  clearCarried(): void {}
}
