// Child processes that never outlive the script that started them.
import { spawn } from 'node:child_process';
import { Hindrance } from './say.mjs';

const windows = process.platform === 'win32';
const running = new Set();

/**
 * Starts a program in a process group of its own, so that it can be ended together with everything it starts.
 * Returns the child; `stopAll` and the end of this script end it.
 */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: !windows, ...options });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/**
 * Runs a program to its end and resolves to its exit code. Its output is shown with `show`, else kept and told only when it
 * fails: when the code is not among those it may `accept`, or after `deadline` milliseconds, when it is ended.
 */
export function run(command, args, { show = false, accept = [0], deadline, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, { stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'], ...options });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    const timer = deadline === undefined ? undefined : setTimeout(() => {
      reject(new Hindrance(`${command} did not end within ${deadline / 60_000} minutes.`));
      void stop(child);
    }, deadline);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Hindrance(`${command} could not be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (accept === 'any' || accept.includes(code)) resolve(code ?? 1);
      else reject(new Hindrance(`${[command, ...args].join(' ')} failed (${signal ?? `exit code ${code}`}).\n${Buffer.concat(output).toString('utf8').trimEnd()}`));
    });
  });
}

/** npm, run by the Node of `environment.PATH`; `--ignore-scripts` and the like are for the caller to say. */
export function npm(args, options = {}) {
  const environment = withoutNpm(options.env ?? process.env);
  return run(windows ? 'npm.cmd' : 'npm', args, { ...options, env: environment, shell: windows });
}

/**
 * The environment without what an outer `npm start` or `npm test` put in it: with it, an inner npm would take the outer
 * one's folder and script settings for its own.
 */
export function withoutNpm(environment) {
  const inherited = /^(npm_(package|lifecycle)_|npm_config_(local_prefix|ignore_scripts|prefix|nodedir)$|npm_(command|execpath|node_execpath)$|INIT_CWD$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !inherited.test(name)));
}

function signalGroup(child, signal) {
  try {
    if (windows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

/** Ends one child and everything it started: asked first, made to after `patience` milliseconds. */
export function stop(child, patience = 4000) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const insist = setTimeout(() => signalGroup(child, 'SIGKILL'), patience);
    child.once('exit', () => {
      clearTimeout(insist);
      // What the child started and did not end itself.
      signalGroup(child, 'SIGKILL');
      resolve();
    });
    signalGroup(child, 'SIGTERM');
  });
}

export async function stopAll() {
  await Promise.all([...running].map((child) => stop(child)));
}

process.once('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL');
});

/** Resolves at Ctrl-C or when asked to end. */
export function interrupted() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(signal));
  });
}
