/** Taking the tensors of a published model one by one, so that one that is missing, of a wrong shape or left over is named. */
import type { Weights } from '../../../core/model/generalModel';
import { UserError } from '../../../userError';
import { unreadable, type WeightTensor } from '../weightTensors';

/** Modules that PyTorch puts around others: they compute nothing. */
const wrappers: ReadonlySet<string> = new Set(['_orig_mod', '_checkpoint_wrapped_module', '_fsdp_wrapped_module']);

/** By the names they have without what `torch.compile` and the like put around modules. */
export function withoutWrappers(tensors: ReadonlyMap<string, WeightTensor>): ReadonlyMap<string, WeightTensor> {
  const bare = (name: string) =>
    name
      .split('.')
      .filter((part) => !wrappers.has(part))
      .join('.');
  return new Map(Array.from(tensors, ([name, tensor]) => [bare(name), tensor]));
}

export class TensorTaker {
  private readonly taken = new Set<string>();

  constructor(
    private readonly tensors: ReadonlyMap<string, WeightTensor>,
    private readonly file: string,
  ) {}

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  /**
   * The name of what stands in the module that has the layers, or in one around it. @param prefix of the module that has the layers: empty, or with a dot at its end
   * @param leaves what it may be called; the first where there is none
   */
  around(prefix: string, ...leaves: readonly string[]): string {
    const modules = prefix.split('.').slice(0, -1);
    for (let count = modules.length; count >= 0; count--)
      for (const leaf of leaves) {
        const name = [...modules.slice(0, count), leaf].join('.');
        if (this.has(name)) return name;
      }
    return prefix + leaves[0];
  }

  /** Its shape; nothing is taken. Throws a UserError where it is missing. */
  shapeOf(name: string): readonly number[] {
    return this.found(name).shape;
  }

  /** Throws a UserError where it is missing, has another shape, or cannot be read. */
  take(name: string, shape: readonly number[]): Weights {
    const tensor = this.found(name);
    if (tensor.shape.join() !== shape.join())
      throw new UserError('error.torch.tensorShape', this.file, name, tensor.shape.join(', '), shape.join(', '));
    if (!tensor.data) throw unreadable(tensor, this.file);
    this.taken.add(name);
    return tensor.data;
  }

  /** Zeros of the length where it is missing. */
  takeOrZeros(name: string, shape: readonly number[]): Weights {
    return this.has(name) ? this.take(name, shape) : new Float32Array(shape.reduce((a, b) => a * b, 1));
  }

  /** The output's matrix: that of the embedding where the two are tied, which libraries do not save twice. @param isApart whether they are said not to be */
  takeHead(name: string, embedding: Weights, shape: readonly number[], isApart: boolean): Weights {
    if (!this.has(name)) return embedding;
    const W = this.take(name, shape);
    const isSame = W === embedding || W.every((value, i) => Object.is(value, embedding[i]));
    return isSame && !isApart ? embedding : W;
  }

  /** Throws a UserError that names what has not been taken. @param isOther what is no weight */
  finish(isOther: (name: string) => boolean = () => false): void {
    const rest = [...this.tensors.keys()].filter((name) => !this.taken.has(name) && !isOther(name));
    if (rest.length > 0) throw new UserError('error.torch.tensorsInTheWay', this.file, rest.slice(0, 8).join(', '));
  }

  private found(name: string): WeightTensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError('error.torch.tensorMissing', this.file, name);
    return tensor;
  }
}
