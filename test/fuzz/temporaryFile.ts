/** A file for readers that open it themselves, overwritten by the next; removed when the process ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'backflow-fuzz-'));
process.once('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});

export function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
