// What the figures were measured on.
import { cpus, loadavg, release, totalmem, type } from 'node:os';

export function describeMachine() {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${type()} ${release()}`,
    // Before anything is measured: well above 0, others were at work, and the figures are to be doubted.
    load: loadavg()[0],
  };
}
