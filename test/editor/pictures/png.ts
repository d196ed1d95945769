/**
 * PNG as the browser's screenshots are (8 bits a channel, no palette, not interlaced), and the animated PNG made of several: W3C's PNG, third edition.
 * It has one palette for all pictures, and of each but the first only the rectangle that changed.
 * Of a single picture the palette makes a third of what the browser writes.
 */
import { deflateSync, inflateSync } from 'node:zlib';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly data: Uint8Array;
}

export interface Shot {
  readonly pixels: Pixels;
  /** How long it is shown. */
  readonly milliseconds: number;
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const channels = 3;

/** Throws for a PNG of another kind than screenshots are. */
export function decodePng(file: Buffer): Pixels {
  let header: Buffer | null = null;
  const parts: Buffer[] = [];
  for (let at = signature.length; at < file.length;) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = body;
    if (type === 'IDAT') parts.push(body);
    at += length + 12;
  }
  const depthAndKind = header?.subarray(8, 10).join();
  if (!header || (depthAndKind !== '8,2' && depthAndKind !== '8,6') || header[12] !== 0)
    throw new Error('This PNG is not what a screenshot is.');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const size = header[9] === 6 ? 4 : 3;
  return {
    width,
    height,
    data: opaque(unfiltered(inflateSync(Buffer.concat(parts)), width * size, height, size), size),
  };
}

/** Rows of `stride` bytes, each behind the number of its filter. */
function unfiltered(rows: Buffer, stride: number, height: number, size: number): Uint8Array {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= size ? out[at - size] : 0;
      const above = y > 0 ? out[at - stride] : 0;
      const corner = x >= size && y > 0 ? out[at - stride - size] : 0;
      out[at] = rows[y * (stride + 1) + 1 + x] + predicted(filter, left, above, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    default: {
      const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
      return a <= b && a <= c ? left : b <= c ? above : corner;
    }
  }
}

function opaque(data: Uint8Array, size: number): Uint8Array {
  if (size === channels) return data;
  return Uint8Array.from(
    { length: (data.length / size) * channels },
    (_, i) => data[Math.floor(i / channels) * size + (i % channels)],
  );
}

/** One picture, in the same way in 256 colors. */
export function stillPng(pixels: Pixels): Buffer {
  const palette = frequentColors([pixels]);
  const { width, height } = pixels;
  return Buffer.concat([
    signature,
    chunk('IHDR', Buffer.concat([numbers(width, height), Buffer.from([8, 3, 0, 0, 0])])),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', compressed(pixels, { x: 0, y: 0, width, height }, nearestIn(palette))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** All of one size, shown again and again; in 256 colors: the most frequent that differ visibly, others in the nearest of these. */
export function animatedPng(shots: readonly Shot[]): Buffer {
  const [{ pixels: first }] = shots;
  const palette = frequentColors(shots.map(({ pixels }) => pixels));
  const indexOf = nearestIn(palette);
  const chunks: Buffer[] = [];
  let sequence = 0;
  const control = ({ x, y, width, height }: Rectangle, milliseconds: number) =>
    // No blending, and what was there stays: byte 24 and 25 are zero.
    Buffer.concat([
      numbers(sequence++, width, height, x, y),
      Buffer.from([milliseconds >> 8, milliseconds & 255, 1000 >> 8, 1000 & 255, 0, 0]),
    ]);
  shots.forEach(({ pixels, milliseconds }, i) => {
    const changed =
      i === 0 ? { x: 0, y: 0, width: first.width, height: first.height } : changedPart(shots[i - 1].pixels, pixels);
    const data = compressed(pixels, changed, indexOf);
    chunks.push(
      chunk('fcTL', control(changed, milliseconds)),
      i === 0 ? chunk('IDAT', data) : chunk('fdAT', Buffer.concat([numbers(sequence++), data])),
    );
  });
  return Buffer.concat([
    signature,
    chunk('IHDR', Buffer.concat([numbers(first.width, first.height), Buffer.from([8, 3, 0, 0, 0])])),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('acTL', numbers(shots.length, 0)),
    ...chunks,
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The smallest rectangle that holds all differences; one pixel where there are none. */
function changedPart(before: Pixels, now: Pixels): Rectangle {
  const { width, height } = now;
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let i = 0; i < now.data.length; i++) {
    if (now.data[i] === before.data[i]) continue;
    const pixel = Math.floor(i / channels);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  return right < 0
    ? { x: 0, y: 0, width: 1, height: 1 }
    : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

type Color = readonly [red: number, green: number, blue: number];

/** Colors that differ in the last bits only count as one. */
const coarse = (data: Uint8Array, at: number) =>
  ((data[at] >> 2) << 12) | ((data[at + 1] >> 2) << 6) | (data[at + 2] >> 2);
/** The middle of the colors that count as this one. */
const colorOf = (key: number): Color => [((key >> 12) << 2) | 2, (((key >> 6) & 63) << 2) | 2, ((key & 63) << 2) | 2];

function frequentColors(pictures: readonly Pixels[]): Color[] {
  const counts = new Map<number, number>();
  for (const { data } of pictures) {
    for (let at = 0; at < data.length; at += channels) {
      const key = coarse(data, at);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const palette: Color[] = [];
  const area = pictures.reduce((sum, { width, height }) => sum + width * height, 0);
  for (const [key, count] of Array.from(counts).sort(([, a], [, b]) => b - a)) {
    const color = colorOf(key);
    if (count > area * wide || palette.every((each) => squaredDistance(each, color) > minSquaredDistance))
      palette.push(color);
    if (palette.length === 256) break;
  }
  return palette;
}

/** Between two colors of a palette: without it the many grays of letters would take the place of the rarer colors. */
const minSquaredDistance = 8 ** 2;
/** Part of all pixels from which on a color is one of its own, however near to others: backgrounds differ by little. */
const wide = 0.005;

function squaredDistance(a: Color, b: Color): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}

/** The index of the nearest color of a palette, by the sum of squares, for a pixel. */
function nearestIn(palette: readonly Color[]): (data: Uint8Array, at: number) => number {
  const known = new Map<number, number>();
  return (data, at) => {
    const key = coarse(data, at);
    let index = known.get(key);
    if (index === undefined) {
      const color = colorOf(key);
      const distances = palette.map((each) => squaredDistance(each, color));
      index = distances.indexOf(Math.min(...distances));
      known.set(key, index);
    }
    return index;
  };
}

function compressed(
  { width, data }: Pixels,
  part: Rectangle,
  indexOf: (data: Uint8Array, at: number) => number,
): Buffer {
  // Each row begins with the number of its filter: none, as suits indices.
  const rows = Buffer.alloc((part.width + 1) * part.height);
  for (let y = 0; y < part.height; y++) {
    const from = ((part.y + y) * width + part.x) * channels;
    for (let x = 0; x < part.width; x++) rows[y * (part.width + 1) + 1 + x] = indexOf(data, from + x * channels);
  }
  return deflateSync(rows, { level: 9 });
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  return Buffer.concat([numbers(body.length), named, numbers(crc32(named))]);
}

/** Of ISO 3309, as PNG asks for it. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
