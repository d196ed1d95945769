// Loaded into an engine before its own program: it then rests after what it has computed, as one on a slower machine does, so that a run that
// goes on while a test looks at something else leaves the processors to it.
const timers = require('node:timers/promises');

/** Milliseconds of rest for each of work. */
const rest = 3;
/** Milliseconds of work after which it rests: a timer is no more exact. */
const enough = 4;

const { setImmediate: atOnce, setTimeout: later } = timers;

/** Milliseconds that all threads of this process have worked. */
function worked() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let before = worked();
// By it training, and whatever else takes long, lets messages in: what they ask for is answered during the rest, too.
timers.setImmediate = async (...args) => {
  const work = worked() - before;
  if (work < enough) return atOnce(...args);
  const value = await later(rest * work, ...args);
  before = worked();
  return value;
};
