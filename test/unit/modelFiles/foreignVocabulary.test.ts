/** Vocabularies of other tools' models; how texts are cut, beside Hugging Face's tokenizers (test/vectors/tokenizer_cuts.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { vocabularyOfFile, vocabularyOfMetadata, vocabularyOfText } from '../../../src/modelFiles/foreignVocabulary';
import { UserError } from '../../../src/userError';

interface Cuts {
  readonly name: string;
  readonly tokenizer: { readonly model: { readonly vocab: Readonly<Record<string, number>> } };
  readonly texts: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

const cuts = JSON.parse(readFileSync('test/vectors/data/tokenizers.json', 'utf8')) as readonly Cuts[];

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
