/** Compared is what stands at equal training steps: what the quicker runs have come to since then waits for the slower ones. */
import type { Frame } from '../../protocol/frame';
import type { SpectrumSample } from '../../protocol/overTraining';

/** The frames of one run that may still be shown: of one text and target, by training step. */
export class KeptFrames {
  private readonly kept = new Map<number, Frame>();
  private newest: Frame | null = null;
  private samples: readonly SpectrumSample[] = [];

  /** What the state's spectrum came to, in order of training steps; another array where there is a new one. It comes with frames of later steps, which need not be shown. */
  get spectra(): readonly SpectrumSample[] {
    return this.samples;
  }

  /** A frame of another text or target makes those before it useless; one of an earlier step means that the run went back. */
  accept(frame: Frame): void {
    const { trainingStep, spectrum } = frame.header;
    const isOther = this.newest !== null && !isOfSameText(this.newest, frame);
    const valid = isOther ? [] : this.samples.filter(({ step }) => step <= trainingStep && step !== spectrum?.step);
    if (spectrum || valid.length < this.samples.length) this.samples = spectrum ? [...valid, spectrum] : valid;
    if (this.newest && !isOfSameQuestion(this.newest, frame)) this.kept.clear();
    for (const step of this.kept.keys()) if (step >= trainingStep) this.kept.delete(step);
    this.kept.set(trainingStep, frame);
    this.newest = frame;
  }

  clear(): void {
    this.kept.clear();
    this.newest = null;
    this.samples = [];
  }

  get steps(): readonly number[] {
    return [...this.kept.keys()];
  }

  /** That of a step, after which those before it are forgotten; the newest without a step. */
  take(step: number | null): Frame | null {
    if (step === null) return this.newest;
    for (const each of this.kept.keys()) if (each < step) this.kept.delete(each);
    return this.kept.get(step) ?? null;
  }
}

export interface PacedRun {
  readonly frames: KeptFrames;
  /** It has been trained while it was compared; a model that was only opened stands where it stands. */
  readonly hasTrained: boolean;
  readonly hasEnded: boolean;
}

/** What is shown of each run: the last step that all have come to; the newest where there is none yet, and of runs that are not trained. */
export function framesToShow(runs: readonly PacedRun[]): (Frame | null)[] {
  const trained = runs.filter(({ hasTrained, frames }) => hasTrained && frames.steps.length > 0);
  const first = Math.max(
    ...trained.filter(({ hasEnded }) => !hasEnded).map(({ frames: { steps } }) => Math.min(...steps)),
  );
  // One that ended before that will never stand where the others do.
  const paced = trained.filter(({ hasEnded, frames: { steps } }) => !hasEnded || Math.max(...steps) >= first);
  const step = lastCommon(paced.map(({ frames: { steps } }) => steps));
  return runs.map((run) => run.frames.take(paced.includes(run) ? step : null));
}

function lastCommon(all: readonly (readonly number[])[]): number | null {
  if (all.length === 0) return null;
  const common = all[0].filter((step) => all.every((steps) => steps.includes(step)));
  return common.length === 0 ? null : Math.max(...common);
}

function isOfSameQuestion(a: Frame, b: Frame): boolean {
  return a.header.target === b.header.target && isOfSameText(a, b);
}

function isOfSameText({ header: a }: Frame, { header: b }: Frame): boolean {
  return a.probe === b.probe && a.tokens.length === b.tokens.length;
}
