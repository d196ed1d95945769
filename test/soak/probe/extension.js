// Shares the extension host with Backflow and writes down, every half second, what the host holds after a collection.
const { renameSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

exports.activate = (context) => {
  const file = process.env.BACKFLOW_PROBE_MEMORY;
  if (!file) return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const report = setInterval(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    // Whole or not at all: it is read at any time.
    writeFileSync(
      `${file}.new`,
      JSON.stringify({ time: Date.now(), used: heapUsed + external, handles: process.getActiveResourcesInfo().length }),
    );
    renameSync(`${file}.new`, file);
  }, 500);
  context.subscriptions.push({ dispose: () => clearInterval(report) });
};
