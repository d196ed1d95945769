// npm run fuzz:entrances: ten thousand bad inputs for every format.
//   npm run fuzz:entrances [-- FORMAT … --count N --seed N]
import { withoutNpm, run } from './lib/processes.mjs';
import { buildProject, installDependencies } from './lib/project.mjs';
import { main } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';

await main(async () => {
  await installDependencies();
  await buildProject({ tests: true });
  return run(process.execPath, ['--enable-source-maps', 'out/test/fuzz/runEntrances.js', ...process.argv.slice(2)], { cwd: root, show: true, accept: 'any', env: withoutNpm(process.env) });
});
