/** Rows of the matrix of the lowest boundary, of a stack of mixers that take several targets down at once. */
import type { MatrixRows } from '../analysis/matrixRows';
import { log10Of } from './arithmetic';
import { addLossGradient } from './float64Backward';
import { perTargetInFloat64 } from './float64PerTarget';
import type { Float64Sublayer, Float64Trace, MixerRun } from './float64Trace';
import { NormBack } from './norm';
import { addBlock, stepsOf, targetBlock, type TargetBlock } from './targetBlock';
import { lengthOf } from '../numeric';

/** Rows of a block: what they are multiplied with is fetched once for many, and what travels stays in the nearer caches. */
const rowsOfBlock = 2048;
const maxTargets = 64;
/** The least length of a row in comparison with the longest of its target: what is shorter is computed with scales of its own. */
const leastShare = 1e-130;

interface Stage {
  readonly mixer: MixerRun;
  readonly norm: NormBack | null;
  readonly residual: boolean;
}

/** Null where a layer takes its targets one by one. */
export function mixerRows(trace: Float64Trace): MatrixRows | null {
  const stages: Stage[] = [];
  for (const sublayer of trace.layers.flatMap(({ sublayers }) => sublayers)) {
    const stage = stageOf(sublayer);
    if (!stage) return null;
    stages.unshift(stage);
  }
  return new MixerRows(trace, stages);
}

function stageOf({ mixer, norm, residual, input }: Float64Sublayer): Stage | null {
  if (!mixer?.code.flowOfMany || !input) return null;
  return { mixer, norm: norm && new NormBack(input, norm), residual };
}

class MixerRows implements MatrixRows {
  readonly blockSize: number;

  constructor(
    private readonly trace: Float64Trace,
    /** The highest first. */
    private readonly stages: readonly Stage[],
  ) {
    this.blockSize = Math.max(1, Math.min(maxTargets, Math.floor((2 * rowsOfBlock) / trace.steps)));
  }

  async write(from: number, to: number, out: Float64Array): Promise<void> {
    const { trace, stages } = this;
    const T = trace.steps;
    const isSafe = new Uint8Array(to - from).fill(1);
    let block = this.lossGradients(from, to, isSafe);
    for (const stage of stages) block = stageBack(stage, block, isSafe);
    const { width, first, last, begin, values, logScales } = block;
    for (let r = 0; r < to - from; r++) {
      const row = out.subarray(r * T, (r + 1) * T);
      row.fill(-Infinity, 0, from + r + 1).fill(NaN, from + r + 1);
      for (let t = first[r]; t <= last[r]; t++)
        row[t] = log10Of(lengthOf(values, (begin[r] + t - first[r]) * width, width), logScales[r]);
    }
    // Last, since the block's rows are not kept while others compute.
    for (let r = 0; r < to - from; r++) {
      if (isSafe[r] === 1) continue;
      const { inputs } = await perTargetInFloat64(trace, from + r);
      if (inputs[0]) out.set(inputs[0], r * T);
    }
  }

  private lossGradients(from: number, to: number, isSafe: Uint8Array): TargetBlock {
    const { trace } = this;
    const targets = Int32Array.from({ length: to - from }, (_, r) => from + r);
    const block = targetBlock(trace.layers[trace.layers.length - 1].output.length / trace.steps, targets, targets);
    for (let r = 0; r < to - from; r++) addLossGradient(trace, from + r, 1, block.values, r * block.width);
    rescale(block, isSafe);
    return block;
  }
}

function stageBack({ mixer, norm, residual }: Stage, above: TargetBlock, isSafe: Uint8Array): TargetBlock {
  const below = mixer.code.flowOfMany?.(mixer.layer, mixer.trace, above);
  if (below && norm) norm.run(below.values, stepsOf(below));
  if (below && residual) addBlock(below, above);
  const found = below ?? (residual ? above : targetBlock(above.width, above.first, above.last, above.logScales));
  rescale(found, isSafe);
  return found;
}

/** Brings each target's longest row to unit length; marks those whose rows differ too much for one scale. */
function rescale({ width, begin, values, logScales }: TargetBlock, isSafe: Uint8Array): void {
  for (let r = 0; r < logScales.length; r++) {
    let [least, greatest] = [Infinity, 0];
    for (let row = begin[r]; row < begin[r + 1]; row++) {
      const length = lengthOf(values, row * width, width);
      least = Math.min(least, length);
      greatest = Math.max(greatest, length);
    }
    if (!(least > leastShare * greatest) || !Number.isFinite(greatest)) {
      isSafe[r] = 0;
      continue;
    }
    const factor = 1 / greatest;
    for (let i = begin[r] * width; i < begin[r + 1] * width; i++) values[i] *= factor;
    logScales[r] += Math.log(greatest);
  }
}
