// npm run soak:page: streams frames into the page for ten minutes, and prints whether its memory grows.
import { checkNode } from './lib/node.mjs';

checkNode();
process.env.BACKFLOW_STREAM_MINUTES ??= '10';
import('./lib/testCommand.mjs').then(function (command) {
  return command.start(['webview', '--grep', 'a stream of frames']);
});
