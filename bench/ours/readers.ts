/** Where the windows of a measurement come from: random tokens, read in the way that a row names. */
import { Sequences } from '../../src/core/corpus/sequences';
import { Streams } from '../../src/core/corpus/streams';
import type { WindowInfo, WindowReader } from '../../src/core/corpus/windowReader';
import type { Random } from '../../src/core/model/random';

/** Windows in the random text; more would measure the same. */
const windowsOfText = 8;

export interface ReaderRequest {
  readonly batch: number;
  readonly window: number;
  readonly vocabulary: number;
  /** Steps of each sequence, one sequence after another, a batch of them a window, padded. Without, streams are read. */
  readonly lengths?: readonly number[];
  /** Only the last token of a window is predicted. */
  readonly lastTarget?: boolean;
}

export function readerOf(
  { batch, window, vocabulary, lengths, lastTarget }: ReaderRequest,
  random: Random,
): WindowReader {
  const tokens = (count: number) => Int32Array.from({ length: count }, () => Math.floor(vocabulary * random.uniform()));
  if (lengths) return sequencesOf(lengths, batch, vocabulary, tokens);
  const streams = new Streams(tokens(windowsOfText * window * batch + 1), window, batch);
  return lastTarget ? new LastTarget(streams) : streams;
}

/** A sequence of n steps is n − 1 tokens after SOS. SOS and EOS are the vocabulary's last two symbols, which the random text has too. */
function sequencesOf(
  lengths: readonly number[],
  batch: number,
  vocabulary: number,
  tokens: (count: number) => Int32Array,
): Sequences {
  let end = 0;
  const ends = Uint32Array.from(lengths, (length) => (end += length - 1));
  const settings = { batch, sos: vocabulary - 2, eos: vocabulary - 1, seed: null, longest: Math.max(...lengths) };
  return new Sequences({ ids: tokens(end), ends, first: 0, last: lengths.length }, settings);
}

/** Of each window only the last token is predicted: a gradient that nothing refreshes on its way back. */
class LastTarget implements WindowReader {
  readonly batch: number;
  readonly steps: number;
  readonly windowsPerPass: number;
  readonly tokensPerPass: number;

  constructor(private readonly reader: WindowReader) {
    this.batch = reader.batch;
    this.steps = reader.steps;
    this.windowsPerPass = reader.windowsPerPass;
    this.tokensPerPass = reader.windowsPerPass * reader.batch;
  }

  next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): WindowInfo {
    const info = this.reader.next(inputs, targets, lengths);
    targets.fill(-1, 0, (info.steps - 1) * this.batch);
    return info;
  }

  get state(): Readonly<Record<string, number>> {
    return this.reader.state;
  }

  restore(state: Readonly<Record<string, number>>): void {
    this.reader.restore(state);
  }
}
