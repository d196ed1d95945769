/** Which training step's flow is shown: that of now, or of an earlier step, which the engine keeps. */
import type { Link } from './link';

export class Travel {
  private wanted: number | null = null;
  /** The step whose frame is on its way. */
  private asked: number | null = null;

  /** `now` hears that the newest frame is wanted again. */
  constructor(
    private readonly link: Link,
    private readonly now: () => void,
  ) {}

  /** Null for now. */
  get step(): number | null {
    return this.wanted;
  }

  /** One question at a time: while a frame is on its way, only the last step that is wanted counts. */
  go(step: number | null): void {
    if (step === this.wanted) return;
    this.wanted = step;
    if (step === null) this.now();
    else if (this.asked === null) this.ask(step);
  }

  /** The answer has come. Whether it is to be shown; if another step is wanted by now, that is asked for. Without a frame there is only now. */
  accept(hasFrame: boolean): boolean {
    const { asked, wanted } = this;
    this.asked = null;
    if (wanted === null) return false;
    if (!hasFrame) {
      this.go(null);
      return false;
    }
    if (wanted !== asked) this.ask(wanted);
    return true;
  }

  /** Another run: nothing of it has been seen yet. */
  reset(): void {
    this.wanted = this.asked = null;
  }

  private ask(step: number): void {
    this.asked = step;
    this.link.travel(step);
  }
}
