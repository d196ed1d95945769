/** Hostile vocabulary files: arrays, symbol → id, tokenizer.json. */
import { vocabularyOfFile } from '../../src/modelFiles/foreignVocabulary';
import { UserError } from '../../src/userError';
import { symbols } from '../reference/onnxReferences';
import { oneOf, type FuzzedFormat, type Mutation } from './format';
import { replacedOne } from './weights';

const known = [...symbols(), '[UNK]'];
const ids = Object.fromEntries(known.map((symbol, id) => [symbol, id]));
const wordLevel = {
  version: '1.0',
  added_tokens: [{ id: known.length - 1, content: '[UNK]', special: true }],
  normalizer: null,
  pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated' },
  model: { type: 'WordLevel', vocab: ids, unk_token: '[UNK]' },
};
const bpe = {
  added_tokens: [{ id: known.length, content: '<s>', special: true, normalized: false }],
  normalizer: { type: 'Sequence', normalizers: [{ type: 'NFKC' }, { type: 'Lowercase' }] },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: ' ?\\p{L}+|\\s+' }, behavior: 'Contiguous', invert: false },
      { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    ],
  },
  post_processor: { type: 'BertProcessing', cls: ['a', 0], sep: ['<s>', known.length] },
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
  model: { type: 'BPE', vocab: ids, merges: [], unk_token: '[UNK]', fuse_unk: true },
};
const unigram = {
  pre_tokenizer: { type: 'Metaspace', replacement: '▁' },
  model: { type: 'Unigram', vocab: known.map((symbol, id) => [symbol, -1 - id]), unk_id: known.length - 1 },
};
const files = [known, ids, wordLevel, bpe, unigram];
const values = [
  'null',
  '-1',
  '1e999',
  '0.5',
  '"a"',
  '[]',
  '{}',
  '{"model":{}}',
  '"\\ud800"',
  '999999999',
  '"toString"',
  '{"type":"Sequence","pretokenizers":[{}]}',
  '{"Regex":"(a*)*(?<=b"}',
  '"MergedWithNext"',
  '{"type":"FixedLength","length":2}',
];

export const vocabularies: FuzzedFormat = {
  name: 'vocabulary',
  files: files.map((file) => new TextEncoder().encode(JSON.stringify(file))),
  isJson: true,
  mutations: [
    inText((text) => text.replace('"WordLevel"', '"BPE","merges":[]')),
    inText((text, random) =>
      replacedOne(text, /(?<=:)("[^"]*"|\d+|null|true)/g, oneOf(values, random), random.uniform()),
    ),
    inText((text, random) =>
      replacedOne(
        text,
        /"[^"]*"(?=:)/g,
        oneOf(['"__proto__"', '"constructor"', '""', '"model"', '"0"', '"vocab"'], random),
        random.uniform(),
      ),
    ),
    inText((text, random) => replacedOne(text, /"[^"]*"(?=,)/g, oneOf(values, random), random.uniform())),
    inText((text, random) => {
      const depth = oneOf([100, 10_000, 100_000], random);
      return '['.repeat(depth) + (random.uniform() < 0.5 ? ']'.repeat(depth) : text);
    }),
  ],
  read(bytes) {
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      // So the engine refuses it, before this.
      throw new UserError('error.vocabularyFile.notUtf8', 'hostile.json');
    }
    const size = text.includes('"<s>"') ? known.length + 1 : known.length;
    const { vocabulary } = vocabularyOfFile(text, size, 'hostile.json');
    vocabulary.decode(vocabulary.encode(known.join('')));
  },
};

function inText(change: (text: string, random: Parameters<Mutation>[1]) => string): Mutation {
  return (bytes, random) => new TextEncoder().encode(change(new TextDecoder().decode(bytes), random));
}
