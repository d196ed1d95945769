/** What the Jacobian of a recurrent layer does to many directions at once: rows of R, weighted and added unit by unit, times all of them. */
import { Arena, at } from '../../kernels/arena';
import { hasLargeProducts, matrix, setProduct } from '../float64/matrixProduct';
import type { TangentProducts } from '../layers/float64Cell';
import type { Weights } from '../model/generalModel';

/** Columns of one panel: `panelWidth` of src/kernels/assembly/product64.ts. */
const panelWidth = 4;
/** Directions up to which the kernels' product is used: it is done where R lies, with nothing to copy. */
const maxForKernels = 32;
/** Multiply-adds from which another library is faster still, its call included. */
const minForLibrary = 2e5;
/** Gates that the kernel `mixRows64` can add. */
const maxGates = 4;
/** Most sums of a kind's gates. */
const maxSums = 2;

/**
 * Memory of the kernels for the recurrent matrices of one block, which stay there as long as no other block is asked for: there is one such memory, since making one
 * costs more than the exponents of a short text.
 */
export class RecurrentMemory {
  private static arena: Arena | null = null;
  private static all: Float64Array = new Float64Array(0);
  private static owner: RecurrentMemory | null = null;
  private readonly users: { readonly lengths: readonly number[]; readonly take: (rooms: Float64Array[]) => void }[] =
    [];

  /** @param take gets rooms of these lengths whenever they have to be filled anew */
  add(lengths: readonly number[], take: (rooms: Float64Array[]) => void): void {
    this.users.push({ lengths, take });
  }

  /** Everything is where it was, or there again. */
  claim(): Arena {
    const { arena, owner } = RecurrentMemory;
    if (arena && owner === this) return arena;
    const needed = this.users.reduce(
      (sum, { lengths }) => lengths.reduce((total, length) => total + roomOf(length), sum),
      0,
    );
    let own = arena;
    if (!own || RecurrentMemory.all.length < needed) {
      own = Arena.ofSize(8 * needed);
      RecurrentMemory.arena = own;
      RecurrentMemory.all = own.doubles(needed);
    }
    RecurrentMemory.owner = this;
    let used = 0;
    for (const { lengths, take } of this.users)
      take(
        lengths.map((length) => {
          const from = used;
          used += roomOf(length);
          return RecurrentMemory.all.subarray(from, from + length);
        }),
      );
    return own;
  }
}

/** Rooms begin at cache lines. */
function roomOf(length: number): number {
  return Math.ceil(length / 8) * 8;
}

export class RecurrentProducts implements TangentProducts {
  private readonly W: Float64Array;
  private R = new Float64Array(0);
  private weights = new Float64Array(0);
  /** [M·H, H]: R's rows, weighted and added. */
  private mixed = new Float64Array(0);
  private panels = new Float64Array(0);
  private out = new Float64Array(0);
  private n = 0;
  private wide = new Float64Array(0);
  private ofW = new Float64Array(0);
  /** [G·H, n]: W ∂x of the step under way; null where what is read does not change. */
  private ofInput: Float64Array | null = null;

  /** @param W [G·H, I]; empty where what the layer reads never changes  @param R [G·H, H]; empty of a kind without */
  constructor(
    private readonly memory: RecurrentMemory,
    W: Weights,
    R: Weights,
    private readonly H: number,
    private readonly gates: number,
  ) {
    this.W = Float64Array.from(W);
    if (R.length === 0) return;
    if (gates > maxGates) throw new Error(`rows of ${gates} gates cannot be mixed, ${maxGates} at most`);
    const lengths = [R.length, maxSums * gates * H, maxSums * H * H, maxForKernels * H, maxSums * H * maxForKernels];
    // The weights may change while these are asked for.
    const copy = Float64Array.from(R);
    memory.add(lengths, ([r, weights, mixed, panels, out]) => {
      r.set(copy);
      Object.assign(this, { R: r, weights, mixed, panels, out });
    });
  }

  /** Before a step. @param read [I, n]: how what the layer reads changes; null where it does not */
  begin(n: number, read: Float64Array | null): void {
    const { gates, H, W } = this;
    if (this.n !== n) {
      this.n = n;
      this.wide = new Float64Array(0);
      this.ofW = new Float64Array(0);
    }
    this.ofInput = null;
    this.memory.claim();
    if (!read) return;
    if (this.ofW.length === 0) this.ofW = new Float64Array(gates * H * n);
    this.ofInput = this.ofW;
    const I = W.length / (gates * H);
    setProduct(matrix(this.ofW, n), matrix(W, I), matrix(read, n), gates * H, n, I);
  }

  get input(): Float64Array | null {
    return this.ofInput;
  }

  weightsOf(sums: number): Float64Array {
    return this.weights.subarray(0, sums * this.gates * this.H).fill(0);
  }

  mix(sums: number, v: Float64Array, ofInput: Float64Array | null = null): Float64Array {
    const { gates, H, n, weights, mixed } = this;
    this.memory.claim().kernels.mixRows64(at(mixed), at(this.R), at(weights), sums, gates, H);
    const byKernels = n <= maxForKernels && !(hasLargeProducts() && sums * H * H * n > minForLibrary);
    const out = byKernels ? this.byKernels(sums * H, v) : this.byLibrary(sums * H, v);
    const input = this.ofInput;
    if (input) {
      const byInput = ofInput ?? weights;
      for (let m = 0; m < sums; m++)
        for (let g = 0; g < gates; g++)
          for (let u = 0; u < H; u++) {
            const weight = byInput[(m * gates + g) * H + u];
            if (weight === 0) continue;
            for (let i = 0, to = (m * H + u) * n, from = (g * H + u) * n; i < n; i++, to++, from++)
              out[to] += weight * input[from];
          }
    }
    return out;
  }

  through(gate: number, blocks: number, v: Float64Array): Float64Array {
    const { H, R, n } = this;
    const out = new Float64Array(blocks * H * n);
    setProduct(
      matrix(out, n),
      matrix(R.subarray(gate * H * H, (gate + blocks) * H * H), H),
      matrix(v, n),
      blocks * H,
      n,
      H,
    );
    return out;
  }

  private byKernels(rows: number, v: Float64Array): Float64Array {
    const { panels, mixed, H, n } = this;
    const out = this.out.subarray(0, rows * n).fill(0);
    const groups = Math.ceil(n / panelWidth);
    if (n % panelWidth > 0) panels.fill(0, 0, groups * panelWidth * H);
    for (let l = 0, from = 0; l < H; l++)
      for (let j = 0; j < n; j++, from++)
        panels[(j - (j % panelWidth)) * H + l * panelWidth + (j % panelWidth)] = v[from];
    this.memory
      .claim()
      .kernels.multiplyAddFused64(at(out), n, at(mixed), H, at(panels), 8 * panelWidth * H, rows, n, H);
    return out;
  }

  private byLibrary(rows: number, v: Float64Array): Float64Array {
    const { mixed, H, n } = this;
    if (this.wide.length === 0) this.wide = new Float64Array(maxSums * H * n);
    const out = this.wide.subarray(0, rows * n);
    setProduct(matrix(out, n), matrix(mixed.subarray(0, rows * H), H), matrix(v, n), rows, n, H, minForLibrary);
    return out;
  }
}
