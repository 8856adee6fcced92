import { randomUUID } from 'node:crypto';

/** Characters of a piece: with what stands around it, below what one hint may hold. */
const PIECE = 6_000;
/** Messages of which pieces are missing that are kept at the same time. */
const MAX_PARTIAL = 256;

/** A message on its way to the other processes. */
export interface CarriedMessage {
  /** The process it comes from. */
  readonly node: string;
  readonly tenant: string;
  readonly text: string;
}

/** Cuts a message into hints: `id:index:count:piece`, the pieces in base64, so that their length is what it seems. */
export function cutMessage(message: CarriedMessage): string[] {
  const packed = Buffer.from(JSON.stringify([message.node, message.tenant, message.text])).toString('base64');
  const count = Math.max(1, Math.ceil(packed.length / PIECE));
  const id = randomUUID();
  return Array.from({ length: count }, (_, index) => `${id}:${index}:${count}:${packed.slice(index * PIECE, (index + 1) * PIECE)}`);
}

/** Puts messages together again. Pieces of one come in their order, or some are lost with the connection; then it is never whole. */
export class MessageAssembly {
  private readonly partial = new Map<string, string[]>();

  /** The message that this hint makes whole; null when there is none. */
  add(hint: string): CarriedMessage | null {
    const [, id, index, count, piece] = /^([\w-]+):(\d+):(\d+):(.*)$/s.exec(hint) ?? [];
    if (id === undefined || piece === undefined) return null;
    const pieces = this.partial.get(id) ?? [];
    if (Number(index) !== pieces.length) {
      this.partial.delete(id);
      return null;
    }
    pieces.push(piece);
    if (pieces.length < Number(count)) {
      this.keep(id, pieces);
      return null;
    }
    this.partial.delete(id);
    return unpacked(pieces.join(''));
  }

  private keep(id: string, pieces: string[]): void {
    const [oldest] = this.partial.keys();
    if (!this.partial.has(id) && this.partial.size >= MAX_PARTIAL && oldest !== undefined) this.partial.delete(oldest);
    this.partial.set(id, pieces);
  }
}

/** Null when somebody else wrote it. */
function unpacked(packed: string): CarriedMessage | null {
  try {
    const [node, tenant, text] = JSON.parse(Buffer.from(packed, 'base64').toString('utf8')) as unknown[];
    return typeof node === 'string' && typeof tenant === 'string' && typeof text === 'string' ? { node, tenant, text } : null;
  } catch {
    return null;
  }
}
