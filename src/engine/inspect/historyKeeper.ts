/**
 * Keeps the rows of a run's flow over training, all of one target: the last one of the text that was looked at first. Where the reader looks at another target
 * or text, the rows' own is read beside that, seldom enough to cost little.
 */
import type { Watch } from '../../protocol/engine';
import type { Frame } from '../../protocol/frame';
import { UserError } from '../../userError';
import type { FlowHistory } from './flowHistory';
import { makeFrame } from './frame';
import { Inspector, type InspectedModel } from './inspector';

/** Milliseconds between two rows that are read for the history alone: the picture of them is drawn no more often. */
const pace = 400;

export class HistoryKeeper {
  /** Of its own, since the texts can differ in length, and a reading is kept. */
  private inspector: Inspector | null = null;
  private notBefore = -Infinity;

  constructor(
    private readonly model: InspectedModel,
    private readonly history: FlowHistory,
  ) {}

  /** A frame has been made by this watch; no step has been taken since. */
  async keep(watch: Watch, frame: Frame): Promise<void> {
    const { history } = this;
    const { header } = frame;
    // At the first step nothing stands before the target: it would stay so for the whole run.
    if (!history.question && header.tokens.length > 1)
      history.ask({ text: watch.text, target: header.tokens.length - 1 });
    if (!history.question) return;
    const { text, target } = history.question;
    if (watch.text === text && header.target === target) history.add(frame);
    else await this.keepOwn(watch, header.trainingStep);
  }

  private async keepOwn(watch: Watch, trainingStep: number): Promise<void> {
    const { history, model } = this;
    const start = performance.now();
    if (!history.question || history.newestStep === trainingStep || start < this.notBefore) return;
    this.inspector ??= new Inspector(model);
    const { thresholds, unitMap, inputs = false, maxRate } = watch;
    try {
      const own = { ...history.question, thresholds, unitMap, inputs, total: false, maxRate };
      history.add(await makeFrame(this.inspector, own, 0, trainingStep));
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      // A file of before says its text by symbols, which need not be a text that the model reads: then the rows begin anew.
      history.forget();
    }
    // At most a part of the time, where reading it takes long.
    const end = performance.now();
    this.notBefore = end + Math.max(pace, 4 * (end - start));
  }
}
