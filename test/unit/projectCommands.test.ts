/** The project's own commands, with options that there are none of. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const programs = {
  'npm start': 'scripts/start.mjs',
  'npm test': 'scripts/test.mjs',
  'npm run test:python': 'scripts/testPython.mjs',
  'npm run package': 'scripts/package.mjs',
  'npm run fuzz': 'scripts/fuzz.mjs',
  'npm run verdicts': 'scripts/verdicts.mjs',
  'npm run remedies': 'scripts/remedies.mjs',
  'npm run pictures': 'scripts/pictures.mjs',
  'npm run bench': 'bench/bench.mjs',
  'npm run bench:validation': 'bench/validation.mjs',
};

function run(program: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [join(process.cwd(), program), ...args], { encoding: 'utf8' });
}

describe("the project's commands", () => {
  for (const [command, program] of Object.entries(programs))
    it(`${command} says what it takes, and refuses anything else in one sentence`, () => {
      const help = run(program, '--help');
      assert.deepEqual([help.status, help.stderr], [0, '']);
      assert.ok(help.stdout.startsWith(`${command} -- [`), help.stdout);
      const refused = run(program, '--no-such-option');
      assert.deepEqual([refused.status, refused.stdout], [1, '']);
      assert.equal(
        refused.stderr.trim(),
        `Unknown option '--no-such-option'; ${command} -- --help lists what there is.`,
      );
    });

  it('refuse a number that is none, naming the option and the value', () => {
    for (const [program, option, value] of [
      ['scripts/remedies.mjs', 'seeds', '0'],
      ['scripts/remedies.mjs', 'delays', '10,x'],
      ['scripts/verdicts.mjs', 'processes', '65'],
      ['scripts/fuzz.mjs', 'count', '1.5'],
      ['bench/bench.mjs', 'rounds', 'many'],
    ] as const) {
      const { status, stdout, stderr } = run(program, `--${option}`, value);
      const named = value.split(',').at(-1);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr.trim(), new RegExp(`^--${option} is "${named}"; it must be a whole number from 1[^\n]*\\.$`));
    }
  });
});
