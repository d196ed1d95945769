/** The bytes of a pickle, one after the other. */
import { UserError } from '../../userError';

export class ByteReader {
  /** Byte offset of what is read next. */
  at: number;
  private readonly view: DataView;
  private readonly text = new TextDecoder('utf-8');

  /** @param file for the sentences */
  constructor(
    private readonly bytes: Uint8Array,
    readonly file: string,
    start = 0,
  ) {
    this.at = start;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A view, not a copy. Throws a UserError where fewer are left. */
  take(length: number): Uint8Array {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.advance(4), true);
  }

  /** A length or count of eight bytes; what no machine could hold is as good as a file that ends too early. */
  u64(): number {
    return Number(this.view.getBigUint64(this.advance(8), true));
  }

  /** Of Python, which writes this one number with its highest byte first. */
  f64(): number {
    return this.view.getFloat64(this.advance(8), false);
  }

  utf8(length: number): string {
    return this.text.decode(this.take(length));
  }

  /** A whole number of so many bytes, lowest first, in two's complement. */
  integer(length: number): number | bigint {
    const bytes = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** What stands before the next line end, which is passed over. */
  line(): string {
    return this.text.decode(this.lineBytes());
  }

  /** The same, a byte a character. */
  latin1Line(): string {
    // What the web calls by this name decodes other characters from 0x80 to 0x9f.
    let line = '';
    for (const byte of this.lineBytes()) line += String.fromCharCode(byte);
    return line;
  }

  private lineBytes(): Uint8Array {
    const end = this.bytes.indexOf(0x0a, this.at);
    const line = this.take((end < 0 ? this.bytes.length + 1 : end) - this.at);
    this.at++;
    return line;
  }

  private advance(length: number): number {
    const start = this.at;
    if (length > this.bytes.length - start) throw new UserError('error.pickle.cutShort', this.file, start);
    this.at += length;
    return start;
  }
}
