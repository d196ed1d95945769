/** Hostile safetensors files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTorchWeights } from '../../src/modelFiles/torchWeights';
import { onnxFolder } from '../reference/onnxReferences';
import { oneOf, type FuzzedFormat, type Mutation } from './format';

const sizes = ['0', '-1', '1', '1e9', '9007199254740993', '1e400', 'null', '"6"', '[]', '0.5'];
const words = ['"F32"', '"F16"', '"BF16"', '"F64"', '"I64"', '"Q4"', '1', '{}'];

export const weights: FuzzedFormat = {
  name: 'safetensors',
  files: readdirSync(onnxFolder)
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => new Uint8Array(readFileSync(join(onnxFolder, name)))),
  mutations: [
    inHeader((header, random) => replacedOne(header, /\d+(?=[,\]])/g, oneOf(sizes, random), random.uniform())),
    inHeader((header, random) => replacedOne(header, /"B?F\d+"/g, oneOf(words, random), random.uniform())),
    inHeader((header, random) =>
      replacedOne(
        header,
        /"(model\.)?\w+(\.\w+)?"(?=:)/g,
        oneOf(
          [
            '"model.rnn.weight_hh_l0"',
            '"a.weight"',
            '"__proto__"',
            '"x.weight_ih_l99999999"',
            '"rnn.weight_hr_l0"',
            '""',
          ],
          random,
        ),
        random.uniform(),
      ),
    ),
    inHeader((header, random) =>
      header.replace(
        '{',
        `{"__metadata__":${oneOf(['{}', '[]', '{"a":1}', '"x"', '{"vocabulary":"[1]","tokens":"{}"}'], random)},`,
      ),
    ),
    inHeader((header, random) => '['.repeat(oneOf([10, 1000, 200_000], random)) + header),
  ],
  read(bytes) {
    readTorchWeights(bytes, 'hostile.safetensors', { activation: 'tanh' });
  },
};

/** The header's text changed, its length set right. */
export function inHeader(change: (header: string, random: Parameters<Mutation>[1]) => string): Mutation {
  return (bytes, random) => {
    if (bytes.length < 8) return bytes;
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    if (length > bytes.length - 8) return bytes;
    const header = new TextEncoder().encode(change(new TextDecoder().decode(bytes.subarray(8, 8 + length)), random));
    const result = new Uint8Array(bytes.length - length + header.length);
    new DataView(result.buffer).setBigUint64(0, BigInt(header.length), true);
    result.set(header, 8);
    result.set(bytes.subarray(8 + length), 8 + header.length);
    return result;
  };
}

/** @param which in [0, 1): of the places that match */
export function replacedOne(text: string, pattern: RegExp, by: string, which: number): string {
  const places = Array.from(text.matchAll(pattern));
  if (places.length === 0) return text;
  const { index, 0: found } = places[Math.floor(which * places.length)];
  return text.slice(0, index) + by + text.slice(index + found.length);
}
