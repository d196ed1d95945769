/** docs/settings.md says what package.json says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('docs/settings.md', () => {
  it('is what "npm run settings" writes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'backflow-settings-'));
    try {
      const written = join(folder, 'settings.md');
      execFileSync(process.execPath, [join(process.cwd(), 'scripts/settingsDoc.mjs'), written]);
      assert.equal(readFileSync('docs/settings.md', 'utf8'), readFileSync(written, 'utf8'), 'Run "npm run settings".');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
