// npm test: sets up what the tests need and runs them. See `usage` in lib/suites.mjs.
import { checkNode } from './lib/node.mjs';

checkNode();
import('./lib/suites.mjs').then(function (suites) {
  return suites.start(process.argv.slice(2));
});
