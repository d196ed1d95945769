/** docs/cli.md names every option of every command, and no other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { commands } from '../../../src/terminal/options';

/** Said once, for all commands. */
const everywhere = ['json', 'verbose', 'help'];

const page = readFileSync('docs/cli.md', 'utf8');

/** The options in the first column of a section's tables. */
function optionsOf(section: string): string[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? '';
  const firstCells = text
    .split('\n')
    .filter((line) => line.startsWith('| `--'))
    .map((line) => line.split('|')[1]);
  return firstCells.flatMap((cell) => Array.from(cell.matchAll(/--([a-z-]+)/g), ([, name]) => name));
}

describe('docs/cli.md', () => {
  for (const [name, { options }] of Object.entries(commands)) {
    it(`has the options of ${name}`, () => {
      assert.deepEqual(
        optionsOf(name).sort(),
        Object.keys(options)
          .filter((option) => !everywhere.includes(option))
          .sort(),
      );
    });
  }

  it('has what every command takes', () => {
    for (const option of everywhere) assert.ok(page.includes(`--${option}`), option);
  });
});
