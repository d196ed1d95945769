/** Sparse tensors, as dense ones. */
import { elementsOf, readTensor, TensorError, type Constant, type ExternalData } from './constant';
import type { SparseTensorProto } from './messages';

/** Elements of one at most, with the zeros, of which a small file can have any number. */
const maxSparseElements = 2 ** 26;

/** Zero wherever the file names no element. Throws TensorError. */
export function readSparseTensor(sparse: SparseTensorProto, external: ExternalData): Constant {
  const { values, dims: shape } = sparse;
  const size = elementsOf(shape);
  if (size > maxSparseElements)
    throw new TensorError(`is sparse, of the shape [${shape.join(', ')}], which is too large`);
  if (!values) throw new TensorError('is sparse and has no values');
  const { data: elements, isInteger } = readTensor(values, external);
  const places = placesOf(sparse, external);
  if (places.length !== elements.length)
    throw new TensorError(`is sparse, with ${elements.length} values at ${places.length} places`);
  const data = elements instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  places.forEach((place, i) => {
    if (!(place >= 0 && place < size))
      throw new TensorError(`is sparse, with an element outside its shape [${shape.join(', ')}]`);
    data[place] = elements[i];
  });
  return { shape, isInteger, data };
}

/** Of each value in the row-major whole; NaN for one outside. */
function placesOf({ indices, dims }: SparseTensorProto, external: ExternalData): Float64Array {
  // Without any element a writer can leave the indices out.
  if (!indices) return new Float64Array(0);
  const { shape, data } = readTensor(indices, external);
  if (shape.length !== 2) return Float64Array.from(data);
  const rank = dims.length;
  if (shape[1] !== rank) throw new TensorError(`is sparse, with places of ${shape[1]} axes for ${rank}`);
  return Float64Array.from({ length: shape[0] }, (_, i) => {
    let place = 0;
    for (const [axis, size] of dims.entries()) {
      const index = data[i * rank + axis];
      place = index >= 0 && index < size ? place * size + index : NaN;
    }
    return place;
  });
}
