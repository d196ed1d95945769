// The suites of `npm test`: what runs each, and what it needs.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { canDownloadEditor, hasDisplay } from './desktop.mjs';
import { runInCodeServer, runInDesktopEditor } from './hostSuite.mjs';
import { makeWindowPlain } from './plainWindow.mjs';
import { npm, run, withoutNpm } from './processes.mjs';
import { cacheFolder, compileOnce, root } from './stamps.mjs';
import { chromiumFlags, findChromium } from './system.mjs';
import { testParts } from './testParts.mjs';

const minute = 60_000;
/** For a test and for a suite: nothing but a hang takes so long, on a machine that has other things to do too. */
const timeouts = { test: 8 * minute, suite: 45 * minute };
const screenshots = join(cacheFolder, 'screenshots');
/** Has an editor's engines rest: what a window shows does not depend on how fast a run goes on, and other suites have the processors. */
const restingEngines = join(root, 'test/editor/resting');

/** Of the editor's own extensions, those that open notebooks and show their usual outputs. */
const notebooks = ['ipynb', 'notebook-renderers'];

/**
 * Name → what runs it, what has to be there first, and about how many seconds it takes on two quiet cores, for the order: of each part, where it has
 * parts, and `run` is told which. Each resolves to its counts, the titles and messages of what failed, and its `problem`: null when it passed, else
 * why it did not.
 */
export const suites = {
  lint: { run: lint, seconds: 15 },
  unit: { run: (part) => mocha('unit', 'unit', { part }), parts: testParts.unit },
  engine: { run: (part) => mocha('engine', 'engine', { part }), parts: testParts.engine },
  webview: {
    run: () => mocha('webview', 'webview', { environment: browserEnvironment() }),
    seconds: 290,
    browser: true,
  },
  host: { run: () => hostSuite('newest'), seconds: 45, browser: true, editors: ['newest'] },
  lowest: { run: () => hostSuite('lowest'), seconds: 30, browser: true, editors: ['lowest'] },
  window: { run: windowSuite, seconds: 420, browser: true, editors: ['newest'] },
  default: { run: defaultSuite, seconds: 250, browser: true, editors: ['newest'] },
  package: { run: packageSuite, seconds: 70, browser: true, editors: ['newest', 'lowest'] },
  soak: { run: soakSuite, seconds: 100, browser: true, editors: ['newest'] },
};

/** Runs one suite, or one part of one, in this process; what it needs is there already. */
export function runSuite(name, part) {
  return suites[name].run(part);
}

async function lint() {
  const code = await npm(['run', '--silent', 'lint'], { cwd: root, show: true, accept: 'any' });
  return { problem: code === 0 ? null : 'not clean' };
}

/** Runs the bundled test files of a folder under out/test with mocha, in a process of its own. */
async function mocha(name, folder, { part = 'all', environment = {}, deadline = timeouts.suite } = {}) {
  const bundle = join(root, 'out/test', folder, `${part}.test.js`);
  if (!existsSync(bundle)) return { passed: 0, failed: 0, problem: `there is no test in test/${folder}` };
  return counted(`${name}.${part}`, deadline, (counts) =>
    run(
      process.execPath,
      [
        '--enable-source-maps',
        // The tests make much that lives briefly; with the usual 16 MB for it a tenth of the time goes into collecting that.
        ...['--min-semi-space-size=32', '--max-semi-space-size=64'],
        join(root, 'node_modules/mocha/bin/mocha.js'),
        ...['--no-config', '--reporter', join(root, 'scripts/lib/reporter.cjs'), '--timeout', String(timeouts.test)],
        ...['--forbid-only', '--forbid-pending'],
        ...(process.env.BACKFLOW_TEST_GREP ? ['--fgrep', process.env.BACKFLOW_TEST_GREP] : []),
        bundle,
      ],
      {
        cwd: root,
        show: true,
        accept: 'any',
        deadline,
        env: { ...process.env, ...compileOnce, ...environment, BACKFLOW_TEST_COUNTS: counts },
      },
    ),
  );
}

/** Runs tests that leave their counts in a file, and reads it. A run that left none is a failure, whatever its exit code. */
async function counted(name, deadline, program) {
  const file = join(cacheFolder, 'results', `${name}.json`);
  mkdirSync(join(cacheFolder, 'results'), { recursive: true });
  rmSync(file, { force: true });
  let code;
  let thrown = null;
  try {
    code = await program(file);
  } catch (error) {
    thrown = error;
  }
  let counts;
  try {
    counts = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    const why = thrown === null ? `they ended with exit code ${code}` : thrown.message;
    return {
      passed: 0,
      failed: 1,
      problem: `the tests did not come to their end (${deadline / minute} minutes at most): ${why}`,
    };
  }
  return {
    passed: counts.passed,
    failed: counts.failed,
    failures: counts.failures,
    problem: problemWith(counts, code, thrown),
  };
}

/** Why a run does not count as passed, or null. */
function problemWith({ failed, skipped }, code, thrown) {
  if (failed > 0) return 'failed';
  if (skipped > 0) return `${skipped} skipped`;
  if (thrown !== null) return thrown.message;
  return code === 0 ? null : `exit code ${code}`;
}

function browserEnvironment() {
  return {
    BACKFLOW_CHROMIUM: findChromium(),
    BACKFLOW_CHROMIUM_FLAGS: chromiumFlags.join(' '),
    BACKFLOW_PROJECT: root,
    BACKFLOW_SCREENSHOTS: screenshots,
  };
}

/** The packages are built, and the one for this machine installed in two editors. */
function packageSuite() {
  return inTemporaryFolder(async (temporary) => {
    const packages = join(temporary, 'packages');
    await run(process.execPath, ['scripts/package.mjs', '--out', packages], {
      cwd: root,
      env: withoutNpm(process.env),
    });
    const file =
      readdirSync(packages).find((name) => name.startsWith(`backflow-${process.platform}-${process.arch}-`)) ??
      readdirSync(packages).find((name) => name.startsWith('backflow-universal-'));
    const servers = [];
    try {
      for (const release of ['newest', 'lowest']) {
        servers.push(
          await startCodeServer({
            data: join(temporary, release),
            release,
            forTests: true,
            packages: [join(packages, file)],
            reconnectionGrace: 5,
          }),
        );
      }
      const [newest, lowest] = servers.map((server) => server.address({}));
      const environment = {
        ...browserEnvironment(),
        BACKFLOW_PACKAGES: packages,
        BACKFLOW_CODE_SERVER_NEWEST: newest,
        BACKFLOW_CODE_SERVER_LOWEST: lowest,
      };
      return await mocha('package', 'package', { environment });
    } finally {
      for (const server of servers) await server.stop();
    }
  });
}

/** A folder for what an editor remembers and writes, gone afterward. */
async function inTemporaryFolder(job) {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-test-'));
  try {
    return await job(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** The desktop editor where it was asked for, or where there is a display and it can be downloaded; else the Code server. */
async function useDesktopEditor() {
  const asked = process.env.BACKFLOW_TEST_EDITOR;
  if (asked === 'desktop' || asked === 'server') return asked === 'desktop';
  return hasDisplay() && (await canDownloadEditor());
}

async function hostSuite(release) {
  const deadline = timeouts.suite;
  return counted(release === 'newest' ? 'host' : release, deadline, (counts) =>
    inTemporaryFolder(async (temporary) => {
      const folder = join(temporary, 'workspace');
      mkdirSync(folder);
      makeWindowPlain(folder);
      const environment = {
        BACKFLOW_TEST_COUNTS: counts,
        BACKFLOW_TEST_TIMEOUT: String(timeouts.test),
        BACKFLOW_TEST_OUTPUT: join(temporary, 'output'),
        BACKFLOW_TEST_COLOR: process.stdout.isTTY ? '1' : '',
        BACKFLOW_TEST_GREP: process.env.BACKFLOW_TEST_GREP ?? '',
      };
      const options = {
        folder,
        data: join(temporary, 'data'),
        environment,
        browser: findChromium(),
        deadline,
        release,
        forTests: true,
      };
      return release === 'newest' && (await useDesktopEditor())
        ? runInDesktopEditor(options)
        : runInCodeServer(options);
    }),
  );
}

/** `npm run soak` says half an hour. */
function soakSuite() {
  if (process.platform !== 'linux') {
    process.stdout.write('NOT TESTED: what processes use is read from /proc, which only Linux has.\n');
    return { problem: null };
  }
  const minutes = Number(process.env.BACKFLOW_SOAK_MINUTES ?? 0);
  return inWindow(
    (environment) => mocha('soak', 'soak', { environment, deadline: timeouts.suite + minutes * minute }),
    (temporary) => {
      // A folder of its own for temporary files, so that what is left there is nobody else's.
      const folder = join(temporary, 'tmp');
      mkdirSync(folder);
      return {
        extensions: [join(root, 'test/soak/probe'), ...(minutes === 0 ? [restingEngines] : [])],
        shared: { BACKFLOW_SOAK_TEMPORARY: folder, BACKFLOW_PROBE_MEMORY: join(temporary, 'memory.json') },
        own: { TMPDIR: folder },
      };
    },
  );
}

function windowSuite() {
  return inWindow(
    (environment) => mocha('window', 'editor/window', { environment }),
    () => ({ extensions: [restingEngines], builtIns: notebooks }),
  );
}

/** As a person has it: the extension installed, folders asked about, notifications shown. */
function defaultSuite() {
  return inTemporaryFolder(async (temporary) => {
    const data = join(temporary, 'default');
    const server = await startCodeServer({
      data,
      forTests: true,
      extensions: [root, join(root, 'test/editor/virtual'), restingEngines],
      trust: true,
      reconnectionGrace: 10,
    });
    try {
      const ofDefault = { BACKFLOW_CODE_SERVER_DEFAULT: server.address({}), BACKFLOW_DEFAULT_DATA: data };
      return await mocha('default', 'editor/default', { environment: { ...browserEnvironment(), ...ofDefault } });
    } finally {
      await server.stop();
    }
  });
}

/** A server whose windows have the extension in development. `options` gives other extensions, of the editor's own and not, what the extension hosts share with the tests, and what is their own. */
function inWindow(job, options = () => ({})) {
  return inTemporaryFolder(async (temporary) => {
    const { extensions, builtIns, shared, own } = options(temporary);
    const server = await startCodeServer({
      data: join(temporary, 'data'),
      development: true,
      forTests: true,
      extensions,
      builtIns,
      environment: { ...shared, ...own },
      reconnectionGrace: 10,
    });
    try {
      const environment = { ...browserEnvironment(), ...shared, BACKFLOW_CODE_SERVER: server.address({}) };
      return await job(environment, temporary);
    } finally {
      await server.stop();
    }
  });
}
