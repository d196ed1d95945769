// Child processes that never outlive the script that started them.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { descendants, killLeftovers } from './processTree.mjs';
import { SetupError } from './say.mjs';

const windows = process.platform === 'win32';
const running = new Set();
/** Set when all are ended: code that waited for one of them would otherwise start the next. */
let isOver = false;

/**
 * Starts a program in a process group of its own, so that it can be ended together with everything it starts.
 * Returns the child; `stopAll` and the end of this script end it.
 */
export function start(command, args, options = {}) {
  if (isOver) throw new SetupError(`${command} is not started any more.`);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: !windows, ...options });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/**
 * Runs a program to its end and resolves to its exit code. Its output is shown with `show`, otherwise kept and printed only when it
 * fails: when the code is not among those it may `accept`, or after `deadline` milliseconds, when it is ended.
 */
export function run(command, args, { show = false, accept = [0], deadline, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, {
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
      ...options,
    });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    const timer =
      deadline === undefined
        ? undefined
        : setTimeout(() => {
            reject(new SetupError(`${command} did not end within ${deadline / 60_000} minutes.`));
            void stop(child);
          }, deadline);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new SetupError(`${command} could not be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (accept === 'any' || accept.includes(code)) resolve(code ?? 1);
      else
        reject(
          new SetupError(
            `${[command, ...args].join(' ')} failed (${signal ?? `exit code ${code}`}).\n${Buffer.concat(output).toString('utf8').trimEnd()}`,
          ),
        );
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
  const inherited =
    /^(npm_(package|lifecycle)_|npm_config_(local_prefix|ignore_scripts|prefix|nodedir)$|npm_(command|execpath|node_execpath)$|INIT_CWD$)/;
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

/**
 * Ends one child and everything it started: asked first, made to after `grace` milliseconds. Browsers and the like make groups of their own, which
 * a signal to the child's group does not reach: what is under it when it is asked and outlives it is ended too.
 */
export function stop(child, grace = 4000) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const under = descendants(child.pid);
    const insist = setTimeout(() => signalGroup(child, 'SIGKILL'), grace);
    child.once('exit', () => {
      clearTimeout(insist);
      signalGroup(child, 'SIGKILL');
      killLeftovers(under);
      resolve();
    });
    signalGroup(child, 'SIGTERM');
  });
}

/**
 * Ends all children, and starts no more.
 * @param {number} [grace] milliseconds, as for `stop`: children that have children of their own to end need more than they do
 */
export async function stopAll(grace) {
  isOver = true;
  await Promise.all([...running].map((child) => stop(child, grace)));
}

process.once('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL');
});

/**
 * Does the work, but ends at Ctrl-C or when asked to, with all that was started; what of the work is then under way in this process ends with it.
 * @param {() => Promise<number>} work
 * @param {{ grace?: number, code?: number }} [options] `grace` as for `stopAll`; `code` is the exit code of a work that is meant to be ended so, else
 * it is the one that shells give such an end
 * @returns {Promise<number>} the work's exit code
 */
export async function untilInterrupted(work, { grace, code } = {}) {
  const interrupted = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve({ signal }));
  });
  try {
    const end = await Promise.race([interrupted, work().then((ownCode) => ({ ownCode }))]);
    if (end.signal === undefined) return end.ownCode;
    await stopAll(grace);
    process.exit(code ?? 128 + constants.signals[end.signal]);
  } finally {
    await stopAll(grace);
  }
}
