import assert from 'node:assert/strict';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../../src/formats/safetensors';
import { UserError } from '../../../src/userError';

const tensors = new Map<string, Tensor>([
  ['weights', { dtype: 'F32', shape: [2, 3], data: new Float32Array([1, -2.5, 3e38, NaN, -0, 1e-45]) }],
  ['moment', { dtype: 'F64', shape: [2], data: new Float64Array([1e-300, Infinity]) }],
  ['step', { dtype: 'I64', shape: [], data: new BigInt64Array([-9_007_199_254_740_993n]) }],
  ['offsets', { dtype: 'I32', shape: [1, 2], data: new Int32Array([-1, 2 ** 31 - 1]) }],
  ['random', { dtype: 'U8', shape: [3], data: new Uint8Array([0, 128, 255]) }],
  ['nothing', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
]);

/** A file with this header, as JSON or as it is, and so many bytes of data. */
function fileWith(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

function refuses(bytes: Uint8Array, sentence: RegExp): void {
  assert.throws(
    () => decodeSafetensors(bytes, 'state.safetensors'),
    (thrown: unknown) => {
      assert.ok(thrown instanceof UserError, String(thrown));
      assert.match(thrown.message, sentence);
      assert.match(thrown.message, /^state\.safetensors /);
      return true;
    },
  );
}

const f32 = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

describe('safetensors', () => {
  it('gives back every tensor and the metadata, bit for bit', () => {
    const decoded = decodeSafetensors(encodeSafetensors(tensors, { step: '12', name: '글자 "x"' }));
    assert.deepEqual(decoded.metadata, { step: '12', name: '글자 "x"' });
    assert.deepEqual(new Map([...decoded.tensors].sort()), new Map([...tensors].sort()));
  });

  it('reads bytes that begin anywhere in their buffer', () => {
    const bytes = encodeSafetensors(tensors, {});
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    assert.deepEqual(decodeSafetensors(shifted).tensors, decodeSafetensors(bytes).tensors);
    // As a file is read.
    assert.deepEqual(decodeSafetensors(Buffer.from(bytes)).tensors, decodeSafetensors(bytes).tensors);
  });

  it('writes the same bytes whatever the order it is given', () => {
    const reversed = new Map([...tensors].reverse());
    assert.deepEqual(encodeSafetensors(reversed, { b: '2', a: '1' }), encodeSafetensors(tensors, { a: '1', b: '2' }));
  });

  it('aligns the data: header to 8 bytes with spaces, each tensor to its element', () => {
    const bytes = encodeSafetensors(tensors, {});
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assert.equal(length % 8, 0);
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    assert.match(text, /^\{.*\} *$/);
    const header = JSON.parse(text) as Record<string, { data_offsets: [number, number] }>;
    for (const [name, { data }] of tensors)
      assert.equal(header[name].data_offsets[0] % data.BYTES_PER_ELEMENT, 0, name);
  });

  it('refuses to write a tensor whose shape and data disagree', () => {
    assert.throws(
      () => encodeSafetensors(new Map([['w', { dtype: 'F32', shape: [3], data: new Float32Array(2) }]]), {}),
      /Tensor w/,
    );
  });

  it('reads a file another program wrote (unpadded header, any order of keys)', () => {
    const file = fileWith({ b: f32([1], 4, 8), __metadata__: { format: 'pt' }, a: f32([1, 1], 0, 4) }, 8);
    new DataView(file.buffer).setFloat32(file.length - 8, 1.5, true);
    const { tensors: read, metadata } = decodeSafetensors(file);
    assert.deepEqual(metadata, { format: 'pt' });
    assert.deepEqual(read.get('a'), { dtype: 'F32', shape: [1, 1], data: new Float32Array([1.5]) });
  });

  it('refuses what is not a safetensors file', () => {
    refuses(new Uint8Array(0), /only 0 bytes/);
    refuses(new Uint8Array(7), /only 7 bytes/);
    refuses(new TextEncoder().encode('not a tensor in sight'), /announce a header of \d+ bytes/);
    refuses(fileWith('{"a":', 0), /not valid JSON/);
    refuses(fileWith('[1]', 0), /not a JSON object/);
    refuses(fileWith(new TextDecoder('latin1').decode(new Uint8Array([0xff])), 0), /not valid JSON/);
  });

  it('refuses a file cut anywhere', () => {
    const whole = encodeSafetensors(tensors, { a: '1' });
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => decodeSafetensors(whole.subarray(0, length)), UserError, `cut at ${length}`);
    }
  });

  it('refuses tensors that overlap, leave a hole or end beyond the file', () => {
    refuses(fileWith({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12), /tensor b overlaps/);
    refuses(fileWith({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), /gap of 4 bytes before its tensor b/);
    refuses(fileWith({ a: f32([1], 0, 4) }, 9), /goes on for 5 bytes after its last tensor/);
    refuses(fileWith({ a: f32([2], 0, 8) }, 4), /tensor a ends at byte 8 of 4/);
  });

  it('refuses entries that make no sense', () => {
    refuses(fileWith({ a: f32([3], 0, 8) }, 8), /shape \[3\] of F32, which is not 8 bytes/);
    refuses(fileWith({ a: f32([2 ** 40, 2 ** 40], 0, 8) }, 8), /which is not 8 bytes/);
    refuses(fileWith({ a: f32([-2], 0, 8) }, 8), /shape of its tensor a/);
    refuses(fileWith({ a: f32([1.5], 0, 6) }, 6), /shape of its tensor a/);
    refuses(fileWith({ a: f32([2], 8, 0) }, 8), /data_offsets of its tensor a/);
    refuses(fileWith({ a: { dtype: 'F32', shape: [2] } }, 8), /data_offsets of its tensor a/);
    refuses(fileWith({ a: { ...f32([4], 0, 8), dtype: 'F8_E4M3' } }, 8), /of F8_E4M3, which is not 8 bytes/);
    refuses(fileWith({ a: { ...f32([4], 0, 8), dtype: 8 } }, 8), /type 8; known are F32/);
    refuses(fileWith({ a: 7 }, 0), /entry for the tensor a/);
    refuses(fileWith({ __metadata__: { a: 1 } }, 0), /__metadata__ is not an object of strings/);
  });

  it('knows of tensors whose type it does not read, without their numbers', () => {
    const file = fileWith(
      { a: f32([1], 0, 4), mask: { ...f32([2], 4, 6), dtype: 'BOOL' }, odd: { ...f32([3], 6, 8), dtype: 'F4' } },
      8,
    );
    const { tensors: read, unread } = decodeSafetensors(file);
    assert.deepEqual([...read.keys()], ['a']);
    assert.deepEqual(
      [...unread],
      [
        ['mask', { type: 'BOOL', shape: [2] }],
        ['odd', { type: 'F4', shape: [3] }],
      ],
    );
  });

  it('takes null for no metadata', () => {
    assert.deepEqual(decodeSafetensors(fileWith({ __metadata__: null, a: f32([1], 0, 4) }, 4)).metadata, {});
  });
});
