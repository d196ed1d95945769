/** Pickles as data: what Python's own protocols write, and what programs in them would do, which is not done. */
import { strict as assert } from 'node:assert';
import { plainValue } from '../../../src/formats/pickle/plainValue';
import { unpickle } from '../../../src/formats/pickle/unpickle';
import { PickleObject } from '../../../src/formats/pickle/values';
import { UserError } from '../../../src/userError';

const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const plain = (text: string) => plainValue(unpickle(bytesOf(text), 'a.pkl').value);

/** `pickle.dumps` of Python 3.11, by protocol; in hexadecimal. */
const kept: Readonly<Record<string, string>> = {
  // {'a': [1, 2.5, None, True], 'b': (1, 'é', -7, 70000), 3: {}, 'long': 2**40, 'text': 'x\ny'}
  0: '286470300a56610a70310a286c70320a49310a6146322e350a614e614930310a617356620a70330a2849310a56e90a70340a492d370a4937303030300a7470350a7349330a286470360a73566c6f6e670a70370a4c313039393531313632373737364c0a7356746578740a70380a56785c7530303061790a70390a732e',
  2: '80027d71002858010000006171015d7102284b014740040000000000004e88655801000000627103284b015802000000c3a971044af9ffffff4a701101007471054b037d710658040000006c6f6e6771078a0600000000000158040000007465787471085803000000780a797109752e',
  4: '80049552000000000000007d94288c0161945d94284b014740040000000000004e88658c016294284b018c02c3a9944af9ffffff4a7011010074944b037d948c046c6f6e67948a060000000000018c0474657874948c03780a7994752e',
  5: '80059552000000000000007d94288c0161945d94284b014740040000000000004e88658c016294284b018c02c3a9944af9ffffff4a7011010074944b037d948c046c6f6e67948a060000000000018c0474657874948c03780a7994752e',
};

describe('pickles', () => {
  it('are read as Python means them', () => {
    for (const [protocol, hex] of Object.entries(kept)) {
      const { value } = unpickle(Uint8Array.from(Buffer.from(hex, 'hex')), 'a.pkl');
      const wanted = { a: [1, 2.5, null, true], b: [1, 'é', -7, 70000], 3: {}, long: 2 ** 40, text: 'x\ny' };
      assert.deepEqual(plainValue(value), wanted, `protocol ${protocol}`);
    }
  });

  it('call nothing: what would be called is a name with its arguments', () => {
    const { value } = unpickle(bytesOf("cbuiltins\nprint\n(S'hello'\ntR."), 'a.pkl');
    assert.ok(value instanceof PickleObject);
    assert.equal(value.made.fullName, 'builtins.print');
    assert.deepEqual(value.args.items, ['hello']);
  });

  it('that say the same thing many times over are not written out', () => {
    // Thirty lists, each of which holds the one before it twice.
    const nested = `]q\x00${Array.from({ length: 30 }, (_, i) => `](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}`).join('')}.`;
    assert.ok(Array.isArray(plain(nested)));
  });

  for (const [what, text] of Object.entries({
    'ends in a text': '\x80\x02X\xff\xff\xff\xffabc.',
    'ends without an end': '\x80\x02]',
    'takes from an empty stack': '\x80\x02a.',
    'has no such instruction': '\x80\x02\xf3.',
    'refers to what was not kept': '\x80\x02h\x07.',
    'has a mark where a value belongs': '(.',
    'sets an odd number of items': '}(K\x01u.',
    'is empty': '',
  }))
    it(`one that ${what} is refused in a sentence`, () => {
      assert.throws(() => unpickle(bytesOf(text), 'a.pkl'), UserError);
    });
});
