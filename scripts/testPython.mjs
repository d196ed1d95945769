// The tests of the recorder for PyTorch. See `usage`.
import { join } from 'node:path';
import { oneOf, readOptions } from './lib/options.mjs';
import { run, untilInterrupted } from './lib/processes.mjs';
import { installDependencies } from './lib/project.mjs';
import { frameworks, preparePython } from './lib/python.mjs';
import { SetupError, main } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';

const usage = `npm run test:python -- [--torch VERSION | --python PATH | --adapters [--only oldest|newest]] [--grep TEXT]

The tests run in a virtual environment in .vscode-test/: with Debian's python3-torch, or with PyTorch from PyPI where there is no apt-get.
--torch takes that version from PyPI; --python names the interpreter, which has PyTorch itself unless --torch is given too; --grep: only tests
whose names contain the text.
--adapters: the callbacks in Lightning and in transformers' Trainer, and sweeps by Ray, with the oldest versions that are supported and with the newest, each
in an environment of its own from PyPI: some gigabytes, and not part of the tests without it. --only takes one of the two.`;

const tests = join(root, 'python/tests');

await main(() =>
  untilInterrupted(async () => {
    const asked = parse();
    if (asked === null) return 0;
    const { grep, adapters, only, ...choice } = asked;
    await installDependencies();
    if (!adapters) return test(await preparePython(choice), [tests, `--ignore=${join(tests, 'frameworks')}`], grep);
    // Sweeps start Backflow's own trainer.
    await run(process.execPath, ['scripts/build.mjs'], { cwd: root });
    let status = 0;
    for (const [age, { files, ...environment }] of Object.entries(frameworks)) {
      if (only !== undefined && only !== age) continue;
      const program = await preparePython({ ...environment, python: choice.python, name: age });
      const ended = await test(
        program,
        files.map((file) => join(tests, 'frameworks', file)),
        grep,
      );
      // The newest are tried too where the oldest have failed.
      status ||= ended;
    }
    return status;
  }),
);

function test(program, paths, grep) {
  const quiet = ['-q', '-p', 'no:cacheprovider', '-W', 'ignore::UserWarning'];
  return run(program, ['-B', '-m', 'pytest', ...quiet, ...paths, ...(grep ? ['-k', grep] : [])], {
    cwd: root,
    show: true,
    accept: 'any',
  });
}

function parse() {
  const text = { type: 'string' };
  const options = { torch: text, python: text, grep: text, adapters: { type: 'boolean' }, only: text };
  const given = readOptions({ command: 'npm run test:python', usage, options });
  if (given === null) return null;
  const { torch, python, grep, adapters, only } = given;
  if (only !== undefined && !adapters) throw new SetupError('--only chooses among --adapters; give both.');
  if (only !== undefined) oneOf('set of versions', only, Object.keys(frameworks));
  if (adapters && torch) throw new SetupError('--adapters has versions of PyTorch of its own; leave --torch out.');
  return { torch, python, grep, adapters, only };
}
