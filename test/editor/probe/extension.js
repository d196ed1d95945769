// Shares the extension host with Backflow and writes down, every half second, how late the event loop ran; and, where it is asked for,
// what the host holds after a collection, which is itself work and so never measured together with delays.
const { appendFile, renameSync, writeFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

/** Milliseconds between the monitor's own ticks; part of every delay it records. */
const resolution = 5;
const tick = 10;

exports.activate = (context) => {
  const { BACKFLOW_PROBE_FILE: delays, BACKFLOW_PROBE_MEMORY: memory } = process.env;
  if (memory) context.subscriptions.push({ dispose: watchMemory(memory) });
  else if (delays) watchDelays(context, delays);
};

/** Returns what ends it. */
function watchMemory(file) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const report = setInterval(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    // Whole or not at all: it is read at any time.
    writeFileSync(`${file}.new`, JSON.stringify({ time: Date.now(), used: heapUsed + external, handles: process.getActiveResourcesInfo().length }));
    renameSync(`${file}.new`, file);
  }, 500);
  return () => clearInterval(report);
}

function watchDelays(context, file) {
  const monitor = monitorEventLoopDelay({ resolution });
  monitor.enable();

  // The same once more with a timer, to tell a thread that was busy from one that the machine did not let run: what the
  // thread computed between two ticks is its processor time, not the clock's.
  let lastCpu = process.threadCpuUsage();
  let busiest = 0;
  const ticks = setInterval(() => {
    const cpu = process.threadCpuUsage(lastCpu);
    busiest = Math.max(busiest, (cpu.user + cpu.system) / 1000);
    lastCpu = process.threadCpuUsage();
  }, tick);

  const report = setInterval(() => {
    const milliseconds = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution);
    const line = { time: Date.now(), max: milliseconds(monitor.max), p99: milliseconds(monitor.percentile(99)), busiest };
    monitor.reset();
    busiest = 0;
    appendFile(file, `${JSON.stringify(line)}\n`, () => {});
  }, 500);
  context.subscriptions.push({
    dispose: () => {
      monitor.disable();
      clearInterval(ticks);
      clearInterval(report);
    },
  });
}
