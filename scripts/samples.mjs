// Writes the generated sample corpora, always the same: hello.txt, brackets.txt, copy.txt and adding.txt.
//   node scripts/samples.mjs [FOLDER]      FOLDER is media/samples of this project unless given
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addingLine } from './lib/adding.mjs';
import { mulberry32 } from './lib/mulberry32.mjs';

const pick = (random, choices) => choices[Math.floor(random() * choices.length)];
const integer = (random, from, to) => from + Math.floor(random() * (to - from + 1));

/** Whole lines from `line` until there are at least `size` characters. */
function lines(size, line) {
  let text = '';
  while (text.length < size) text += `${line()}\n`;
  return text;
}

/** One word, again and again: after an `l` only the symbol before it tells whether `l` or `o` follows. */
function hello() {
  return lines(4096, () => 'hello');
}

/** Balanced lines of four kinds of brackets, 2 to 72 symbols long and at most eight deep: which one closes depends on the one that opened. */
function brackets(random) {
  const deepest = 8;
  const partners = ['()', '[]', '{}', '<>'];
  return lines(12_288, () => {
    const length = 2 * integer(random, 1, 36);
    const open = [];
    let line = '';
    while (line.length < length) {
      const room = length - line.length;
      const mustOpen = open.length === 0;
      const mustClose = open.length === deepest || open.length === room;
      if (mustOpen || (!mustClose && random() < 0.55)) {
        const [left, right] = pick(random, partners);
        open.push(right);
        line += left;
      } else {
        line += open.pop();
      }
    }
    return line;
  });
}

/** Four of eight symbols, 4 to 16 blanks, a mark, and the same four again: each is needed 9 to 21 steps after it was read. */
function copyMemory(random) {
  return lines(32_768, () => {
    const pattern = Array.from({ length: 4 }, () => pick(random, 'abcdefgh')).join('');
    return `${pattern}${'.'.repeat(integer(random, 4, 16))}?${pattern}`;
  });
}

/** Sequences of numbers: the sum of two marked values is to be told, of which the first lies 5 to 19 steps before the last step and the other 0 to 9. */
function adding(random) {
  const header = [
    '# The adding problem: each line is a sequence, each step a value and a mark. Behind “=” stands what is to be predicted,',
    '# the sum of the two marked values, of which one lies in the first half of the sequence and one in the second.',
    '# Whoever always says 1 has a mean squared error of about 1/6 = 0.167. Lines that begin with “#” are not read.',
  ];
  const sequences = Array.from({ length: 1200 }, () => addingLine(random, integer(random, 10, 20)));
  return [...header, ...sequences, ''].join('\n');
}

const folder = process.argv[2] ?? fileURLToPath(new URL('../media/samples', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'hello.txt'), hello());
writeFileSync(join(folder, 'brackets.txt'), brackets(mulberry32(2)));
writeFileSync(join(folder, 'copy.txt'), copyMemory(mulberry32(3)));
writeFileSync(join(folder, 'adding.txt'), adding(mulberry32(4)));
