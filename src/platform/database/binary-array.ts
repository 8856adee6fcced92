/**
 * Postgres' binary array format (`array_recv`), so that the journal's bulk parameters need neither escaping on our side
 * nor parsing on the server's. `pg` sends a Buffer parameter as binary; the statement must cast it to the array type.
 */

const HEADER_BYTES = 20;
/** Milliseconds from the Unix epoch to 2000-01-01, where Postgres counts from. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

const OID = { bool: 16, bytea: 17, int2: 21, int4: 23, text: 25, json: 114, float8: 701, timestamptz: 1184, uuid: 2950 } as const;

function header(buffer: Buffer, oid: number, length: number, hasNull: boolean): number {
  if (length === 0) {
    buffer.writeInt32BE(0, 0);
    buffer.writeInt32BE(0, 4);
    buffer.writeUInt32BE(oid, 8);
    return 12;
  }
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNull ? 1 : 0, 4);
  buffer.writeUInt32BE(oid, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  return HEADER_BYTES;
}

function fixed<T>(
  oid: number,
  size: number,
  values: readonly (T | null)[],
  write: (buffer: Buffer, value: T, offset: number) => void,
): Buffer {
  if (values.length === 0) {
    const empty = Buffer.allocUnsafe(12);
    header(empty, oid, 0, false);
    return empty;
  }
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + values.length * (4 + size));
  let offset = HEADER_BYTES;
  let hasNull = false;
  for (const value of values) {
    if (value === null) {
      hasNull = true;
      offset = buffer.writeInt32BE(-1, offset);
    } else {
      offset = buffer.writeInt32BE(size, offset);
      write(buffer, value, offset);
      offset += size;
    }
  }
  header(buffer, oid, values.length, hasNull);
  return buffer.subarray(0, offset);
}

function writeTimestamp(buffer: Buffer, epochMs: number, offset: number): void {
  const micros = (epochMs - POSTGRES_EPOCH_MS) * 1000;
  buffer.writeInt32BE(Math.floor(micros / 0x1_0000_0000), offset);
  buffer.writeUInt32BE(((micros % 0x1_0000_0000) + 0x1_0000_0000) % 0x1_0000_0000, offset + 4);
}

function writeUuid(buffer: Buffer, uuid: string, offset: number): void {
  buffer.write(uuid.replaceAll('-', ''), offset, 16, 'hex');
}

function strings(oid: number, values: readonly (string | null)[]): Buffer {
  if (values.length === 0) return fixed(oid, 0, [], () => undefined);
  let size = HEADER_BYTES;
  const lengths = new Array<number>(values.length);
  let hasNull = false;
  values.forEach((value, index) => {
    const length = value === null ? -1 : Buffer.byteLength(value);
    lengths[index] = length;
    size += 4 + Math.max(0, length);
    hasNull ||= value === null;
  });
  const buffer = Buffer.allocUnsafe(size);
  let offset = header(buffer, oid, values.length, hasNull);
  values.forEach((value, index) => {
    offset = buffer.writeInt32BE(lengths[index] as number, offset);
    if (value !== null) offset += buffer.write(value, offset, 'utf8');
  });
  return buffer;
}

/** Encoders of array parameters; `null` elements are SQL nulls. */
export const binaryArray = {
  uuid: (values: readonly (string | null)[]): Buffer => fixed(OID.uuid, 16, values, writeUuid),
  int2: (values: readonly (number | null)[]): Buffer =>
    fixed(OID.int2, 2, values, (buffer, value, offset) => void buffer.writeInt16BE(value, offset)),
  int4: (values: readonly (number | null)[]): Buffer =>
    fixed(OID.int4, 4, values, (buffer, value, offset) => void buffer.writeInt32BE(value, offset)),
  bool: (values: readonly (boolean | null)[]): Buffer =>
    fixed(OID.bool, 1, values, (buffer, value, offset) => void buffer.writeUInt8(value ? 1 : 0, offset)),
  float8: (values: readonly (number | null)[]): Buffer =>
    fixed(OID.float8, 8, values, (buffer, value, offset) => void buffer.writeDoubleBE(value, offset)),
  /** Epoch milliseconds. */
  timestamptz: (values: readonly (number | null)[]): Buffer => fixed(OID.timestamptz, 8, values, writeTimestamp),
  text: (values: readonly (string | null)[]): Buffer => strings(OID.text, values),
  /** Serialised JSON documents. */
  json: (values: readonly (string | null)[]): Buffer => strings(OID.json, values),
  /** 32-byte digests. */
  digest: (values: readonly Buffer[]): Buffer => fixed(OID.bytea, 32, values, (buffer, value, offset) => void value.copy(buffer, offset)),
};
