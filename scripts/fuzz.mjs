// npm run fuzz: ten thousand bad inputs for every format.
//   npm run fuzz [-- FORMAT … --count N --seed N]
import { withoutNpm, run } from './lib/processes.mjs';
import { buildProject, installDependencies } from './lib/project.mjs';
import { main } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';

await main(async () => {
  await installDependencies();
  await buildProject({ tests: true });
  return run(process.execPath, ['--enable-source-maps', 'out/test/fuzz/main.js', ...process.argv.slice(2)], { cwd: root, show: true, accept: 'any', env: withoutNpm(process.env) });
});
