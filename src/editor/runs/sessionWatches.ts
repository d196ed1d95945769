/** What a session's engine has been told to look at, and how far it has been answered: what it knows already is not told again. */
import type { Message } from '../../messages';
import type { Watch } from '../../protocol/engine';
import { RpcError } from '../../protocol/rpc';
import type { SampleWatch } from '../../protocol/sample';
import type { EngineProcess } from '../process/engineProcess';

/** What shows a session's frames; a comparison's probe goes before the panel's. */
export type Viewer = 'panel' | 'comparison';

/** Null while nobody listens. */
type Calls = EngineProcess['calls'] | null;

export class SessionWatches {
  private probe = '';
  private samples = '';
  private readonly wanted = new Map<Viewer, Watch | null>();
  /** The newest frame that the engine has sent, and the newest it has received; 0 of an engine that has sent none. */
  private frames = { sent: 0, drawn: 0 };

  /** The engine has ended: another will know nothing. */
  forget(): void {
    this.probe = this.samples = '';
    this.frames = { sent: 0, drawn: 0 };
  }

  /** @param refused with the sentence that says why */
  watch(asked: Watch | null, viewer: Viewer, calls: Calls, refused: (sentence: Message) => void): void {
    this.wanted.set(viewer, asked);
    const watch = this.wanted.get('comparison') ?? this.wanted.get('panel') ?? null;
    const key = JSON.stringify(watch);
    if (key === this.probe || !calls) return;
    this.probe = key;
    calls.call('watch', watch).catch((error: unknown) => {
      this.probe = '';
      if (error instanceof RpcError && error.code === 'user') refused(error.sentence);
    });
  }

  /** @param refused with the sentence that says why */
  watchSamples(watch: SampleWatch | null, calls: Calls, refused: (sentence: Message) => void): void {
    const key = watch ? JSON.stringify(watch) : '';
    if (key === this.samples || !calls) return;
    this.samples = key;
    calls.call('watchSamples', watch).catch((error: unknown) => {
      if (error instanceof RpcError && error.code === 'user') refused(error.sentence);
    });
  }

  /** A frame has come. */
  received(sequence: number): void {
    this.frames.sent = sequence;
  }

  /** Whether it is news to the engine that this frame is drawn: a frame of an engine that has been replaced is not answered to the next. */
  isNewlyDrawn(sequence: number): boolean {
    if (sequence <= this.frames.drawn || sequence > this.frames.sent) return false;
    this.frames.drawn = sequence;
    return true;
  }
}
