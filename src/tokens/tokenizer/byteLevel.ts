/** The bytes of UTF-8 as printable characters, as GPT-2 writes them: https://github.com/openai/gpt-2/blob/master/src/encoder.py */

const characters = byteCharacters();
const bytes = new Map(characters.map((character, byte) => [character, byte]));
const encoder = new TextEncoder();

function byteCharacters(): string[] {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others++));
}

/** A character's bytes, each as its character. */
export function bytesWritten(character: string): string {
  const codePoint = character.charCodeAt(0);
  if (codePoint < 0x80) return characters[codePoint];
  return Array.from(encoder.encode(character), (byte) => characters[byte]).join('');
}

/** The bytes that a text of such characters stands for; null where another character is among them. */
export function bytesRead(text: string): number[] | null {
  const read: number[] = [];
  for (const character of text) {
    const byte = bytes.get(character);
    if (byte === undefined) return null;
    read.push(byte);
  }
  return read;
}
