/**
 * The streams of a training batch, all in one network or in shares: each share reads its own streams from the first product to the weight gradients, on a thread
 * of its own where there are threads, and their gradients are added up once. So nothing is forked and joined, or copied, between the products of a step. How many
 * shares there are follows from model and batch, not from the threads: the sums have the same bits on every machine with the same processor.
 */
import { at, type Arena } from '../../kernels/arena';
import { splitStreams, type StreamRange } from '../../kernels/threadPool';
import type { CarriedState } from '../../core/model/tape';
import type { LearningNetwork } from '../../core/network';
import type { Backend } from '../backend';
import { Board, widthsOf } from './board';
import { addRecords, networkOf, recordsLength, runShare, Share } from './share';
import type { BatchSettings, OtherShare, ShareOrder } from './share';
import { ThreadShare } from '../threads/threadShare';

export class Batch<T> {
  /** The first share's: the model as it learns; after a step the gradient, and what is recorded, of the whole batch. */
  readonly network: LearningNetwork;
  /** What was made beside it in its arena. */
  readonly made: T;
  readonly board: Board;
  /** L of the last window, nats per predicted token, or the mean squared error. */
  loss = NaN;
  private readonly streams: readonly StreamRange[];
  /** Made at the first step. */
  private others: readonly OtherShare[] | null = null;
  /** Of another share's gradient; empty if there is none. */
  private readonly addend: Float32Array;

  /** Throws ArenaTooLarge or another RangeError where the memory is not to be had. @param make what lies in the arena of the model's parameters */
  constructor(
    private readonly backend: Backend,
    private readonly settings: BatchSettings,
    make: (arena: Arena, network: LearningNetwork) => T,
  ) {
    const {
      batch,
      steps,
      config: { features, vocabularySize },
    } = settings;
    const count = backend.shares(batch);
    this.streams = splitStreams(batch, count);
    const [{ count: own }] = this.streams;
    const built = backend.buildShare(batch, own, (arena, products) => {
      const network = networkOf(arena, products, settings, own);
      const addend = arena.floats(count > 1 ? network.parameters.layout.length : 0);
      return { network, addend, made: make(arena, network) };
    });
    this.network = built.network;
    this.addend = built.addend;
    this.made = built.made;
    const { tape, parameters } = this.network;
    this.board = new Board({
      steps,
      batch,
      numbers: features === null ? null : { inputSize: features, outputSize: vocabularySize },
      widths: widthsOf(tape.carried),
      parameters: parameters.layout.length,
      records: recordsLength(this.network),
      shares: count,
    });
  }

  /** What is carried into the next window: of the whole batch. */
  get carried(): readonly CarriedState[] {
    return this.network.tape.carried.map((state, i) => ({ ...state, values: this.board.carriedIn[i] }));
  }

  /** Reads the window on the board, forward and back. What it carries out is carried into the next by `board.carryState`. */
  async run(order: Omit<ShareOrder, 'predicted'>): Promise<void> {
    const { network, board, addend } = this;
    const { backward, tape } = network;
    const whole: ShareOrder = { ...order, predicted: board.predicted(order.steps) };
    this.others ??= await this.makeOthers();
    if (this.others.length === 0) await runShare(network, this.streams[0], board, whole);
    else await this.runShares(whole, this.others);
    let [likelihood, tokens] = [tape.logLikelihood, tape.tokens];
    const { values } = backward.gradient;
    board.gradients.forEach((gradient, i) => {
      addend.set(gradient);
      tape.arena.kernels.add(at(values), at(values), at(addend), values.length);
      const records = board.records[i];
      addRecords(network, records, tokens);
      likelihood += records[0];
      tokens += records[1];
    });
    this.loss = -likelihood / whole.predicted;
  }

  /** Ends its threads. */
  end(): void {
    for (const share of this.others ?? []) share.end();
    this.others = null;
  }

  private async runShares(order: ShareOrder, others: readonly OtherShare[]): Promise<void> {
    const { board, network } = this;
    board.parameters.set(network.parameters.values.subarray(0, board.parameters.length));
    const beside = others.filter(({ isHere }) => !isHere).map((share) => share.run(order));
    // All are waited for even if one fails: they read the board.
    for (const result of await Promise.allSettled([this.here(order, others), ...beside]))
      if (result.status === 'rejected') throw result.reason;
  }

  /** The shares of this thread. */
  private async here(order: ShareOrder, others: readonly OtherShare[]): Promise<void> {
    await runShare(this.network, this.streams[0], this.board, order);
    for (const share of others) if (share.isHere) await share.run(order);
  }

  private makeOthers(): Promise<OtherShare[]> {
    return Promise.all(this.streams.slice(1).map((streams, i) => this.makeOther(streams, i + 1)));
  }

  /** Where no thread can have it, it is computed here: with the same bits, after the first. */
  private async makeOther(streams: StreamRange, index: number): Promise<OtherShare> {
    const { backend, settings, board } = this;
    if (backend.shareThread) {
      const { sizes, memory } = board;
      const made = await ThreadShare.start({ ...backend.shareThread, settings, sizes, memory, streams, index });
      if (made) return made;
    }
    const network = backend.buildShare(settings.batch, streams.count, (arena, products) =>
      networkOf(arena, products, settings, streams.count),
    );
    return new Share(network, streams, board, index);
  }
}
