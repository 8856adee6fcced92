import { closeSync, existsSync, fdatasyncSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';

/** Data directories of another major version cannot be opened. */
const POSTGRES_MAJOR = '18';

/**
 * PGlite's own flags without `-F`, and with the sync method whose system call reaches the file system: a commit is
 * acknowledged after its log is on the disk, so it survives a power cut too (about 0.4 ms each on a local SSD).
 */
const START_PARAMS = [...PGlite.defaultStartParams.filter((flag) => flag !== '-F'), '-c', 'wal_sync_method=fsync'];

interface NodeStream {
  readonly nfd?: number;
}
interface NodeFileSystem {
  stream_ops: { fsync?: (stream: NodeStream) => number };
}

/** Opens the database in `dir`, creating it at first. Only one process may do so: see DataDirLock. */
export async function openPglite(dir: string): Promise<PGlite> {
  if (existsSync(join(dir, 'PG_VERSION'))) refuseOtherMajor(dir);
  else await create(dir);
  return open(dir);
}

function refuseOtherMajor(dir: string): void {
  const major = readFileSync(join(dir, 'PG_VERSION'), 'utf8').trim();
  if (major === POSTGRES_MAJOR) return;
  throw new Error(`${dir} holds a Postgres ${major} database; this version of Heddle opens Postgres ${POSTGRES_MAJOR}`);
}

/** A crash while the files are laid out must not leave a half database behind: it gets its name when it is complete. */
async function create(dir: string): Promise<void> {
  const draft = `${dir}.new`;
  rmSync(draft, { recursive: true, force: true });
  await (await open(draft)).close();
  syncTree(draft);
  rmSync(dir, { recursive: true, force: true });
  renameSync(draft, dir);
  syncPath(dirname(dir));
}

async function open(dir: string): Promise<PGlite> {
  const database = await PGlite.create({ dataDir: dir, extensions: { vector }, startParams: START_PARAMS, relaxedDurability: false });
  syncForReal(database);
  return database;
}

/** Emscripten's NODEFS has no fsync, so Postgres' calls would succeed without effect. */
function syncForReal(database: PGlite): void {
  const { NODEFS } = (database.Module.FS as unknown as { filesystems: { NODEFS: NodeFileSystem } }).filesystems;
  NODEFS.stream_ops.fsync = (stream) => {
    if (stream.nfd !== undefined) fdatasyncSync(stream.nfd);
    return 0;
  };
}

function syncTree(dir: string): void {
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) syncPath(join(entry.parentPath, entry.name));
  syncPath(dir);
}

function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
