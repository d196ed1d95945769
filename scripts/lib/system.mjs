// Parts that come from the operating system, not from npm: named when they are missing, installed on Debian as root.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './processes.mjs';
import { SetupError, say } from './say.mjs';

/** Full path of a program on PATH, or undefined. */
export function onPath(program) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, program + ending);
      if (folder !== '' && existsSync(path)) return path;
    }
  }
  return undefined;
}

/** The first is Chromium without what only a person needs of it: an editor's window opens in two thirds of the time there. */
const chromiumNames = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'microsoft-edge',
];
const chromiumPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** Full path of a browser of the Chromium kind, or undefined. BACKFLOW_CHROMIUM names one. */
export function findChromium() {
  const named = process.env.BACKFLOW_CHROMIUM;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new SetupError(`BACKFLOW_CHROMIUM names ${named}, which does not exist.`);
    return named;
  }
  return (
    chromiumNames.map(onPath).find((path) => path !== undefined) ?? chromiumPlaces.find((path) => existsSync(path))
  );
}

/** Nothing but the page: no graphics card, no sandbox (which needs rights a container lacks), no calls to anywhere. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function hasKoreanFont() {
  // The systems people draw on have one; a bare server often has not.
  if (process.platform !== 'linux') return true;
  try {
    return execFileSync('fc-list', [':lang=ko', 'family'], { encoding: 'utf8' }).trim() !== '';
  } catch {
    return false;
  }
}

/** Whether the system's own Python has PyTorch, and can make virtual environments. */
function hasTorch() {
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import ensurepip, torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What can be missing: how it is detected, and the Debian packages that bring it. */
const parts = {
  compiler: { words: 'a C++ compiler', present: () => ['c++', 'g++', 'clang++'].some(onPath), debian: ['g++'] },
  make: { words: 'make', present: () => onPath('make'), debian: ['make'] },
  python: { words: 'Python 3', present: () => onPath('python3'), debian: ['python3'] },
  chromium: { words: 'Chromium', present: findChromium, debian: ['chromium-headless-shell'] },
  torch: { words: 'PyTorch', present: hasTorch, debian: ['python3-torch', 'python3-venv'] },
  koreanFont: { words: 'a font with Korean', present: hasKoreanFont, debian: ['fontconfig', 'fonts-noto-cjk'] },
};

/** Names of the parts a task needs. */
export const toBuildNativeModules = ['compiler', 'make', 'python'];
export const toTest = ['chromium', 'koreanFont'];

function installCommand(missing) {
  const debian = missing.flatMap((name) => parts[name].debian).join(' ');
  if (onPath('apt-get')) return `apt-get update && apt-get install -y --no-install-recommends ${debian}`;
  if (process.platform === 'darwin') {
    const tools = missing.some((name) => toBuildNativeModules.includes(name)) ? ['xcode-select --install'] : [];
    return [...tools, ...(missing.includes('chromium') ? ['brew install --cask chromium'] : [])].join(' && ');
  }
  return `(with your system's package manager: what Debian calls ${debian})`;
}

/** Makes sure that the parts with these names are there. */
export async function ensureSystemParts(names) {
  const missing = names.filter((name) => !parts[name].present());
  if (missing.length === 0) {
    say('system', `${names.map((name) => parts[name].words).join(', ')}: there`);
    return;
  }
  const words = missing.map((name) => parts[name].words).join(', ');
  const command = installCommand(missing);
  if (!onPath('apt-get') || process.getuid?.() !== 0) {
    const asRoot = onPath('apt-get') ? ' as root' : '';
    throw new SetupError(`This machine lacks ${words}. Install${asRoot} with:\n\n    ${command}\n\nand start again.`);
  }
  say('system', `installing ${words} …`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const packages = missing.flatMap((name) => parts[name].debian);
  await run('apt-get', ['update', '-qq'], options);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
  const still = missing.filter((name) => !parts[name].present());
  if (still.length > 0)
    throw new SetupError(
      `${command}\nran, and still there is no ${still.map((name) => parts[name].words).join(', no ')}.`,
    );
}
