// npm test: sets up what the tests need and runs them. See `usage` in lib/testCommand.mjs.
import { checkNode } from './lib/node.mjs';

checkNode();
import('./lib/testCommand.mjs').then(function (command) {
  return command.start(process.argv.slice(2));
});
