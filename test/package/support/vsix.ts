/** What a package holds: the central directory of a zip file. */
import { readFileSync } from 'node:fs';

export interface PackedFile {
  readonly path: string;
  /** Bytes, unpacked. */
  readonly size: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/** The files of a VSIX, in their order (PKWARE's APPNOTE, 4.3.12 and 4.3.16). */
export function filesOf(path: string): PackedFile[] {
  const bytes = readFileSync(path);
  let end = bytes.length - 22;
  while (bytes.readUInt32LE(end) !== endSignature) end--;
  const count = bytes.readUInt16LE(end + 10);
  const files: PackedFile[] = [];
  for (let at = bytes.readUInt32LE(end + 16); files.length < count;) {
    if (bytes.readUInt32LE(at) !== entrySignature) throw new Error(`${path} has a broken directory.`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    files.push({ path: bytes.toString('utf8', at + 46, at + 46 + nameLength), size: bytes.readUInt32LE(at + 24) });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}
