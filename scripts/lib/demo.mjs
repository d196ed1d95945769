// An editor with the extension in development mode, the sample corpora open, and a small LSTM training on one of them.
import { existsSync, mkdirSync, readdirSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { installCodeServer, startCodeServer } from './codeServer.mjs';
import { canDownloadEditor, downloadEditor, findDesktopEditor, hasDisplay, ownProfile } from './desktop.mjs';
import { readOptions } from './options.mjs';
import { makeWindowPlain } from './plainWindow.mjs';
import { start as startProgram, stop, untilInterrupted, withoutNpm } from './processes.mjs';
import { buildProject, installDependencies } from './project.mjs';
import { SetupError, main, say } from './say.mjs';
import { cacheFolder, root } from './stamps.mjs';

const usage = `npm start -- [--editor desktop|server] [--port N] [--smoke]

  --editor desktop   Visual Studio Code on this screen, installed or downloaded
  --editor server    Code in a browser; without --editor, where the desktop one cannot be had
  --port N           port of the server; 0 (the default) takes a free one
  --folder DIR       where the demo's folder and what its editor remembers are kept; .vscode-test unless given
  --smoke            end as soon as the editor answers`;

/** What a demo consists of, in a folder: the samples, what the editor remembers, and the files of scripts/demo/extension.js. */
function placesIn(folder) {
  const data = join(folder, 'start');
  const [demo, invitation, run] = [join(folder, 'demo'), join(data, 'train-once'), join(data, 'run')];
  const environment = {
    BACKFLOW_DEMO_FOLDER: demo,
    BACKFLOW_DEMO_INVITATION: invitation,
    BACKFLOW_DEMO_RUN: run,
    // The folder lies in the project's clone, and the editor would ask whether to open that as the demo's Git repository. Git looks no further up
    // than this, which holds whatever settings a demo folder has.
    GIT_CEILING_DIRECTORIES: [folder, process.env.GIT_CEILING_DIRECTORIES].filter(Boolean).join(delimiter),
  };
  return { data, demo, invitation, run, environment };
}

const demoExtension = join(root, 'scripts/demo');

export function start(args) {
  return main(async () => {
    const options = parse(args);
    if (options === null) return 0;
    return untilInterrupted(() => openDemo(options), { code: 0 });
  });
}

function parse(args) {
  const options = {
    editor: { type: 'string' },
    port: { type: 'string', default: '0' },
    folder: { type: 'string', default: cacheFolder },
    smoke: { type: 'boolean' },
  };
  const values = readOptions({ command: 'npm start', usage, options, args });
  if (values === null) return null;
  if (values.editor !== undefined && !['desktop', 'server'].includes(values.editor)) {
    throw new SetupError(`--editor is "desktop" or "server", not "${values.editor}".`);
  }
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65535)
    throw new SetupError(`--port is a number from 0 to 65535, not "${values.port}".`);
  return { editor: values.editor, port, places: placesIn(resolve(values.folder)), smoke: values.smoke === true };
}

async function openDemo({ editor, port, places, smoke }) {
  await installDependencies();
  await buildProject();
  makeDemoFolder(places.demo);
  mkdirSync(places.data, { recursive: true });
  rmSync(places.run, { force: true });
  writeFileSync(places.invitation, '');
  const program = await chooseDesktopEditor(editor);
  return program === null ? openServer(port, places, smoke) : openDesktop(program, places, smoke);
}

/** The desktop editor's program, or null for the Code server. */
async function chooseDesktopEditor(asked) {
  if (asked === 'server') return null;
  if (!hasDisplay()) {
    if (asked === 'desktop')
      throw new SetupError(
        'There is no display here (DISPLAY and WAYLAND_DISPLAY are empty). Start without --editor for the editor in a browser.',
      );
    return null;
  }
  const installed = findDesktopEditor();
  if (installed !== undefined) return installed;
  if (await canDownloadEditor()) return downloadEditor();
  if (asked === 'desktop') {
    throw new SetupError(
      'Visual Studio Code is not on PATH (in it: "Shell Command: Install \'code\' command in PATH"), and its update server cannot be reached. Start without --editor for the editor in a browser.',
    );
  }
  return null;
}

/** The samples. What a person changed there stays. */
function makeDemoFolder(demoFolder) {
  const samples = join(root, 'media/samples');
  mkdirSync(demoFolder, { recursive: true });
  const missing = readdirSync(samples).filter((name) => !existsSync(join(demoFolder, name)));
  for (const name of missing) copyFileSync(join(samples, name), join(demoFolder, name));
  makeWindowPlain(demoFolder);
  say('demo folder', missing.length > 0 ? `made (${demoFolder})` : 'up to date');
}

async function openServer(port, { data, demo, environment }, smoke) {
  await installCodeServer();
  // Linked rather than "in development", where this editor would keep every notification to itself.
  const server = await startCodeServer({ port, data, extensions: [root, demoExtension], environment });
  const address = server.address({ folder: demo });
  if (smoke) {
    const status = await visit(address);
    say('smoke', `the editor answered ${status}`);
    return status === 200 ? 0 : 1;
  }
  process.stdout.write(`\nOpen this address in a browser; Ctrl-C here ends the editor:\n\n    ${address}\n\n`);
  throw new SetupError(`The Code server ended by itself (exit code ${await server.exited}).`);
}

/** Asks for the page as a browser does: the first answer hands out the token as a cookie and sends on. */
async function visit(address) {
  const first = await fetch(address, { redirect: 'manual' });
  const onward = first.headers.get('location');
  if (onward === null) return first.status;
  const cookie = first.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  return (await fetch(new URL(onward, address), { headers: { cookie } })).status;
}

async function openDesktop(program, { data, demo, invitation, environment }, smoke) {
  const development = [root, demoExtension].map((path) => `--extensionDevelopmentPath=${path}`);
  const env = { ...withoutNpm(process.env), ...environment };
  const child = startProgram(program, [...development, ...ownProfile(data), '--new-window', demo], {
    stdio: 'ignore',
    env,
  });
  const closed = new Promise((resolve, reject) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', (error) => reject(new SetupError(`${program} could not be started: ${error.message}`)));
  });
  if (smoke) {
    // The demo takes the invitation away once the extensions are loaded.
    for (let i = 0; i < 240 && existsSync(invitation); i++) await wait(250);
    await stop(child);
    say(
      'smoke',
      existsSync(invitation)
        ? 'the editor did not load the extension within a minute'
        : 'the editor loaded the extension',
    );
    return existsSync(invitation) ? 1 : 0;
  }
  process.stdout.write('\nVisual Studio Code is open with Backflow training on tale.txt; Ctrl-C here closes it.\n');
  return closed;
}
