/** tokenizer.json beside Hugging Face's tokenizers (test/vectors/tokenizer_vectors.py): ids, places in the text, texts made of tokens. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Tokenizer, definitionOf } from '../../../src/tokens/tokenizer/tokenizer';
import { TokenizerRefusal, type Json } from '../../../src/tokens/tokenizer/fields';
import { fromOniguruma } from '../../../src/tokens/tokenizer/oniguruma';
import { matchesOf } from '../../../src/tokens/tokenizer/matches';

interface Case {
  readonly name?: string;
  readonly tokenizer: Json;
  readonly texts: readonly Answer[];
}

interface Answer {
  readonly text: string;
  /** Null where the library itself fails. */
  readonly ids: readonly number[] | null;
  /** UTF-16 units. */
  readonly places: readonly (readonly [number, number])[];
  readonly decoded: string;
}

const read = (name: string) => JSON.parse(readFileSync(`test/vectors/data/${name}.json`, 'utf8')) as readonly Case[];
const forms = read('tokenizerForms');
const random = read('tokenizersRandom');

/** Where several characters become one, the library's place is only a part of theirs. */
function canWiden(tokenizer: Json): boolean {
  return /"(NF|Replace|BertNormalizer)/.test(JSON.stringify(tokenizer['normalizer'] ?? null));
}

function check(tokenizer: Json, made: Tokenizer, { text, ids, places, decoded }: Answer): boolean {
  const encoding = made.encode(text);
  const place = JSON.stringify(text);
  // What the library drops for want of an unknown token has none here.
  if (ids === null || encoding.ids.includes(-1)) return false;
  assert.deepEqual(encoding.ids, ids, place);
  const around = new Set([...made.template.before, ...made.template.behind]);
  places.forEach(([start, end], i) => {
    if (around.has(ids[i]) && start === end) return;
    const [ourStart, ourEnd] = [encoding.starts[i], encoding.ends[i]];
    if (canWiden(tokenizer)) assert.ok(ourStart <= start && ourEnd >= end, `${place}, token ${i}`);
    else assert.deepEqual([ourStart, ourEnd], [start, end], `${place}, token ${i}`);
  });
  assert.equal(made.decode(ids), decoded, place);
  return true;
}

describe('tokenizer.json', () => {
  for (const { name, tokenizer, texts } of forms) {
    it(`${name ?? ''}: the library’s ids and places`, () => {
      const made = new Tokenizer(definitionOf(tokenizer));
      assert.ok(texts.map((answer) => check(tokenizer, made, answer)).some((isChecked) => isChecked));
    });
  }

  it('random tokenizers: the library’s ids, places and texts, or refused by name', () => {
    let [readable, texts] = [0, 0];
    for (const { tokenizer, texts: answers } of random) {
      try {
        const made = new Tokenizer(definitionOf(tokenizer));
        readable += 1;
        for (const answer of answers) if (check(tokenizer, made, answer)) texts += 1;
      } catch (thrown) {
        if (!(thrown instanceof TokenizerRefusal)) throw thrown;
        assert.match(thrown.message, /^(model|normalizer|pre_tokenizer|added_tokens): "/);
      }
    }
    assert.ok(readable >= 0.8 * random.length, `${readable} of ${random.length}`);
    assert.ok(texts >= 100, String(texts));
  });

  it('places go forward, and together are the text', () => {
    const { tokenizer } = forms.find(({ name }) => name === 'BPE without merges, ByteLevel') ?? forms[0];
    const text = 'é 가😀\r\nab';
    const { starts, ends } = new Tokenizer(definitionOf(tokenizer)).encode(text);
    assert.deepEqual(new Set(starts), new Set([0, 1, 2, 3, 5, 6, 7, 8]), 'no half of a pair');
    assert.equal(ends.at(-1), text.length);
  });

  it('refuses by name what is read otherwise, or never twice the same', () => {
    const bpe = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b']], unk_token: null };
    const refuses = (changes: object, message: RegExp) =>
      assert.throws(
        () => new Tokenizer({ model: bpe, ...changes }),
        (thrown: unknown) => {
          assert.ok(thrown instanceof TokenizerRefusal, String(thrown));
          assert.match(thrown.message, message);
          return true;
        },
      );
    refuses({ model: { ...bpe, dropout: 0.1 } }, /model: "dropout": 0\.1/);
    refuses({ model: { ...bpe, continuing_subword_prefix: '##' } }, /model: "continuing_subword_prefix": "##"/);
    refuses({ model: { ...bpe, vocab: { a: 0, b: 1, ab: 3 } } }, /model\.vocab: "ab": 3/);
    refuses({ model: { ...bpe, merges: ['a c'] } }, /model: "merges": \["a c"\]/);
    refuses({ model: { type: 'Other', vocab: {} } }, /model: "type": "Other"/);
    refuses({ normalizer: { type: 'Precompiled', precompiled_charsmap: '' } }, /normalizer: "type": "Precompiled"/);
    refuses({ pre_tokenizer: { type: 'UnicodeScripts' } }, /pre_tokenizer: "type": "UnicodeScripts"/);
    refuses({ post_processor: { type: 'Other' } }, /post_processor: "type": "Other"/);
    const added = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
    refuses({ added_tokens: [{ id: 9, content: '<s>', ...added }] }, /added_tokens: "content": "<s>", "id": 9/);
    for (const pattern of [
      '(a)\\1',
      '\\X',
      '[a&&b]',
      '(?i:ß)',
      '(?i:[a-z])',
      'a**',
      '(?<=(?>a))b',
      '(?~a)',
      '\\p{Cn}',
      '[[:punct:]]',
    ])
      refuses(
        { pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false } },
        /pre_tokenizer: "Regex"/,
      );
  });

  it('a pattern never matches between the halves of a pair', () => {
    const pattern = fromOniguruma('\\B');
    assert.ok(pattern);
    assert.deepEqual(
      matchesOf('a👩-👩', pattern).map(({ from, to }) => [from, to]),
      [
        [0, 3],
        [3, 3],
        [3, 4],
        [4, 4],
        [4, 6],
        [6, 6],
      ],
    );
  });
});
