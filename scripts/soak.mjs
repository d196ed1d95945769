// npm run soak: the suite "soak" for half an hour, or for BACKFLOW_SOAK_MINUTES.
process.env.BACKFLOW_SOAK_MINUTES ??= '30';
import('./lib/testCommand.mjs').then(function (command) {
  return command.start(['soak']);
});
