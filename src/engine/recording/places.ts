/** Where the layers of a model that was read again lie in the recorded one, by the tensors that they were read from. */
import type { GeneralLayer } from '../../core/model/generalModel';

/** Where a layer lies in the recorded model. */
export interface Place {
  readonly module: string;
  readonly layer: number;
}

/** Of one whose directions are modules of their own, the first. */
export function placeOf({ source }: GeneralLayer): Place {
  const [own] = source.split('; ');
  const star = own.lastIndexOf('*');
  const module = own.slice(0, Math.max(0, star)).replace(/\.$/, '');
  return { module, layer: Number(/_l(\d+)$/.exec(own)?.[1] ?? 0) };
}

/** Whether it is that layer of the module; null of a module that is one layer. */
export function isAt(layer: GeneralLayer, module: string, number: number | null): boolean {
  const place = placeOf(layer);
  return place.module === module && place.layer === (number ?? 0);
}
