/**
 * Einsum: sums of products of labeled elements. Its derivative by one factor is an einsum of the gradient and the other factors.
 */
import type { OperatorTable } from '../call';
import { addToView, readView, transposed, viewOf, type View } from '../strided';
import { sizeOf, stridesOf, Unsupported } from '../tensor';
import { addProduct } from './products';

/** Data whose axes have labels, each once. */
interface Labeled {
  readonly labels: readonly string[];
  readonly data: Float64Array;
}

type Sizes = ReadonlyMap<string, number>;

function shapeOf(labels: readonly string[], sizes: Sizes): number[] {
  return labels.map((label) => sizes.get(label) ?? 1);
}

/** The same element where a label stands twice: a diagonal. */
function diagonalView(labels: readonly string[], shape: readonly number[]): { labels: string[]; view: View } {
  const unique = [...new Set(labels)];
  const strides = stridesOf(shape);
  return {
    labels: unique,
    view: {
      shape: unique.map((label) => Math.max(...shape.filter((_, axis) => labels[axis] === label))),
      // An axis of size 1 repeats.
      strides: unique.map((label) =>
        labels.reduce((sum, other, axis) => (other === label && shape[axis] !== 1 ? sum + strides[axis] : sum), 0),
      ),
      offset: 0,
    },
  };
}

/** Brought into another order of axes. */
function ordered({ labels, data }: Labeled, order: readonly string[], sizes: Sizes): Float64Array {
  if (order.every((label, axis) => label === labels[axis])) return data;
  return readView(
    data,
    transposed(
      viewOf(shapeOf(labels, sizes)),
      order.map((label) => labels.indexOf(label)),
    ),
  );
}

/** Summed over the labels that are not kept. */
function summed(factor: Labeled, keep: (label: string) => boolean, sizes: Sizes): Labeled {
  const kept = factor.labels.filter(keep);
  if (kept.length === factor.labels.length) return factor;
  const outer = sizeOf(shapeOf(kept, sizes));
  const rows = ordered(factor, [...kept, ...factor.labels.filter((label) => !keep(label))], sizes);
  const length = outer === 0 ? 0 : rows.length / outer;
  return {
    labels: kept,
    data: Float64Array.from({ length: outer }, (_, r) =>
      rows.subarray(r * length, (r + 1) * length).reduce((sum, x) => sum + x, 0),
    ),
  };
}

/** Of two factors, as a batch of matrix products. */
function contracted(a: Labeled, b: Labeled, keep: (label: string) => boolean, sizes: Sizes): Labeled {
  const left = summed(a, (label) => keep(label) || b.labels.includes(label), sizes);
  const right = summed(b, (label) => keep(label) || a.labels.includes(label), sizes);
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter(keep);
  const inner = shared.filter((label) => !keep(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const [count, m, k, n] = [batch, rows, inner, columns].map((labels) => sizeOf(shapeOf(labels, sizes)));
  const A = ordered(left, [...batch, ...rows, ...inner], sizes);
  const B = ordered(right, [...batch, ...inner, ...columns], sizes);
  const data = new Float64Array(count * m * n);
  for (let i = 0; i < count; i++)
    addProduct({ data, at: i * m * n }, { data: A, at: i * m * k }, { data: B, at: i * k * n }, m, k, n);
  return { labels: [...batch, ...rows, ...columns], data };
}

/** Elements in the order of `output`, which names only labels that some factor has. */
function product(factors: readonly Labeled[], output: readonly string[], sizes: Sizes): Float64Array {
  let result: Labeled | undefined;
  factors.forEach((factor, i) => {
    const later = factors.slice(i + 1);
    const keep = (label: string) => output.includes(label) || later.some(({ labels }) => labels.includes(label));
    result = result ? contracted(result, factor, keep, sizes) : summed(factor, keep, sizes);
  });
  return result ? ordered(result, output, sizes) : Float64Array.of(1);
}

/** Labels of each input and of the output; those of an ellipsis are named by their place from the end. */
function parse(equation: string, ranks: readonly number[]): { inputs: string[][]; output: string[] } {
  const sides = equation.replace(/\s/g, '').split('->');
  const [before] = sides;
  const after = sides.at(1);
  const terms = before.split(',');
  if (terms.length !== ranks.length) throw new Unsupported(`has ${ranks.length} inputs and the equation “${equation}”`);
  const dots = (count: number) => Array.from({ length: count }, (_, i) => `…${count - i}`);
  let widest = 0;
  const inputs = terms.map((term, i) => {
    const letters = term.replace('...', '');
    const count = term.includes('...') ? ranks[i] - letters.length : 0;
    if (!/^[A-Za-z]*$/.test(letters) || count < 0 || letters.length + count !== ranks[i])
      throw new Unsupported(`has an input of rank ${ranks[i]} for “${term}”`);
    widest = Math.max(widest, count);
    const [first, last] = term.includes('...') ? term.split('...') : [term, ''];
    return [...Array.from(first), ...dots(count), ...Array.from(last)];
  });
  if (after !== undefined) {
    const [first, last] = after.includes('...') ? after.split('...') : [after, undefined];
    return {
      inputs,
      output: [...Array.from(first), ...(last === undefined ? [] : dots(widest)), ...Array.from(last ?? '')],
    };
  }
  // Without an arrow: what stands once, in the order of the alphabet.
  const letters = inputs.flat().filter((label) => !label.startsWith('…'));
  return {
    inputs,
    output: [
      ...dots(widest),
      ...letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label)).sort(),
    ],
  };
}

export const einsum: OperatorTable = {
  Einsum: (call) => {
    const tensors = call.all();
    const { inputs, output } = parse(
      call.attributes.text('equation', ''),
      tensors.map(({ shape }) => shape.length),
    );
    const diagonals = inputs.map((labels, i) => diagonalView(labels, tensors[i].shape));
    const sizes = new Map<string, number>();
    inputs.forEach((labels, i) => {
      labels.forEach((label, axis) => {
        const size = tensors[i].shape[axis];
        const known = sizes.get(label) ?? 1;
        if (size !== known && size !== 1 && known !== 1)
          throw new Unsupported(`has the sizes ${known} and ${size} for “${label}”`);
        if (size !== 1 || !sizes.has(label)) sizes.set(label, size);
      });
    });
    if (output.some((label) => !sizes.has(label)) || new Set(output).size !== output.length)
      throw new Unsupported('has an equation whose output names what no input has, or one label twice');
    // What has size 1 here and more elsewhere is repeated.
    const views = diagonals.map(({ labels, view }) => ({ labels, view: { ...view, shape: shapeOf(labels, sizes) } }));
    const factors = views.map(({ labels, view }, i): Labeled => ({ labels, data: readView(tensors[i].data, view) }));
    return {
      outputs: [{ kind: tensors[0].kind, shape: shapeOf(output, sizes), data: product(factors, output, sizes) }],
      vjp: ([g], wanted) =>
        factors.map(({ labels }, i) => {
          if (!g || !wanted[i]) return undefined;
          const others = [{ labels: output, data: g }, ...factors.filter((_, other) => other !== i)];
          const known = labels.filter((label) => others.some((other) => other.labels.includes(label)));
          const ones = labels
            .filter((label) => !known.includes(label))
            .map((label): Labeled => ({ labels: [label], data: new Float64Array(sizes.get(label) ?? 1).fill(1) }));
          const gradient = new Float64Array(tensors[i].data.length);
          addToView(gradient, views[i].view, product([...others, ...ones], labels, sizes));
          return gradient;
        }),
    };
  },
};
