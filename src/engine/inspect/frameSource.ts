/**
 * Frames of the watched probe: made when something changed, few under way, and seldom enough that training keeps most of the
 * machine.
 */
import { setImmediate } from 'node:timers/promises';
import { UserError } from '../../userError';
import type { Watch } from '../../protocol/engine';
import type { Frame } from '../../protocol/frame';
import type { Message } from '../../messages';
import { isCommonStep } from '../../terms/commonSteps';
import type { ModelLock } from '../modelLock';

/** Part of the time that frames may take while a run is on. */
const shareOfTraining = 0.3;
/**
 * Frames sent and not yet drawn: one that is being drawn, and one on its way, since the way to a page can take longer than making
 * a frame. A slow page then still slows nothing, and nothing piles up.
 */
const maxUnderWay = 2;

/**
 * A frame of the probe, as the model is now. Throws a UserError when the model cannot read it. @param pause called now and then where a frame takes long;
 * throws when it is no longer wanted
 */
export type MakeFrame = (watch: Watch, sequence: number, pause: () => Promise<void>) => Promise<Frame>;

/** What `pause` throws: another probe is watched by now. */
class NoLongerWanted extends Error {}

export interface FrameSink {
  frame(frame: Frame): void;
  watchFailed(message: Message): void;
}

export class FrameSource {
  private watched: Watch | null = null;
  /** The probe, the target or the weights have changed since the last frame. */
  private isStale = false;
  /** No frame of this watch has been made. */
  private isNew = false;
  private sequence = 0;
  private drawn = 0;
  /** Milliseconds on the monotonic clock; before this no frame is due. */
  private notBefore = 0;
  private timer: NodeJS.Timeout | null = null;

  /** @param behindFrame what is done behind a frame while nobody changes the model; it counts as part of the frame's cost */
  constructor(
    private readonly makeFrame: MakeFrame,
    private readonly modelLock: ModelLock,
    private readonly sink: FrameSink,
    private readonly isTraining: () => boolean,
    private readonly trainingStep: () => number,
    private readonly behindFrame: (watch: Watch) => Promise<void> = () => Promise.resolve(),
  ) {}

  /** Frames of this probe from now on; the first as soon as the model is free, also within a training step. A new watch does not wait for an old frame's drawing. */
  watch(watch: Watch | null): void {
    this.watched = watch;
    this.drawn = this.sequence;
    this.notBefore = 0;
    this.isStale = this.isNew = true;
    // The user has pressed a key, and waits.
    void this.makeIfDue();
  }

  /** The weights have changed, or a frame is wanted for another reason. */
  changed(): void {
    this.isStale = true;
    if (!this.isTraining()) this.schedule();
  }

  frameDrawn(sequence: number): void {
    this.drawn = Math.max(this.drawn, sequence);
    if (!this.isTraining()) this.schedule();
  }

  /** Makes a frame if one is due; for the training loop, between two steps. */
  async makeIfDue(): Promise<void> {
    if (this.isDue()) {
      // Questions that have come in meanwhile, such as a hover's, go first.
      await setImmediate();
      await this.modelLock.run(() => this.make());
    }
    // A timer can fire some tenths of a millisecond early, and what changes while a frame is made is due later than was known then: nobody else would come by.
    if (!this.isTraining()) this.schedule();
  }

  dispose(): void {
    this.watched = null;
    if (this.timer) clearTimeout(this.timer);
  }

  private get hasRoom(): boolean {
    return this.sequence - this.drawn < maxUnderWay;
  }

  private isDue(): boolean {
    if (this.watched === null || !this.isStale) return false;
    // Each of these is waited for by those that train more slowly. They are few, so that none need be left out.
    if (this.watched.atCommonSteps === true && this.isTraining())
      return this.isNew || isCommonStep(this.trainingStep());
    return this.hasRoom && performance.now() >= this.notBefore;
  }

  /** Without a training loop to ask for frames, a timer does. */
  private schedule(): void {
    if (this.timer || this.watched === null || !this.isStale || !this.hasRoom) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        void this.makeIfDue();
      },
      Math.max(0, this.notBefore - performance.now()),
    );
  }

  private async make(): Promise<void> {
    const watch = this.watched;
    if (!watch || !this.isDue()) return;
    const isAwaited = this.isNew;
    this.isStale = this.isNew = false;
    const start = performance.now();
    try {
      const frame = await this.makeFrame(watch, this.sequence + 1, async () => {
        await setImmediate();
        if (this.watched !== watch) throw new NoLongerWanted();
      });
      // Looked away, or at something else, in the meantime.
      if (this.watched !== watch) return;
      this.sequence++;
      this.sink.frame(frame);
      // A person who moves on waits for the next frame, too.
      if (!isAwaited) await this.behindFrame(watch);
    } catch (thrown) {
      if (thrown instanceof NoLongerWanted) return;
      if (!(thrown instanceof UserError)) throw thrown;
      if (this.watched !== watch) return;
      this.watched = null;
      this.sink.watchFailed({ key: thrown.key, args: thrown.args });
    }
    const cost = performance.now() - start;
    const rest = this.isTraining() ? cost / shareOfTraining - cost : 0;
    this.notBefore = start + Math.max(cost + rest, 1000 / watch.maxRate);
  }
}
