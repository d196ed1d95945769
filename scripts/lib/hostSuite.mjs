// Runs tests inside a real extension host: that of the Code server, driven by a browser, or that of a downloaded desktop editor.
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { chromiumFlags } from './system.mjs';
import { ownProfile } from './desktop.mjs';
import { root } from './stamps.mjs';

/** The bundle whose `run()` the editor calls. */
const tests = join(root, 'out/test/editor/host/index.js');

/**
 * @param {{ browser: string, folder: string, data: string, environment: Record<string, string>, deadline: number }} options
 * `folder` is opened as the workspace; `environment` is added to the extension host's; `deadline` in milliseconds.
 * @returns {Promise<number>} the tests' exit code
 */
export async function runInCodeServer({ browser, folder, data, environment, deadline }) {
  const { chromium } = await import('playwright-core');
  const server = await startCodeServer({ data, environment, patience: 10 });
  const instance = await chromium.launch({ executablePath: browser, args: chromiumFlags });
  let timer;
  try {
    const page = await instance.newPage({ viewport: { width: 1440, height: 900 } });
    const outcome = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`The tests in the extension host did not end within ${deadline / 60_000} minutes.`)), deadline);
      void page.exposeFunction('codeAutomationLog', (type, args) => {
        process.stdout.write(`${args.map(String).join(' ')}\n`);
      });
      void page.exposeFunction('codeAutomationExit', (code) => resolve(code));
    });
    const at = (path) => `vscode-remote://${server.host}${path}`;
    const payload = [['extensionDevelopmentPath', at(root)], ['extensionTestsPath', at(tests)], ['skipWelcome', 'true']];
    await page.goto(server.address({ folder, payload: JSON.stringify(payload) }));
    return await outcome;
  } finally {
    clearTimeout(timer);
    await instance.close();
    await server.stop();
  }
}

/** The same tests in Visual Studio Code, which is downloaded once. */
export async function runInDesktopEditor({ folder, data, environment }) {
  const { runTests } = await import('@vscode/test-electron');
  return runTests({
    cachePath: join(root, '.vscode-test'),
    extensionDevelopmentPath: root,
    extensionTestsPath: tests,
    extensionTestsEnv: environment,
    launchArgs: [folder, ...ownProfile(data)],
  });
}
