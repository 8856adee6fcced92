/** The few parts of the Postgres wire protocol (version 3) that the embedded server speaks itself. */

/** Frontend message types, by their first byte. */
export const MESSAGE = {
  parse: 0x50,
  bind: 0x42,
  describe: 0x44,
  close: 0x43,
  sync: 0x53,
  flush: 0x48,
  query: 0x51,
  functionCall: 0x46,
  terminate: 0x58,
} as const;

const STARTUP = { cancel: 80_877_102, ssl: 80_877_103, gss: 80_877_104 } as const;
export type StartupKind = 'start' | 'cancel' | 'encryption';

/** Larger than anything Postgres accepts as one datum. */
const MAX_MESSAGE_BYTES = 1 << 30;

/** What the backend says after a batch: `I` idle, `T` in a transaction, `E` in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

export function startupKind(packet: Buffer): StartupKind {
  switch (packet.readInt32BE(4)) {
    case STARTUP.cancel:
      return 'cancel';
    case STARTUP.ssl:
    case STARTUP.gss:
      return 'encryption';
    default:
      return 'start';
  }
}

/** Cuts the bytes of one connection into messages, each complete with its header. */
export class Framer {
  private chunks: Buffer[] = [];
  private buffered = 0;
  private needed = 5;
  private started = false;

  /** The startup packet has no type byte; after it every message has one. */
  startupDone(): void {
    this.started = true;
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
  }

  /** The next complete message, or null until more bytes arrive. Throws on a length that cannot be. */
  next(): Buffer | null {
    const lengthAt = this.started ? 1 : 0;
    const headerBytes = lengthAt + 4;
    if (this.buffered < Math.max(headerBytes, this.needed)) return null;
    const head = this.join();
    const length = head.readInt32BE(lengthAt);
    if (length < 4 || length > MAX_MESSAGE_BYTES) throw new Error(`a message of ${length} bytes`);
    const total = lengthAt + length;
    // A message of many megabytes arrives in hundreds of chunks: they are joined once, when all are here.
    this.needed = total;
    if (head.length < total) return null;
    this.needed = headerBytes;
    this.chunks = head.length > total ? [head.subarray(total)] : [];
    this.buffered = head.length - total;
    return head.subarray(0, total);
  }

  private join(): Buffer {
    const [first] = this.chunks;
    const joined = this.chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.chunks, this.buffered);
    this.chunks = [joined];
    return joined;
  }
}

function message(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function cstring(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** What a client is told when it connects. */
export function greeting(connection: number, serverVersion: string): Buffer {
  const parameters = {
    server_version: serverVersion,
    server_encoding: 'UTF8',
    client_encoding: 'UTF8',
    DateStyle: 'ISO, MDY',
    TimeZone: 'UTC',
    integer_datetimes: 'on',
    standard_conforming_strings: 'on',
  };
  return Buffer.concat([
    message('R', int32(0)),
    ...Object.entries(parameters).map(([name, value]) => message('S', cstring(name), cstring(value))),
    message('K', int32(connection), int32(0)),
    message('Z', Buffer.from('I')),
  ]);
}

export function fatalError(sqlstate: string, text: string): Buffer {
  return message('E', cstring('SFATAL'), cstring('VFATAL'), cstring(`C${sqlstate}`), cstring(`M${text}`), Buffer.from([0]));
}

export const SYNC = message('S');

export function query(sql: string): Buffer {
  return message('Q', cstring(sql));
}

export function closeStatement(name: string): Buffer {
  return message('C', Buffer.from('S'), cstring(name));
}

/** The status in the ReadyForQuery that ends an answer, or null when the answer does not end with one. */
export function finalStatus(answer: Buffer): TransactionStatus | null {
  const at = answer.length - 6;
  if (at < 0 || answer[at] !== 0x5a || answer.readInt32BE(at + 1) !== 5) return null;
  const status = String.fromCharCode(answer[at + 5] ?? 0);
  return status === 'I' || status === 'T' || status === 'E' ? status : null;
}

/** Puts `rename(name)` in the place of the prepared statement a message names. The unnamed statement keeps its name. */
export function renameStatement(original: Buffer, rename: (name: string) => string): Buffer {
  const at = statementNameOffset(original);
  if (at === null) return original;
  const end = original.indexOf(0, at);
  if (end === at) return original;
  const renamed = Buffer.concat([
    original.subarray(0, at),
    Buffer.from(rename(original.toString('utf8', at, end))),
    original.subarray(end),
  ]);
  renamed.writeInt32BE(renamed.length - 1, 1);
  return renamed;
}

function statementNameOffset(original: Buffer): number | null {
  switch (original[0]) {
    case MESSAGE.parse:
      return 5;
    case MESSAGE.bind:
      return original.indexOf(0, 5) + 1;
    case MESSAGE.describe:
    case MESSAGE.close:
      return original[5] === 0x53 ? 6 : null;
    default:
      return null;
  }
}
