// Shares the extension host with Backflow and writes down, every half second, how late the event loop ran and how long the thread computed.
const { appendFile } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');

/** Milliseconds between the monitor's own ticks; part of every delay it records. */
const resolution = 5;
const tick = 10;

exports.activate = (context) => {
  const file = process.env.BACKFLOW_PROBE_FILE;
  if (!file) return;
  const monitor = monitorEventLoopDelay({ resolution });
  monitor.enable();

  // The same once more with a timer, to distinguish a thread that was busy from one that the machine did not let run: what the
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
    const line = {
      time: Date.now(),
      max: milliseconds(monitor.max),
      p99: milliseconds(monitor.percentile(99)),
      busiest,
    };
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
};
