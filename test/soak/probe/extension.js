// Shares the extension host with Backflow and writes down, whenever somebody asks by a file, what the host holds after a collection. One that nobody
// asked for would take a good part of a processor from what is looked at.
const { existsSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

exports.activate = (context) => {
  const file = process.env.BACKFLOW_PROBE_MEMORY;
  if (!file) return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const report = setInterval(() => {
    if (!existsSync(`${file}.wanted`)) return;
    rmSync(`${file}.wanted`);
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    // Whole or not at all: it is read at any time.
    writeFileSync(
      `${file}.new`,
      JSON.stringify({ used: heapUsed + external, handles: process.getActiveResourcesInfo().length }),
    );
    renameSync(`${file}.new`, file);
  }, 100);
  context.subscriptions.push({ dispose: () => clearInterval(report) });
};
