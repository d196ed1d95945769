// Runs tests, or another program, inside a real extension host: that of the Code server, driven by a browser, or that of a downloaded desktop editor.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { chromiumFlags } from './system.mjs';
import { ownProfile } from './desktop.mjs';
import { root } from './stamps.mjs';

/** The bundle whose `run()` the editor calls. */
const tests = join(root, 'out/test/editor/host/index.js');

/**
 * @param {{ browser: string, folder: string, data: string, environment: Record<string, string>, deadline: number, release: 'newest' | 'lowest', forTests?: boolean, extension?: string, program?: string }} options
 * `extension` and `program` are this project and its tests unless given; `folder` is opened as the workspace; `environment` is added to the extension host's: BACKFLOW_TEST_COUNTS and
 * BACKFLOW_TEST_OUTPUT name files for the counts and for what is to be read; `deadline` in milliseconds.
 * @returns {Promise<number>} the tests' exit code
 */
export async function runInCodeServer({
  browser,
  folder,
  data,
  environment,
  deadline,
  release,
  forTests = false,
  extension = root,
  program = tests,
}) {
  const { chromium } = await import('playwright-core');
  const server = await startCodeServer({
    data,
    release,
    forTests,
    development: true,
    environment,
    reconnectionGrace: 10,
  });
  // Signals are for the suite, which ends the server too.
  const instance = await chromium.launch({
    executablePath: browser,
    args: chromiumFlags,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  /** What the editor's own console said; printed only when the tests did not finish. */
  const said = [];
  const output = follow(environment.BACKFLOW_TEST_OUTPUT);
  let timer;
  try {
    const page = await instance.newPage({ viewport: { width: 1440, height: 900 } });
    const outcome = new Promise((resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`The tests in the extension host did not end within ${deadline / 60_000} minutes.`)),
        deadline,
      );
      void page.exposeFunction('codeAutomationLog', (type, args) => {
        said.push(args.map(String).join(' '));
      });
      void page.exposeFunction('codeAutomationExit', (code) => resolve(code));
    });
    const at = (path) => `vscode-remote://${server.host}${path}`;
    const payload = [
      ['extensionDevelopmentPath', at(extension)],
      ['extensionTestsPath', at(program)],
      ['skipWelcome', 'true'],
    ];
    await page.goto(server.address({ folder, payload: JSON.stringify(payload) }));
    return await outcome;
  } catch (error) {
    process.stdout.write(`${said.slice(-60).join('\n')}\n`);
    throw error;
  } finally {
    clearTimeout(timer);
    output.stop();
    await instance.close();
    await server.stop();
  }
}

/** Prints what is appended to a file, as it comes. */
function follow(file) {
  writeFileSync(file, '');
  let printed = 0;
  const print = () => {
    const text = readFileSync(file);
    process.stdout.write(text.subarray(printed));
    printed = text.length;
  };
  const timer = setInterval(print, 200);
  return {
    stop: () => {
      clearInterval(timer);
      print();
    },
  };
}

/** The same tests in Visual Studio Code, which is downloaded once. */
export async function runInDesktopEditor({ folder, data, environment }) {
  const { runTests } = await import('@vscode/test-electron');
  const output = follow(environment.BACKFLOW_TEST_OUTPUT);
  return runTests({
    cachePath: join(root, '.vscode-test'),
    extensionDevelopmentPath: root,
    extensionTestsPath: tests,
    extensionTestsEnv: environment,
    launchArgs: [folder, ...ownProfile(data)],
  }).finally(() => output.stop());
}
