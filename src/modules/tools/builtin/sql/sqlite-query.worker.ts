import { constants, DatabaseSync } from 'node:sqlite';

/** What the process is asked, as its first message. */
interface Question {
  readonly path: string;
  readonly query: string;
  readonly params: (string | number | null)[];
  readonly maxRows: number;
}

const HEAP_LIMIT_BYTES = 128 * 1024 * 1024;
const ALLOWED: ReadonlySet<number> = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
]);

process.once('message', (question: Question) => {
  try {
    process.send?.(answerTo(question), () => process.disconnect());
  } catch (error) {
    process.send?.({ fault: error instanceof Error ? error.message : String(error) }, () => process.disconnect());
  }
});

/** The file is opened for reading only, and statements that do anything but read are not even prepared. */
function answerTo({ path, query, params, maxRows }: Question): object {
  const database = new DatabaseSync(path, { readOnly: true, allowExtension: false });
  database.exec(`PRAGMA hard_heap_limit = ${HEAP_LIMIT_BYTES}`);
  database.setAuthorizer((action: number) => (ALLOWED.has(action) ? constants.SQLITE_OK : constants.SQLITE_DENY));
  const statement = database.prepare(query);
  statement.setReadBigInts(true);
  const columns = statement.columns().map(({ name }) => name);
  const rows: unknown[][] = [];
  for (const row of statement.iterate(...params)) {
    rows.push(columns.map((name) => plain((row as Record<string, unknown>)[name])));
    if (rows.length > maxRows) break;
  }
  return { columns, rows: rows.slice(0, maxRows), truncated: rows.length > maxRows };
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}
