/** TensorBoard's event files, bit for bit as its own package writes them (test/vectors/tensorboard_events.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { crc32c } from '../../../src/formats/tensorboard/crc32c';
import { encodeStart, encodeSummary, encodeVersion } from '../../../src/formats/tensorboard/eventFile';

interface Vectors {
  readonly seconds: number;
  readonly version: string;
  readonly start: { readonly step: number; readonly bytes: string };
  readonly summary: {
    readonly step: number;
    readonly scalars: readonly (readonly [string, string])[];
    readonly histogram: readonly [string, readonly number[]];
    readonly bytes: string;
  };
  readonly crc32c: readonly (readonly [string, number])[];
}

const vectors = JSON.parse(readFileSync('test/vectors/data/tensorboard.json', 'utf8')) as Vectors;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('event files of TensorBoard', () => {
  it('checksums as RFC 3720 has them', () => {
    for (const [bytes, wanted] of vectors.crc32c) assert.equal(crc32c(Buffer.from(bytes, 'hex')), wanted);
    assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  });

  it('the record that every file begins with', () => {
    assert.equal(hex(encodeVersion(vectors.seconds)), vectors.version);
  });

  it('where a run is resumed', () => {
    assert.equal(hex(encodeStart(vectors.start.step, vectors.seconds)), vectors.start.bytes);
  });

  it('scalars and a histogram of one step', () => {
    const { step, scalars, histogram, bytes } = vectors.summary;
    const summary = {
      step,
      scalars: scalars.map(([tag, value]) => ({ tag, value: value === 'inf' ? Infinity : Number(value) })),
      histograms: [{ tag: histogram[0], values: histogram[1] }],
    };
    assert.equal(hex(encodeSummary(summary, vectors.seconds)), bytes);
  });
});
