/** The Code server and the browser that `scripts/test.mjs` made ready; their places come in the environment. */

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: run these tests with "npm test editor".`);
  return value;
}

export interface CodeServer {
  /** With its access token. */
  readonly address: string;
  /** Absolute path of the project, whose extension is loaded in development mode. */
  readonly project: string;
  /** Absolute path of the browser. */
  readonly chromium: string;
  readonly chromiumFlags: readonly string[];
  /** Absolute path of a folder for pictures. */
  readonly screenshots: string;
}

export function codeServer(): CodeServer {
  return {
    address: given('BACKFLOW_CODE_SERVER'),
    project: given('BACKFLOW_PROJECT'),
    chromium: given('BACKFLOW_CHROMIUM'),
    chromiumFlags: given('BACKFLOW_CHROMIUM_FLAGS').split(' '),
    screenshots: given('BACKFLOW_SCREENSHOTS'),
  };
}

/** The address of a window on a folder, with the project's extension in development. */
export function windowAddress(server: CodeServer, folder: string): string {
  const url = new URL(server.address);
  url.searchParams.set('folder', folder);
  const payload = [['extensionDevelopmentPath', `vscode-remote://${url.host}${server.project}`], ['skipWelcome', 'true']];
  url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}
