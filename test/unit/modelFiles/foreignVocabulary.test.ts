/** Vocabularies of other tools' models; how texts are cut, beside Hugging Face's tokenizers (test/vectors/tokenizer_cuts.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  placePrefix,
  vocabularyAsBytes,
  vocabularyOfFile,
  vocabularyOfMetadata,
  vocabularyOfText,
} from '../../../src/modelFiles/foreignVocabulary';
import { UserError } from '../../../src/userError';

interface Cuts {
  readonly name: string;
  readonly tokenizer: { readonly model: { readonly vocab: Readonly<Record<string, number>> } };
  readonly texts: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

const cuts = JSON.parse(readFileSync('test/vectors/data/tokenizers.json', 'utf8')) as readonly Cuts[];

interface KerasTokenizer {
  readonly name: string;
  readonly size: number;
  /** As Keras writes it. */
  readonly file: string;
  readonly texts: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

/** test/vectors/keras_tokenizers.py. */
const ofKeras = JSON.parse(readFileSync('test/vectors/data/kerasTokenizers.json', 'utf8')) as readonly KerasTokenizer[];

const ofFile = (content: unknown, size: number) => vocabularyOfFile(JSON.stringify(content), size, 'v.json').vocabulary;

function refuses(action: () => unknown, sentence: RegExp): void {
  assert.throws(action, (thrown: unknown) => {
    assert.ok(thrown instanceof UserError, String(thrown));
    assert.match(thrown.message, sentence);
    return true;
  });
}

describe('vocabularies of other tools', () => {
  for (const { name, tokenizer, texts } of cuts) {
    it(`tokenizer.json, ${name}: the ids of Hugging Face’s tokenizers`, () => {
      const vocabulary = ofFile(tokenizer, Object.keys(tokenizer.model.vocab).length);
      for (const { text, ids } of texts)
        assert.deepEqual(Array.from(vocabulary.encode(text)), ids, JSON.stringify(text));
    });
  }

  for (const { name, size, file, texts } of ofKeras) {
    it(`a Keras tokenizer, ${name}: the ids of Keras`, () => {
      const { vocabulary } = vocabularyOfFile(file, size, 'v.json');
      for (const { text, ids } of texts)
        assert.deepEqual(Array.from(vocabulary.encode(text)), ids, JSON.stringify(text));
    });
  }

  it('a Keras tokenizer that cuts at more than one character is refused', () => {
    const config = { word_index: '{"a":1}', split: ', ' };
    refuses(() => ofFile({ class_name: 'Tokenizer', config }, 2), /a Keras tokenizer that cuts texts at ", "/);
  });

  it('what else a file says of its model makes it no tokenizer.json', () => {
    for (const content of [
      { model: { hidden: 2, layers: 1 }, stoi: { b: 0, a: 1 } },
      { model: { name: 'lstm', vocab: 2 }, itos: ['b', 'a'] },
    ])
      assert.deepEqual(ofFile(content, 2).symbols, ['b', 'a']);
  });

  it('array, symbol → id and id → symbol are the same', () => {
    for (const content of [['b', 'a', '🙂'], { '🙂': 2, a: 1, b: 0 }, { 2: '🙂', 0: 'b', 1: 'a' }]) {
      const vocabulary = ofFile(content, 3);
      assert.deepEqual(vocabulary.symbols, ['b', 'a', '🙂']);
      assert.deepEqual(Array.from(vocabulary.encode('a🙂b')), [1, 2, 0]);
    }
  });

  it('metadata under any of the usual keys, as JSON or as plain characters, where the size agrees', () => {
    for (const [key, value] of [
      ['itos', '["b","a"]'],
      ['stoi', '{"a":1,"b":0}'],
      ['char_to_idx', '{"a":1,"b":0}'],
      ['chars', 'ba'],
      ['idx_to_char', '{"0":"b","1":"a"}'],
    ]) {
      assert.deepEqual(vocabularyOfMetadata(new Map([[key, value]]), 2, 'm.onnx')?.vocabulary.symbols, ['b', 'a'], key);
      assert.equal(vocabularyOfMetadata(new Map([[key, value]]), 3, 'm.onnx'), null);
    }
  });

  it('vocabularies of a model that contradict each other are refused; one by its usual name counts more than one by its form', () => {
    const of = (entries: Readonly<Record<string, string>>) =>
      vocabularyOfMetadata(new Map(Object.entries(entries)), 2, 'm.pt');
    refuses(() => of({ vocab: '["a","b"]', stoi: '{"b":0,"a":1}' }), /several vocabularies .*“vocab” and “stoi”/);
    refuses(
      () => of({ [`${placePrefix}tokens`]: '["a","b"]', [`${placePrefix}old.tokens`]: '["b","a"]' }),
      /several vocabularies .*“tokens” and “old\.tokens”/,
    );
    assert.deepEqual(of({ itos: '["b","a"]', stoi: '{"b":0,"a":1}', chars: 'abc' })?.vocabulary.symbols, ['b', 'a']);
    assert.deepEqual(of({ [`${placePrefix}labels`]: '["x","y"]', chars: 'ba' })?.vocabulary.symbols, ['b', 'a']);
    assert.equal(of({ [`${placePrefix}labels`]: '["x","y","z"]' }), null);
    // Settings that are all numbers are none, however long their text is.
    const settings = JSON.stringify({ lr: 7, epochs: 3 });
    assert.equal(vocabularyOfMetadata(new Map([[`${placePrefix}config`, settings]]), settings.length, 'm.pt'), null);
  });

  it('ids from 1, where the model has one symbol more for padding', () => {
    for (const content of [
      { b: 1, a: 2 },
      { 1: 'b', 2: 'a' },
      { word_index: { b: 1, a: 2 }, num_words: 3 },
    ]) {
      const { symbols } = ofFile(content, 3);
      assert.deepEqual(symbols, ['<pad>', 'b', 'a']);
      assert.deepEqual([...ofFile(content, 3).encode('ab')], [2, 1]);
    }
    assert.deepEqual(ofFile({ '<pad>': 1, a: 2 }, 3).symbols, ['<padding>', '<pad>', 'a']);
    refuses(() => ofFile({ a: 1, b: 2 }, 2), /The ids in v\.json are 1 to 2\. .* of a model of 3 symbols, .* knows 2/);
  });

  it('a vocabulary a level down, whatever its name', () => {
    for (const content of [
      { vocab_size: 2, stoi: { b: 0, a: 1 }, itos: { 0: 'b', 1: 'a' } },
      { char2idx: { b: 0, a: 1 } },
      { vocab: ['b', 'a'], layers: { lstm: 2, gru: 1 }, sizes: [3, 4] },
      { vocab: { b: 0, a: 1 }, special: ['<s>'] },
      { chars: 'ba', hidden: 3 },
    ])
      assert.deepEqual(ofFile(content, 2).symbols, ['b', 'a'], JSON.stringify(content));
    refuses(() => ofFile({ one: ['a', 'b'], other: ['b', 'a'] }, 2), /several vocabularies .*“one” and “other”/);
    refuses(() => ofFile({ vocab: ['a', 'b', 'c'] }, 2), /The model knows 2 symbols, but v\.json has 3/);
    refuses(() => ofFile({ stoi: { a: 0, b: 0 } }, 2), /gives the id 0 to both/);
  });

  it('never prints a whole inner object, nor a line end as a mark for what cannot be shown', () => {
    refuses(() => ofFile({ stoi: { '\n': { id: 1, secret: 2 } } }, 2), /the id of “\\n” is \{…\}\.$/);
    refuses(() => ofFile({ a: 'x'.repeat(99), b: 1 }, 2), /the id of “a” is "x{39}…\.$/);
    refuses(() => ofFile({ '\n': 0, '\t': 0 }, 2), /both “\\n” and “\\t”/);
  });

  it('reads line ends as <eos> where the vocabulary has that and no line end', () => {
    const words = vocabularyOfFile('["<unk>","<eos>","the","cat"]', 4, 'v.json');
    assert.deepEqual([...words.vocabulary.encode('the cat\nthe\r\n\ndog')], [2, 3, 1, 2, 1, 1, 0]);
    assert.match(
      words.notices.map(({ message }) => message).join(' '),
      /every line end of the text is read as “<eos>”/,
    );
    const characters = vocabularyOfFile('["a","<eos>"]', 2, 'v.json');
    assert.deepEqual([...characters.vocabulary.encode('a\na')], [0, 1, 0]);
    for (const content of [
      ['a', '<eos>', '\n'],
      ['a', 'b', 'c'],
      { model: { type: 'WordLevel', vocab: { a: 0, '<eos>': 1, bc: 2 } }, pre_tokenizer: { type: 'WhitespaceSplit' } },
    ])
      assert.deepEqual(vocabularyOfFile(JSON.stringify(content), 3, 'v.json').notices, []);
  });

  it('bytes, of a model of 256 symbols without a vocabulary, or where it is said', () => {
    const { vocabulary, notices } = vocabularyOfText('é\udcff', 256, 'm');
    assert.deepEqual([...vocabulary.encode('é\udcff\0')], [0xc3, 0xa9, 0xff, 0]);
    assert.match(notices[0].message, /256 symbols, so its tokens are taken as bytes/);
    assert.equal(vocabularyOfText(null, 256, 'm').vocabulary.unit, 'byte');
    const all = Array.from({ length: 256 }, (_, i) => String.fromCodePoint(0x100 + i)).join('');
    assert.equal(vocabularyOfText(all, 256, 'm').vocabulary.unit, 'codePoint');
    assert.equal(vocabularyAsBytes(null, 256, 'm').size, 256);
    refuses(() => vocabularyAsBytes(null, 255, 'm'), /knows 255 symbols, and there are 256 bytes/);
  });

  it('the sorted code points of the text, where there are as many', () => {
    assert.deepEqual(vocabularyOfText('나🙂\uffeea나', 4, 'm').vocabulary.symbols, ['a', '나', '\uffee', '🙂']);
    refuses(
      () => vocabularyOfText('ab', 3, 'm'),
      /The model knows 3 symbols, and the different characters of the text are 2/,
    );
    refuses(() => vocabularyOfText(null, 3, 'm'), /has no vocabulary of its own/);
  });

  it('an unknown symbol is named, and read as the unknown token only where there is one', () => {
    refuses(() => ofFile(['a', 'b'], 2).encode('axb🙂'), /x.*🙂/s);
    assert.deepEqual(Array.from(ofFile(['a', '<unk>', 'b'], 3).encode('axb🙂')), [0, 1, 2, 1]);
    assert.deepEqual(
      Array.from(
        ofFile(
          {
            model: { type: 'WordLevel', vocab: { a: 0, '?!': 1 }, unk_token: '?!' },
            added_tokens: [{ content: '?!', id: 1 }],
            pre_tokenizer: { type: 'WhitespaceSplit' },
          },
          2,
        ).encode('b a'),
      ),
      [1, 0],
    );
  });

  it('refuses what it cannot follow', () => {
    const wordLevel = { type: 'WordLevel', vocab: { ab: 0, '<unk>': 1 }, unk_token: '<unk>' };
    refuses(() => ofFile(['a'], 2), /The model knows 2 symbols, but v\.json has 1/);
    refuses(() => ofFile({ a: 0, b: 0 }, 2), /gives the id 0 to both/);
    refuses(() => ofFile({ a: 0, b: 2 }, 2), /“b” has the id 2/);
    refuses(() => ofFile(['a', 1], 2), /entry 1 of its array is not a text/);
    refuses(() => vocabularyOfFile('{', 2, 'v.json'), /not valid JSON/);
    refuses(
      () => ofFile({ model: wordLevel, normalizer: { type: 'Precompiled' }, pre_tokenizer: { type: 'Whitespace' } }, 2),
      /v\.json cannot be read as Hugging Face's tokenizers read it, because of its normalizer: "type": "Precompiled"/,
    );
    refuses(() => ofFile({ model: wordLevel, pre_tokenizer: { type: 'Whitespace' } }, 3), /The model knows 3 symbols/);
    refuses(() => ofFile({ model: wordLevel }, 2), /does not say how a text is cut/);
  });
});
