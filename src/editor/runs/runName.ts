/** The name of a run's folder: `<corpus>-<kinds>-<yyyymmdd-hhmmss>`. */

/** Code points of the corpus's name that are kept. */
const maxBaseLength = 40;

/**
 * @param corpus file name or title; its extension and what a file system may refuse are left out
 * @param kinds of a new model's layers; `further` for one that is trained further
 */
export function runName(corpus: string, kinds: string, time: Date): string {
  const base = corpus.replace(/^.*[\\/]/, '').replace(/(.)\.[^.]*$/, '$1');
  const plain = base.replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
  const short = Array.from(plain).slice(0, maxBaseLength).join('');
  return `${short || 'text'}-${kinds}-${stamp(time)}`;
}

/** The name, or the name and the first number that makes it new. */
export function unusedName(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name;
  let number = 2;
  while (isTaken(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}

/** Local time, sortable. */
function stamp(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  return `${date}-${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
}
