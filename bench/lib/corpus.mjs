// A megabyte of real English: the King James Bible from Debian's packages, fetched when it is needed and never committed.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { onPath } from '../../scripts/lib/system.mjs';
import { run } from '../../scripts/lib/processes.mjs';
import { SetupError } from '../../scripts/lib/say.mjs';
import { cacheFolder } from '../../scripts/lib/stamps.mjs';

const length = 1_000_000;
const maxBytes = 16 * 2 ** 20;

/** The path of a text file of a million characters, one verse a line, without the verses' numbers. */
export async function englishText() {
  const folder = join(cacheFolder, 'english');
  const file = join(folder, 'bible.txt');
  if (existsSync(file)) return file;
  if (!onPath('apt-get') || !onPath('dpkg-deb')) {
    throw new SetupError(
      'The text comes from the Debian packages bible-kjv and bible-kjv-text, and this system has no apt-get. Name a UTF-8 text of about 1 MB with --text.',
    );
  }
  mkdirSync(folder, { recursive: true });
  // Unpacked here, not installed: that needs no rights and changes nothing of the system.
  await run('apt-get', ['download', '-q', 'bible-kjv', 'bible-kjv-text'], { cwd: folder });
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.deb')))
    await run('dpkg-deb', ['-x', name, 'unpacked'], { cwd: folder });
  const verses = execFileSync(
    join(folder, 'unpacked/usr/bin/bible'),
    ['-p', join(folder, 'unpacked/usr/lib'), '-f', 'Gen1:1-Rev22:21'],
    { encoding: 'utf8', maxBuffer: maxBytes },
  );
  writeFileSync(file, verses.replaceAll(/^\w+:\d+ /gm, '').slice(0, length));
  return file;
}
