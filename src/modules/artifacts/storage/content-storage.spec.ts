import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../config/index.js';
import { typeormTarget } from '../../../platform/database/data-source.js';
import { Database } from '../../../platform/database/index.js';
import { createLogger } from '../../../platform/logging/index.js';
import { createDataDir } from '../../../../test/support/embedded-data.js';
import { S3Server } from '../testing/s3-server.js';
import { contentStorageContract } from './content-storage.contract.js';
import type { ContentStorage } from './content-storage.js';
import { DirectoryContentStorage } from './directory-content-storage.js';
import { PostgresContentStorage } from './postgres-content-storage.js';
import { S3ContentStorage } from './s3-content-storage.js';

const nothing = async (): Promise<void> => {};

describe('in Postgres', () => {
  let dataDir: string;
  let database: Database;
  let dataSource: DataSource;

  beforeAll(async () => {
    dataDir = await createDataDir();
    const config = loadConfig({ HEDDLE_DATA_DIR: dataDir, HEDDLE_LOG_LEVEL: 'error' });
    database = await Database.open(config, createLogger(config));
    dataSource = await new DataSource(typeormTarget(database.target, { poolSize: 2, applicationName: 'test' })).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  contentStorageContract(
    () => new PostgresContentStorage(dataSource),
    async (id) =>
      void (await dataSource.query(`INSERT INTO artifact_contents (id, tenant_id, storage) VALUES ($1, 'default', 'postgres')`, [id])),
  );

  it('takes nothing for a content that is not noted, or is forgotten', async () => {
    const body = new Blob(['x']).stream() as AsyncIterable<Uint8Array>;
    const written = new PostgresContentStorage(dataSource).write({
      id: uuidv7(),
      tenant: 'default',
      body,
      signal: new AbortController().signal,
    });
    await expect(written).rejects.toMatchObject({ code: '23503' });
  });
});

describe('in a directory', () => {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-contents-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  contentStorageContract(() => new DirectoryContentStorage(join(directory, 'made-on-demand')), nothing);

  it('shows nothing under its name before it is complete', async () => {
    const root = join(directory, 'other');
    const seen: string[] = [];
    const files = (): string[] =>
      readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name);
    const id = uuidv7();
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      seen.push(...files());
    };
    await new DirectoryContentStorage(root).write({ id, tenant: 'default', body: body(), signal: new AbortController().signal });
    expect(seen).toEqual([`${id}.part`]);
    expect(files()).toEqual([id]);
  });
});

describe('in S3', () => {
  let server: S3Server;
  const storage = (): ContentStorage => new S3ContentStorage(server.config);

  beforeAll(async () => {
    server = await S3Server.start();
  });
  afterAll(() => server.close());

  contentStorageContract(() => storage(), nothing);

  it('joins parts, under the prefix, and leaves no upload behind', async () => {
    const id = uuidv7();
    const block = Buffer.alloc(7 * 1024 * 1024, 1);
    const body = async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 3; i += 1) yield block;
    };
    await storage().write({ id, tenant: 'default', body: body(), signal: new AbortController().signal });
    expect(server.objects.get(`heddle/a/${id}`)?.length).toBe(3 * block.length);
    expect(server.uploads.size).toBe(0);
  });

  it('ends uploads that were left open by a process that died', async () => {
    const id = uuidv7();
    server.uploads.set('left-open', { key: `heddle/a/${id}`, parts: new Map() });
    server.uploads.set('of-another', { key: `heddle/a/${uuidv7()}`, parts: new Map() });
    await storage().delete(id);
    expect([...server.uploads.keys()]).toEqual(['of-another']);
  });

  it('tries again while the storage is busy, and not when it refuses', async () => {
    const write = (to: ContentStorage): Promise<void> =>
      to.write({
        id: uuidv7(),
        tenant: 'default',
        body: new Blob(['x']).stream() as AsyncIterable<Uint8Array>,
        signal: new AbortController().signal,
      });
    server.failing = 2;
    await write(storage());
    expect(server.failing).toBe(0);
    const before = server.requests.length;
    await expect(write(new S3ContentStorage({ ...server.config, secretAccessKey: 'wrong' }))).rejects.toMatchObject({
      name: 'S3Error',
      status: 403,
    });
    expect(server.requests.length).toBe(before + 1);
  });
});
