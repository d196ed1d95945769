/** A run's numbers for TensorBoard: a new file of events in a folder, which earlier files of the same run stay beside. */
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { learningRateAt } from '../../core/optimize/schedule';
import {
  encodeStart,
  encodeSummary,
  encodeVersion,
  type Histogram,
  type Scalar,
} from '../../formats/tensorboard/eventFile';
import type { InspectAnswer } from '../../protocol/engine';
import { progressColumns, type Progress } from '../../protocol/run';
import type { TrainingSettings } from '../../protocol/settings';
import { writeError } from './fileErrors';

/** Lags of which a histogram each is written: the gradient falls exponentially with them. */
const lags = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256];

export class TensorBoardLog {
  private readonly path: string;
  private hasBegun = false;

  /** Throws a UserError where the folder cannot be written to. @param now milliseconds since 1970 */
  constructor(
    private readonly folder: string,
    private readonly now: () => number,
  ) {
    try {
      mkdirSync(folder, { recursive: true });
      const seconds = Math.max(Math.floor(now() / 1000), newestIn(folder) + 1);
      const name = `events.out.tfevents.${String(seconds).padStart(10, '0')}.${hostname()}.${process.pid}.0`;
      this.path = join(folder, name);
      writeFileSync(this.path, encodeVersion(now() / 1000), { flag: 'wx' });
    } catch (thrown) {
      throw writeError(thrown, folder);
    }
  }

  /** Every step's numbers. Throws a UserError where they cannot be written. */
  progress({ rows, validation }: Progress, training: TrainingSettings): void {
    const width = progressColumns.length;
    // A resumed run begins at its last checkpoint, which is behind what had been written.
    if (!this.hasBegun && rows.length > 0) this.append(encodeStart(rows[0], this.now() / 1000));
    this.hasBegun ||= rows.length > 0;
    for (let at = 0; at < rows.length; at += width) {
      const [step, loss, gradientNorm, clippedNorm, , tokensPerSecond] = rows.subarray(at, at + width);
      this.write(step, [
        { tag: 'loss/training', value: loss },
        { tag: 'gradient/log10 norm', value: Math.log10(gradientNorm) },
        { tag: 'gradient/norm before clipping', value: gradientNorm },
        { tag: 'gradient/norm after clipping', value: clippedNorm },
        { tag: 'training/learning rate', value: learningRateAt(training, step - 1) },
        { tag: 'training/tokens per second', value: tokensPerSecond },
      ]);
    }
    for (const { step, loss } of validation) this.write(step, [{ tag: 'loss/validation', value: loss }]);
  }

  /** How far the gradient reaches back in a text, and how large it is at each lag. @param report with its matrices */
  report({ trainingStep, layers, inputs, inputMatrix, tokens }: InspectAnswer): void {
    const ofStates = layers.flatMap(({ layer, direction, states }) =>
      states.map(({ name, flow }) => ({ name: `layer ${layer + 1} ${direction} ${name}`, flow })),
    );
    const flows = [...ofStates, ...inputs.slice(0, 1).map(({ flow }) => ({ name: 'input', flow }))];
    const horizons = flows.flatMap(({ name, flow: { horizon } }) =>
      horizon === null ? [] : [{ tag: `horizon/log10 tokens, ${name}`, value: Math.log10(horizon) }],
    );
    this.write(trainingStep, horizons, inputMatrix ? histogramsOf(inputMatrix, tokens.length) : []);
  }

  private write(step: number, scalars: readonly Scalar[], histograms: readonly Histogram[] = []): void {
    this.append(encodeSummary({ step, scalars, histograms }, this.now() / 1000));
  }

  private append(record: Uint8Array): void {
    try {
      appendFileSync(this.path, record);
    } catch (thrown) {
      throw writeError(thrown, this.folder);
    }
  }
}

/**
 * The seconds in the name of the folder's newest file of events; −1 without one. TensorBoard reads them in the order of their names, so a file behind the
 * others needs a later time, also within one second of them and after a clock was set back.
 */
function newestIn(folder: string): number {
  const seconds = readdirSync(folder).map((name) => /^events\.out\.tfevents\.(\d+)\./.exec(name)?.[1] ?? '-1');
  return Math.max(-1, ...seconds.map(Number));
}

/** Of log₁₀‖∂ℓ_τ/∂x_{τ−lag}‖ over all targets τ, a histogram for each lag; without those that are exactly zero. @param T steps of the matrix [T, T] */
function histogramsOf(matrix: Float64Array, T: number): Histogram[] {
  return lags.flatMap((lag) => {
    const values = Array.from({ length: Math.max(0, T - lag) }, (_, i) => matrix[(i + lag) * T + i]).filter(
      Number.isFinite,
    );
    return values.length > 0 ? [{ tag: `gradient/log10 norm at lag ${lag}`, values }] : [];
  });
}
