// npm start: from a fresh clone to an editor in which a small LSTM trains on a sample corpus. See `usage` in lib/demo.mjs.
import { checkNode } from './lib/node.mjs';

checkNode();
import('./lib/demo.mjs').then(function (demo) {
  return demo.start(process.argv.slice(2));
});
