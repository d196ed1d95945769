/** What the editor calls inside its extension host: runs the test files beside this one with mocha. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

/** This file runs from out/test/editor/host. */
const project = join(__dirname, '../../../..');

export async function run(): Promise<void> {
  const grep = process.env['BACKFLOW_TEST_GREP'];
  const mocha = new Mocha({
    reporter: join(project, 'scripts/lib/reporter.cjs'),
    timeout: Number(process.env['BACKFLOW_TEST_TIMEOUT']),
    color: process.env['BACKFLOW_TEST_COLOR'] === '1',
    forbidOnly: true,
    forbidPending: true,
    ...(grep === undefined || grep === '' ? {} : { fgrep: grep }),
  });
  const files = readdirSync(__dirname).filter((name) => name.endsWith('.test.js'));
  for (const name of files.sort()) mocha.addFile(join(__dirname, name));
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} failed`);
}
