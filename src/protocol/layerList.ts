/** A list of layers as a person writes it, the lowest first: `lstm:128,attention:128x4`. */
import { cellNames, isCellName } from '../layers/catalog';
import { maxHiddenSize, maxLayers } from '../terms/choices';
import { UserError } from '../userError';
import type { ListedLayer } from './settings';

/** KIND, KIND:SIZE or KIND:SIZExCOUNT. */
const form = /^([a-z]+)(?::(\d+)(?:\s*[x×]\s*(\d+))?)?$/i;

/** For the sentences, and for who has not written one yet. */
export const listExample = 'lstm:128,attention:128';

/**
 * A number of layers that are alike, or the layers of a list. A size that is left out is that of the stack. Throws a UserError that names the part of the list
 * that is wrong, and what is allowed.
 */
export function readLayers(text: string): number | readonly ListedLayer[] {
  const whole = text.trim();
  const layers = /^\d+$/.test(whole) ? Number(whole) : whole.split(',').flatMap((part) => layersIn(part.trim(), whole));
  const count = typeof layers === 'number' ? layers : layers.length;
  if (count < 1 || count > maxLayers) throw new UserError('error.layers.count', count, maxLayers);
  return layers;
}

function layersIn(part: string, list: string): ListedLayer[] {
  const found = form.exec(part);
  if (!found) throw new UserError('error.layers.form', part, list, listExample);
  // A group that takes no part is undefined, whatever the type says.
  const [, cell, size, count] = found as unknown as readonly [string, string, string?, string?];
  if (!isCellName(cell)) throw new UserError('error.layers.kind', cell, cellNames.join(', '));
  const hiddenSize = size === undefined ? null : Number(size);
  if (hiddenSize !== null && (hiddenSize < 1 || hiddenSize > maxHiddenSize))
    throw new UserError('error.layers.size', part, maxHiddenSize);
  const times = count === undefined ? 1 : Number(count);
  if (times < 1 || times > maxLayers) throw new UserError('error.layers.count', times, maxLayers);
  return Array<ListedLayer>(times).fill({ cell, hiddenSize });
}
