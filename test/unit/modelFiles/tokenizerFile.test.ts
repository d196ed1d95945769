/** tokenizer.json as a model's vocabulary: what becomes of it, what is noticed, and that checkpoints keep it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { formatVocabulary, parseVocabulary } from '../../../src/modelFiles/vocabularyFormat';
import { vocabularyOfTokenizer } from '../../../src/modelFiles/tokenizerFile';
import type { Json } from '../../../src/tokens/tokenizer/fields';
import { spansOf } from '../../../src/tokens/spans';
import { isSameUnit, isTokenizer } from '../../../src/tokens/tokenUnit';
import { UserError } from '../../../src/userError';

interface Form {
  readonly name: string;
  readonly tokenizer: Json;
  readonly texts: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

const forms = JSON.parse(readFileSync('test/vectors/data/tokenizerForms.json', 'utf8')) as readonly Form[];
const form = (name: string) => {
  const found = forms.find((each) => each.name === name);
  assert.ok(found);
  return found;
};

const characters = (changes: object): Json => ({
  model: { type: 'WordLevel', vocab: { a: 0, b: 1, '[UNK]': 2 }, unk_token: '[UNK]' },
  pre_tokenizer: { type: 'Split', pattern: { String: '' }, behavior: 'Isolated', invert: false },
  ...changes,
});
const special = { id: 2, content: '[UNK]', special: true };

describe('a tokenizer.json as vocabulary', () => {
  it('is plain characters where it does nothing else, and itself where a text could show a difference', () => {
    const { vocabulary } = vocabularyOfTokenizer(characters({}), 3, 't.json');
    assert.equal(vocabulary.unit, 'codePoint');
    assert.deepEqual(Array.from(vocabulary.encode('abcb')), [0, 1, 2, 1]);
    const { vocabulary: added } = vocabularyOfTokenizer(characters({ added_tokens: [special] }), 3, 't.json');
    assert.ok(isTokenizer(added.unit));
    assert.deepEqual(Array.from(added.encode('a[UNK]b[')), [0, 2, 1, 2]);
    assert.deepEqual(
      Array.from(spansOf('a[UNK]b[', added.unit), ({ start, end }) => [start, end]),
      [
        [0, 1],
        [1, 6],
        [6, 7],
        [7, 8],
      ],
    );
  });

  it('is kept in a checkpoint whole, and reads the same there', () => {
    for (const name of ['Unigram with bytes', 'BPE, end_of_word_suffix', 'WordPiece', 'added tokens, normalized']) {
      const { tokenizer, texts } = form(name);
      const size = sizeOf(tokenizer);
      const { vocabulary } = vocabularyOfTokenizer(tokenizer, size, 't.json');
      const { symbols, tokens } = formatVocabulary(vocabulary);
      const kept = parseVocabulary({ symbols: JSON.parse(symbols), tokens: JSON.parse(tokens) });
      assert.ok(kept, name);
      assert.ok(isSameUnit(kept.unit, vocabulary.unit), name);
      for (const { text, ids } of texts) assert.deepEqual(Array.from(kept.encode(text)), ids, text);
      const others = [...vocabulary.symbols.slice(1), vocabulary.symbols[0]];
      assert.equal(parseVocabulary({ symbols: others, tokens: JSON.parse(tokens) }), null, 'other symbols');
    }
  });

  it('says what it puts around a text, and that it would shorten one; a prompt has nothing behind it', () => {
    const { vocabulary, notices } = vocabularyOfTokenizer(
      characters({
        truncation: { max_length: 4 },
        post_processor: { type: 'BertProcessing', cls: ['a', 0], sep: ['b', 1] },
      }),
      3,
      't.json',
    );
    assert.deepEqual(Array.from(vocabulary.encode('bbbbb')), [0, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual(Array.from(vocabulary.encodePrompt('bb')), [0, 1, 1]);
    assert.deepEqual(
      notices.map(({ key }) => key),
      ['notice.vocabulary.unknownToken', 'notice.tokenizer.template', 'notice.tokenizer.truncation'],
    );
    const places = Array.from(spansOf('bb', vocabulary.unit), ({ start, end }) => [start, end]);
    assert.deepEqual(places, [
      [0, 0],
      [0, 1],
      [1, 2],
      [2, 2],
    ]);
  });

  it('names a character for which there is no token', () => {
    const bpe = { model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] } };
    const { vocabulary } = vocabularyOfTokenizer(bpe, 3, 't.json');
    assert.deepEqual(Array.from(vocabulary.encode('abb')), [2, 1]);
    assert.throws(
      () => vocabulary.encode('aXb'),
      (thrown: unknown) => {
        assert.ok(thrown instanceof UserError);
        assert.match(thrown.message, /“X” \(U\+0058\)/);
        return true;
      },
    );
  });

  it('a word behind a prompt has its space', () => {
    const { tokenizer } = form('WordPiece');
    const decoded = { ...tokenizer, decoder: { type: 'WordPiece', prefix: '##', cleanup: false } };
    const { vocabulary } = vocabularyOfTokenizer(decoded, sizeOf(tokenizer), 't.json');
    const [a, un, able] = ['a', 'un', '##able'].map((symbol) => vocabulary.symbols.indexOf(symbol));
    assert.equal(vocabulary.decodeBehind(a, [un, able]), ' unable');
    assert.equal(vocabulary.decodeBehind(un, [able]), 'able');
    assert.equal(vocabulary.decodeBehind(null, [un, able]), 'unable');
  });
});

/** Tokens of the file, added ones included. */
function sizeOf(tokenizer: Json): number {
  const { vocab } = tokenizer['model'] as { readonly vocab: object };
  const known = Array.isArray(vocab)
    ? vocab.map((entry: unknown) => (entry as [string, number])[0])
    : Object.keys(vocab);
  const added = (tokenizer['added_tokens'] as readonly { readonly content: string }[]).map(({ content }) => content);
  return new Set([...known, ...added]).size;
}
