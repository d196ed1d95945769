// Loaded by NODE_OPTIONS into what an editor under test starts: an engine then rests after what it has computed, as one on a slower machine does,
// so that a run that continues while a test looks at something else leaves the processors to it. The other programs are as they were.
const timers = require('node:timers/promises');

/** Milliseconds of rest for each of work. */
const rest = 3;
/** Milliseconds of work after which it rests: a timer is no more exact. */
const enough = 4;

if (/[\\/]engine\.js$/.test(process.argv[1] ?? '')) {
  const { setImmediate: atOnce, setTimeout: later } = timers;
  const worked = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  let rested = worked();
  // With it training, and whatever else takes long, lets messages in: what they ask for is answered during the rest, too.
  timers.setImmediate = async (...args) => {
    const since = worked() - rested;
    if (since < enough) return atOnce(...args);
    const value = await later(rest * since, ...args);
    rested = worked();
    return value;
  };
}
