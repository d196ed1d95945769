/**
 * Reads a pickle of any of Python's protocols (0 to 5) into data, and executes nothing: see values.ts. Source of the instructions: Python's `pickletools`.
 * Memory is bound by the file's size: every instruction is at least a byte, and each adds one small object at most.
 */
import { UserError } from '../../userError';
import { ByteReader } from './byteReader';
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleReference,
  PickleTuple,
  type PickleValue,
} from './values';

/** Against programs that go on for ever: files of a million tensors have some twenty million. */
const maxInstructions = 50_000_000;
/** Bytes of a whole number; Python's own hashes and seeds have eight. */
const maxIntegerBytes = 1024;

export interface Unpickled {
  readonly value: PickleValue;
  /** All there are, in their order. */
  readonly references: readonly PickleReference[];
  /** Byte offset behind the pickle: others may follow. */
  readonly end: number;
}

/** @param file for the sentences  @param start byte offset of the pickle  Throws a UserError for what is no pickle, ends too early, or refers to what only a running program has. */
export function unpickle(bytes: Uint8Array, file: string, start = 0): Unpickled {
  return new Machine(new ByteReader(bytes, file, start)).run();
}

const mark = Symbol('mark');
type Slot = PickleValue | typeof mark;

class Machine {
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private readonly references: PickleReference[] = [];

  constructor(private readonly reader: ByteReader) {}

  run(): Unpickled {
    for (let i = 0; i < maxInstructions; i++) {
      const at = this.reader.at;
      const code = this.reader.u8();
      if (code === stop) return { value: this.pop(), references: this.references, end: this.reader.at };
      const step = instructions.get(code);
      if (!step) throw new UserError('error.pickle.unknownInstruction', this.reader.file, code, at);
      step(this, this.reader);
    }
    throw new UserError('error.pickle.tooLong', this.reader.file, maxInstructions);
  }

  push(value: Slot): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined || value === mark) throw this.broken();
    return value;
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  drop(): void {
    if (this.stack.pop() === undefined) throw this.broken();
  }

  /** What was pushed since the last mark, which goes with it. */
  popToMark(): PickleValue[] {
    const start = this.stack.lastIndexOf(mark);
    if (start < 0) throw this.broken();
    const values = this.stack.splice(start).slice(1);
    // None of them is a mark: that was the last.
    return values as PickleValue[];
  }

  put(index: number): void {
    this.memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.broken();
    this.push(value);
  }

  integer(length: number): void {
    if (length > maxIntegerBytes) throw this.broken();
    this.push(length === 0 ? 0 : this.reader.integer(length));
  }

  refer(id: PickleValue): void {
    const reference = new PickleReference(id);
    this.references.push(reference);
    this.push(reference);
  }

  append(values: readonly PickleValue[]): void {
    const list = this.top();
    if (!(list instanceof PickleList || list instanceof PickleObject)) throw this.broken();
    for (const value of values) list.items.push(value);
  }

  setItems(keysAndValues: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof PickleDict || dict instanceof PickleObject) || keysAndValues.length % 2 !== 0)
      throw this.broken();
    for (let i = 0; i < keysAndValues.length; i += 2) dict.entries.push([keysAndValues[i], keysAndValues[i + 1]]);
  }

  /** What calling it would make; nothing is called. */
  make(args: PickleValue, made: PickleValue): void {
    if (!(args instanceof PickleTuple)) throw this.broken();
    this.push(new PickleObject(classOf(made), args));
  }

  /** Attributes of the object below: of what is kept as plain data they are left out. */
  build(): void {
    const state = this.pop();
    const object = this.top();
    if (object instanceof PickleObject) object.state = state;
  }

  number(text: string, value: number): void {
    if (text.trim() === '' || Number.isNaN(value) !== /^[+-]?nan$/i.test(text.trim())) throw this.broken();
    this.push(value);
  }

  broken(): UserError {
    return new UserError('error.pickle.broken', this.reader.file, this.reader.at);
  }
}

/**
 * The class or function that is called. One that lies outside is named there, as the classes of modules are that `torch.save` wrote in its older form; of what is
 * itself the result of a call nothing is known but that it is there.
 */
function classOf(made: PickleValue): PickleGlobal {
  if (made instanceof PickleGlobal) return made;
  const within = made instanceof PickleReference && made.id instanceof PickleTuple ? made.id.items : [];
  return within.find((item) => item instanceof PickleGlobal) ?? new PickleGlobal('', '');
}

type Instruction = (machine: Machine, reader: ByteReader) => void;

const stop = 0x2e;

const constant =
  (value: PickleValue): Instruction =>
  (machine) =>
    machine.push(value);

const instructions: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  // How the rest is written: nothing that data depends on.
  [0x80, (_, reader) => void reader.u8()], // PROTO
  [0x95, (_, reader) => void reader.u64()], // FRAME
  // The stack.
  [0x28, (machine) => machine.push(mark)],
  [0x30, (machine) => machine.drop()], // POP
  [0x31, (machine) => void machine.popToMark()], // POP_MARK
  [0x32, (machine) => machine.push(machine.top())], // DUP
  // Constants and numbers.
  [0x4e, constant(null)],
  [0x88, constant(true)],
  [0x89, constant(false)],
  [0x49, (machine, reader) => integerOfLine(machine, reader.line())], // INT
  [0x4c, (machine, reader) => integerOfLine(machine, reader.line().replace(/L$/, ''))], // LONG
  [0x4a, (machine, reader) => machine.push(reader.i32())], // BININT
  [0x4b, (machine, reader) => machine.push(reader.u8())], // BININT1
  [0x4d, (machine, reader) => machine.push(reader.u16())], // BININT2
  [0x8a, (machine, reader) => machine.integer(reader.u8())], // LONG1
  [0x8b, (machine, reader) => machine.integer(reader.u32())], // LONG4
  [0x46, (machine, reader) => floatOfLine(machine, reader.line())], // FLOAT
  [0x47, (machine, reader) => machine.push(reader.f64())], // BINFLOAT
  // Texts and bytes.
  [0x53, (machine, reader) => machine.push(unquoted(machine, reader.line()))], // STRING
  [0x54, (machine, reader) => machine.push(reader.utf8(reader.u32()))], // BINSTRING
  [0x55, (machine, reader) => machine.push(reader.utf8(reader.u8()))], // SHORT_BINSTRING
  [0x56, (machine, reader) => machine.push(unescaped(reader.latin1Line()))], // UNICODE
  [0x58, (machine, reader) => machine.push(reader.utf8(reader.u32()))], // BINUNICODE
  [0x8c, (machine, reader) => machine.push(reader.utf8(reader.u8()))], // SHORT_BINUNICODE
  [0x8d, (machine, reader) => machine.push(reader.utf8(reader.u64()))], // BINUNICODE8
  [0x42, (machine, reader) => machine.push(reader.take(reader.u32()))], // BINBYTES
  [0x43, (machine, reader) => machine.push(reader.take(reader.u8()))], // SHORT_BINBYTES
  [0x8e, (machine, reader) => machine.push(reader.take(reader.u64()))], // BINBYTES8
  [0x96, (machine, reader) => machine.push(reader.take(reader.u64()))], // BYTEARRAY8
  // Lists, tuples, dicts, sets.
  [0x5d, (machine) => machine.push(new PickleList())], // EMPTY_LIST
  [0x61, (machine) => appendOne(machine)], // APPEND
  [0x65, (machine) => machine.append(machine.popToMark())], // APPENDS
  [0x6c, (machine) => machine.push(new PickleList(machine.popToMark()))], // LIST
  [0x29, (machine) => machine.push(new PickleTuple([]))], // EMPTY_TUPLE
  [0x74, (machine) => machine.push(new PickleTuple(machine.popToMark()))], // TUPLE
  [0x85, (machine) => tuple(machine, 1)],
  [0x86, (machine) => tuple(machine, 2)],
  [0x87, (machine) => tuple(machine, 3)],
  [0x7d, (machine) => machine.push(new PickleDict())], // EMPTY_DICT
  [0x64, (machine) => dictOf(machine, machine.popToMark())], // DICT
  [0x73, (machine) => setItem(machine)], // SETITEM
  [0x75, (machine) => machine.setItems(machine.popToMark())], // SETITEMS
  [0x8f, (machine) => machine.push(new PickleList([], true))], // EMPTY_SET
  [0x90, (machine) => machine.append(machine.popToMark())], // ADDITEMS
  [0x91, (machine) => machine.push(new PickleList(machine.popToMark(), true))], // FROZENSET
  // The memo: what was there before.
  [0x67, (machine, reader) => machine.get(indexOf(machine, reader.line()))], // GET
  [0x68, (machine, reader) => machine.get(reader.u8())], // BINGET
  [0x6a, (machine, reader) => machine.get(reader.u32())], // LONG_BINGET
  [0x70, (machine, reader) => machine.put(indexOf(machine, reader.line()))], // PUT
  [0x71, (machine, reader) => machine.put(reader.u8())], // BINPUT
  [0x72, (machine, reader) => machine.put(reader.u32())], // LONG_BINPUT
  [0x94, (machine) => machine.memoize()],
  // Classes and functions, and what would be made with them.
  [0x63, (machine, reader) => machine.push(new PickleGlobal(reader.line(), reader.line()))], // GLOBAL
  [0x93, (machine) => stackGlobal(machine)],
  [0x52, (machine) => machine.make(machine.pop(), machine.pop())], // REDUCE
  [0x81, (machine) => machine.make(machine.pop(), machine.pop())], // NEWOBJ
  [0x92, (machine) => newWithKeywords(machine)], // NEWOBJ_EX
  [0x69, (machine, reader) => instance(machine, new PickleGlobal(reader.line(), reader.line()), machine.popToMark())], // INST
  [0x6f, (machine) => object(machine)], // OBJ
  [0x62, (machine) => machine.build()],
  // What lies outside.
  [0x50, (machine, reader) => machine.refer(reader.line())], // PERSID
  [0x51, (machine) => machine.refer(machine.pop())], // BINPERSID
]);

function integerOfLine(machine: Machine, text: string): void {
  // Protocol 0 has no other way to write truth values.
  if (text === '00' || text === '01') {
    machine.push(text === '01');
    return;
  }
  if (!/^[+-]?\d{1,2500}$/.test(text.trim())) throw machine.broken();
  const value = Number(text);
  machine.push(Number.isSafeInteger(value) ? value : BigInt(text.trim().replace(/^\+/, '')));
}

function floatOfLine(machine: Machine, text: string): void {
  const plain = text.trim().replace(/inf$/i, 'Infinity');
  machine.number(text, /nan$/i.test(plain) ? NaN : Number(plain));
}

function indexOf(machine: Machine, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw machine.broken();
  return Number(text);
}

/** As Python's `repr` writes a string of Python 2. */
function unquoted(machine: Machine, text: string): string {
  const match = /^(['"])(.*)\1$/s.exec(text);
  if (!match) throw machine.broken();
  const plain: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
  return match[2].replace(/\\(x[0-9a-f]{2}|.)/gi, (_, escape: string) =>
    escape.length === 3 ? String.fromCharCode(parseInt(escape.slice(1), 16)) : (plain[escape] ?? escape),
  );
}

/** `raw-unicode-escape`: only the escapes by number mean something. */
function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|U([0-9a-f]{8}))/gi, (whole, short?: string, long?: string) => {
    const point = parseInt(short ?? long ?? '', 16);
    return point > 0x10ffff ? whole : String.fromCodePoint(point);
  });
}

function appendOne(machine: Machine): void {
  const value = machine.pop();
  machine.append([value]);
}

function setItem(machine: Machine): void {
  const value = machine.pop();
  const key = machine.pop();
  machine.setItems([key, value]);
}

function tuple(machine: Machine, length: number): void {
  const items = Array.from({ length }, () => machine.pop());
  machine.push(new PickleTuple(items.reverse()));
}

function dictOf(machine: Machine, keysAndValues: readonly PickleValue[]): void {
  machine.push(new PickleDict());
  machine.setItems(keysAndValues);
}

function stackGlobal(machine: Machine): void {
  const name = machine.pop();
  const module = machine.pop();
  if (typeof name !== 'string' || typeof module !== 'string') throw machine.broken();
  machine.push(new PickleGlobal(module, name));
}

/** The keywords are left out. */
function newWithKeywords(machine: Machine): void {
  machine.pop();
  machine.make(machine.pop(), machine.pop());
}

function instance(machine: Machine, made: PickleGlobal, args: readonly PickleValue[]): void {
  machine.push(new PickleObject(made, new PickleTuple(args)));
}

function object(machine: Machine): void {
  const [made, ...args] = machine.popToMark();
  if (!(made instanceof PickleGlobal)) throw machine.broken();
  instance(machine, made, args);
}
