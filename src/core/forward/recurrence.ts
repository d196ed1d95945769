/** The recurrence of one layer's direction over a window, by the kernels, its streams spread over the threads. */
import { at } from '../../kernels/arena';
import { splitStreams } from '../../kernels/crew';
import { FixedMatrix } from '../../kernels/fixedMatrix';
import type { ForwardPass, Part } from '../model/cells/cell';
import { cellOf } from '../model/cells/registry';
import { directionsOf } from '../model/config';
import type { DirectionParameters } from '../model/parameters';
import type { Tape } from '../model/tape';

export class ForwardRecurrence {
  /** Fractions of the last window's activations, in the order of `Cell.counts`. */
  readonly saturation: readonly (readonly Float64Array[])[];
  private readonly matrix: FixedMatrix;
  /** T·B·G·H of one step: the recurrent part of pre-activations, where a cell keeps it apart. */
  private readonly scratch: Float32Array;
  private readonly parts: readonly Part[];
  /** A row for each part. */
  private readonly counts: Int32Array;

  constructor(private readonly tape: Tape) {
    const { config, arena, batch } = tape;
    const cell = cellOf(config.cell);
    const width = cell.gates.length * config.hiddenSize;
    this.saturation = Array.from({ length: config.layers }, () => directionsOf(config).map(() => new Float64Array(cell.counts.length)));
    this.matrix = new FixedMatrix(arena, config.hiddenSize, width);
    this.scratch = arena.floats(cell.recurrentDiffers ? batch * width : 0);
    this.parts = splitStreams(batch, arena.threads);
    this.counts = arena.ints(this.parts.length * cell.counts.length);
  }

  /** On entry the tape's gates hold what the input gives; on return they, and the states, hold the window. */
  run(layer: number, d: number, { R, Rb }: DirectionParameters): void {
    const { tape, parts, counts } = this;
    const { config, arena, steps, batch, layers } = tape;
    const cell = cellOf(config.cell);
    const direction = layers[layer].directions[d];
    if (direction.direction === 'backward') {
      // It begins at the window's end, with nothing carried in.
      const size = batch * config.hiddenSize;
      direction.hidden.fill(0, steps * size, (steps + 1) * size);
      if (cell.hasCellState) direction.cellState.fill(0, steps * size, (steps + 1) * size);
    }
    this.matrix.loadTransposed(R);
    counts.fill(0);
    const pass: ForwardPass = {
      tape: direction, steps, batch, hiddenSize: config.hiddenSize, activation: config.activation, lengths: tape.lengthsAddress,
      R: this.matrix.address, Rb: at(Rb), scratch: at(this.scratch),
    };
    arena.run(cell.forwardKernel, parts.map((part, p) => cell.forwardArguments(pass, part, tape.records ? at(counts, p * cell.counts.length) : 0)));
    this.sumUp(this.saturation[layer][d]);
  }

  private sumUp(fractions: Float64Array): void {
    const { lengths, config } = this.tape;
    const activations = lengths.reduce((sum, length) => sum + length, 0) * config.hiddenSize;
    fractions.fill(0);
    this.counts.forEach((count, i) => (fractions[i % fractions.length] += count / activations));
  }
}
