/** Sequences of numbers as a text: what is read, where it stands, and what is said of a line that is none. */
import { strict as assert } from 'node:assert';
import { NumberCorpusReader, type NumberCorpus } from '../../../src/core/corpus/numberCorpus';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { firstSequence, isTextOfNumbers } from '../../../src/tokens/numbers';
import { spansOf } from '../../../src/tokens/spans';
import { symbolsOf } from '../../../src/tokens/tokenUnit';
import { refusalOf } from '../support/refusal';

const text = ['# value,mark', '', '0.37,0 0.81,1 -1e-3,0 = 1.36', '  # a comment', '.5,1\t2.,0   = +4 ', ''].join('\n');

function read(chunks: readonly string[], isExact = true): NumberCorpus {
  const reader = new NumberCorpusReader(isExact);
  for (const chunk of chunks) reader.add(chunk);
  return reader.end();
}

describe('a text of sequences of numbers', () => {
  const expected = {
    numbers: {
      inputs: Float64Array.of(0.37, 0, 0.81, 1, -0.001, 0, 0.5, 1, 2, 0),
      inputSize: 2,
      targets: Float64Array.of(1.36, 4),
      outputSize: 1,
    },
    ends: Uint32Array.of(3, 5),
  };

  it('is read with its comments and blank lines around', () => {
    assert.deepEqual(read([text]), expected);
    assert.deepEqual(read([text.replaceAll('\n', '\r\n')]), expected);
    assert.deepEqual(read([`${text}\n\n`]), expected);
  });

  it('is the same in chunks that end anywhere', () => {
    for (let cut = 0; cut <= text.length; cut++)
      assert.deepEqual(read([text.slice(0, cut), text.slice(cut)]), expected);
    assert.deepEqual(read(Array.from(text)), expected);
  });

  it('is kept in float32 for a training, and grows', () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${i} ${i + 0.1} = ${-i},1`).join('\n');
    const { numbers, ends } = read([lines], false);
    assert.deepEqual(Array.from(numbers.inputs.slice(-2)), [4999, Math.fround(4999.1)]);
    assert.deepEqual(
      [numbers.inputs.length, numbers.inputSize, numbers.outputSize, ends.at(-1)],
      [10_000, 1, 2, 10_000],
    );
    assert.deepEqual(Array.from(numbers.targets.slice(-2)), [-4999, 1]);
  });

  it('has a token for each step and for what is to be predicted', () => {
    const tokens = ['0.37,0', '0.81,1', '-1e-3,0', '= 1.36', '.5,1', '2.,0', '= +4'];
    assert.deepEqual(Array.from(symbolsOf(text, 'numbers')), tokens);
    const places = Array.from(spansOf(text, 'numbers'), ({ start, end }) => text.slice(start, end));
    assert.deepEqual(places, tokens);
    // While it is typed.
    assert.deepEqual(Array.from(symbolsOf('0.1,0 x 0.', 'numbers')), ['0.1,0', 'x', '0.']);
    assert.deepEqual(Array.from(symbolsOf('0.1 =', 'numbers')), ['0.1', '=']);
  });

  it('is told from other texts by its first line, or the one behind it', () => {
    for (const other of [
      '',
      '# nothing\n',
      'x = 1\ny = 2\n1 2 = 3',
      '1 2 3\n',
      'a story',
      '1 2 = \n',
      '1+2=3',
      '12:30 = noon',
    ])
      assert.equal(firstSequence(other), null, other);
    assert.equal(firstSequence('# sums\n\n1 2 = 3\nx'), '1 2 = 3');
    assert.equal(firstSequence('\ufeff1 2 = 3\n'), '1 2 = 3');
  });

  const samples = 'media/samples';
  const adding = readFileSync(join(samples, 'adding.txt'), 'utf8');
  const sequencesOfAdding = adding.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

  it('is told by the lines below where the first one alone is wrong', () => {
    const [first, ...others] = sequencesOfAdding;
    const slips = [
      first.replace('=', ''),
      first.replace('=', ':'),
      first.replace(',', ';'),
      first.replace('.', '·'),
      `${first} x`,
      first.slice(0, 20),
      'value,mark = sum',
      'The adding problem',
      '= 1',
      '{',
    ];
    for (const slip of slips) {
      assert.ok(isTextOfNumbers([slip, ...others].join('\n')), slip);
      assert.ok(isTextOfNumbers(['# about', '', slip, '# and', ...others.slice(0, 2)].join('\n')), slip);
      assert.match(
        refusalOf(() => read([[slip, ...others].join('\n')])).message,
        /^Line 1(, column \d+:| has no target: )/,
      );
    }
    // Some of the others may be wrong too.
    const every3rd = others.slice(0, 90).map((line, i) => (i % 3 === 0 ? `${line}?` : line));
    assert.ok(isTextOfNumbers(['x', ...every3rd].join('\n')));
    const two3rds = others.slice(0, 90).map((line, i) => (i % 3 === 0 ? line : `${line}?`));
    assert.ok(!isTextOfNumbers(['x', ...two3rds].join('\n')));
  });

  it('is no other text, whatever numbers it has', () => {
    const texts = {
      poem: 'One for sorrow,\nTwo for joy,\nThree = 3 for a girl\nAnd 4 = 4 for a boy.\n',
      log: '12:00:01,info,0.37,start\n12:00:02,warn,0.81,1\n12:00:03,info,0.12,stop\n',
      table: 'time,value\n0,0.37\n1,0.81\n2,0.12\n3,0.55\n',
      numbers: '0.37 0.81 0.12\n0.55 0.21 0.98\n0.4 0.1 0.2\n',
      settings: '[weights]\n1 = 0.5\n2 = 0.25\n3 = 0.125\n4 = 0.0625\n',
      assignments: 'let x = 1;\ny = 2\nz = 3\nx2 = 4\n',
      arithmetic: 'Sums\n1 + 2 = 3\n4 + 5 = 9\n2 * 3 = 6\n7 - 2 = 5\n',
      code: readFileSync('src/tokens/numbers.ts', 'utf8'),
      json: readFileSync('package.json', 'utf8'),
      page: readFileSync('docs/cli.md', 'utf8'),
      'one line above': 'a story\n1 2 = 3\n',
      empty: '',
    };
    for (const [name, other] of Object.entries(texts)) assert.ok(!isTextOfNumbers(other), name);
    for (const name of readdirSync(samples))
      assert.equal(isTextOfNumbers(readFileSync(join(samples, name), 'utf8')), name === 'adding.txt', name);
  });

  const wrong: readonly (readonly [string, string])[] = [
    [
      '1,2 3,4 5',
      'Line 2 has no target: behind its steps, at column 10, put “=” and what is to be predicted, as in “0.37,0 0.81,1 = 0.81”; or “#” before a comment.',
    ],
    ['= 3', 'Line 2, column 1: there is no step before “=”. Put at least one there, as in “0.37,0 0.81,1 = 0.81”.'],
    [
      '1,2 x = 3',
      'Line 2, column 5: “x” is no number. Write numbers as 0.37, -2 or 1e-3, those of one step joined by commas, with spaces between steps; or “#” before a comment.',
    ],
    [
      '1,2 NaN,0 = 3',
      'Line 2, column 5: “NaN” is no number. Write numbers as 0.37, -2 or 1e-3, those of one step joined by commas, with spaces between steps; or “#” before a comment.',
    ],
    [
      '1,2 0x10,0 = 3',
      'Line 2, column 5: “0x10” is no number. Write numbers as 0.37, -2 or 1e-3, those of one step joined by commas, with spaces between steps; or “#” before a comment.',
    ],
    [
      '1,2 3, = 3',
      'Line 2, column 7: a number is missing beside a comma or behind “=”. The numbers of one step are joined by commas without spaces, as in “0.37,0 0.81,1 = 0.81”.',
    ],
    [
      `1,2 3,${'x'.repeat(1000)} = 3`,
      `Line 2, column 7: “${'x'.repeat(40)}…” is no number. Write numbers as 0.37, -2 or 1e-3, those of one step joined by commas, with spaces between steps; or “#” before a comment.`,
    ],
    [
      '1,2 = 3 = 4',
      'Line 2, column 7: “3 = 4” is no number. Write numbers as 0.37, -2 or 1e-3, those of one step joined by commas, with spaces between steps; or “#” before a comment.',
    ],
    [
      '1,2 =',
      'Line 2, column 6: a number is missing beside a comma or behind “=”. The numbers of one step are joined by commas without spaces, as in “0.37,0 0.81,1 = 0.81”.',
    ],
    ['1,1e39 = 3', 'Line 2, column 3: 1e39 is larger than float32 can hold. Scale the numbers.'],
    ['1,-1e999 = 3', 'Line 2, column 3: -1e999 is larger than float32 can hold. Scale the numbers.'],
    [
      '1,2 3,4,5 = 3',
      'Line 2, column 5: step 2 has 3 numbers, and those before have 2. Give every step of the file as many.',
    ],
    ['1 = 3', 'Line 2, column 1: step 1 has 1 number, and those before have 2. Give every step of the file as many.'],
    ['1,2 = 3,4', 'Line 2, column 5: 2 numbers behind “=”, and the lines before have 1. Give every line as many.'],
    [
      '\n1,2 = 3',
      'Line 2 is blank, between two sequences of numbers. Each sequence is one line; remove the blank one, or join the two halves of a sequence.',
    ],
  ];
  for (const [line, sentence] of wrong)
    it(`refuses ${JSON.stringify(line)} with the line's number`, () => {
      assert.equal(refusalOf(() => read([`0,0 1,1 = 2\n${line}\n`])).message, sentence);
    });

  it('refuses a text without any', () => {
    const sentence = 'The text has no sequence of numbers: all its lines are blank or comments.';
    for (const none of ['', '\n\n', '# only a comment']) assert.equal(refusalOf(() => read([none])).message, sentence);
  });
});
