/** What nodes make of constants alone, such as masks, positions and weights in another type: it is computed once, and not in every run. */
import type { Attributes } from './attributes';
import type { Result } from './call';
import type { Tensor } from './tensor';

/** Bytes of results that are kept: what is more is computed in every run. */
const maxBytes = 2 ** 28;

type Inputs = readonly (Tensor | undefined)[];

export class ConstantResults {
  /** Constants of the file, and what is made of them alone. */
  private readonly tensors = new WeakSet<Tensor>();
  private readonly results = new Map<Attributes, { readonly inputs: Inputs; readonly result: Result }>();
  private bytes = 0;

  add(tensor: Tensor): void {
    this.tensors.add(tensor);
  }

  /** Nodes whose results are kept. */
  get count(): number {
    return this.results.size;
  }

  /** The result of the node with these attributes on these inputs. No operator here has chance in it. @param compute it, where it is not kept */
  resultOf(node: Attributes, inputs: Inputs, compute: () => Result): Result {
    const kept = this.results.get(node);
    if (kept && inputs.every((tensor, i) => tensor === kept.inputs[i])) return kept.result;
    const result = compute();
    // A node of a body can read one constant now and another then: the first is kept.
    if (!kept && inputs.every((tensor) => !tensor || this.tensors.has(tensor))) this.keep(node, inputs, result);
    return result;
  }

  private keep(node: Attributes, inputs: Inputs, result: Result): void {
    const given = new Set(inputs.map((tensor) => tensor?.data));
    const bytes = result.outputs.reduce((sum, { data }) => sum + (given.has(data) ? 0 : data.byteLength), 0);
    if (this.bytes + bytes > maxBytes) return;
    this.bytes += bytes;
    this.results.set(node, { inputs, result });
    for (const output of result.outputs) this.tensors.add(output);
  }
}
