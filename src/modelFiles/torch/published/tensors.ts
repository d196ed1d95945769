/** Taking the tensors of a published model one by one, so that one that is missing, of a wrong shape or left over is named. */
import type { Weights } from '../../../core/model/generalModel';
import { UserError } from '../../../userError';
import { unreadable } from '../choice';
import type { WeightTensor } from '../weightTensors';

export class TensorTaker {
  private readonly taken = new Set<string>();

  constructor(
    private readonly tensors: ReadonlyMap<string, WeightTensor>,
    private readonly file: string,
  ) {}

  has(name: string): boolean {
    return this.tensors.has(name);
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

  /** Throws a UserError that names what has not been taken. */
  finish(): void {
    const rest = [...this.tensors.keys()].filter((name) => !this.taken.has(name));
    if (rest.length > 0) throw new UserError('error.torch.tensorsInTheWay', this.file, rest.slice(0, 8).join(', '));
  }

  private found(name: string): WeightTensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError('error.torch.tensorMissing', this.file, name);
    return tensor;
  }
}
