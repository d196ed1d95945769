/** The Code server and the browser that `scripts/test.mjs` prepared; their places come in the environment. */

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: run these tests with "npm test editor".`);
  return value;
}

export interface CodeServer {
  /** With its access token. */
  readonly address: string;
  /** Absolute path of the project. */
  readonly project: string;
  /** Whether the project's extension is loaded from its folder, in development mode, or a package of it is installed. */
  readonly extension: 'development' | 'installed';
  /** Absolute path of the browser. */
  readonly chromium: string;
  readonly chromiumFlags: readonly string[];
  /** Absolute path of a folder for pictures. */
  readonly screenshots: string;
}

export function codeServer(): CodeServer {
  return {
    address: given('BACKFLOW_CODE_SERVER'),
    extension: 'development',
    ...project(),
  };
}

/** The one in which the package is installed. */
export function installedCodeServer(release: 'newest' | 'lowest'): CodeServer {
  return { address: given(`BACKFLOW_CODE_SERVER_${release.toUpperCase()}`), extension: 'installed', ...project() };
}

/** The one that asks whether a folder is trusted and shows its notifications; it has the extensions in `test/editor/virtual` and `resting` too. */
export function defaultCodeServer(): CodeServer {
  return { address: given('BACKFLOW_CODE_SERVER_DEFAULT'), extension: 'installed', ...project() };
}

/** Everything that server's editor remembers, the extension's own storage among it. */
export function defaultServerData(): string {
  return given('BACKFLOW_DEFAULT_DATA');
}

function project() {
  return {
    project: given('BACKFLOW_PROJECT'),
    chromium: given('BACKFLOW_CHROMIUM'),
    chromiumFlags: given('BACKFLOW_CHROMIUM_FLAGS').split(' '),
    screenshots: given('BACKFLOW_SCREENSHOTS'),
  };
}

/** The address of a window on a folder. */
export function windowAddress(server: CodeServer, folder: string): string {
  const url = new URL(server.address);
  url.searchParams.set('folder', folder);
  const development =
    server.extension === 'installed'
      ? []
      : [['extensionDevelopmentPath', `vscode-remote://${url.host}${server.project}`]];
  const payload = [...development, ['skipWelcome', 'true']];
  url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}
