// The tests of the recorder for PyTorch. See `usage`.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run, untilInterrupted } from './lib/processes.mjs';
import { installDependencies } from './lib/project.mjs';
import { preparePython } from './lib/python.mjs';
import { SetupError, main } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';

const usage = `npm run test:python [-- --torch VERSION | --python PATH] [--grep TEXT]

The tests run in a virtual environment in .vscode-test/: with Debian's python3-torch, or with PyTorch from PyPI where there is no apt-get.
--torch takes that version from PyPI; --python names the interpreter, which has PyTorch itself unless --torch is given too; --grep: only tests
whose names contain the text.`;

await main(() =>
  untilInterrupted(async () => {
    const { grep, ...choice } = parse(process.argv.slice(2));
    await installDependencies();
    const program = await preparePython(choice);
    const quiet = ['-q', '-p', 'no:cacheprovider', '-W', 'ignore::UserWarning'];
    const args = ['-B', '-m', 'pytest', ...quiet, join(root, 'python/tests'), ...(grep ? ['-k', grep] : [])];
    return run(program, args, { cwd: root, show: true, accept: 'any' });
  }),
);

function parse(args) {
  try {
    const text = { type: 'string' };
    return parseArgs({ args, options: { torch: text, python: text, grep: text } }).values;
  } catch (error) {
    throw new SetupError(`${error.message}\n\n${usage}`);
  }
}
