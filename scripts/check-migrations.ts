import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSource } from 'typeorm';
import { typeormTarget } from '../src/platform/database/data-source.js';
import { withFreshDatabase } from './support.js';

/** The entities of all modules, found by their file names in the build this script is part of. */
async function loadEntities(): Promise<(new () => unknown)[]> {
  const src = join(import.meta.dirname, '..', 'src');
  const entities: (new () => unknown)[] = [];
  for await (const file of glob('**/*.entity.js', { cwd: src })) {
    const exported = (await import(pathToFileURL(join(src, file)).href)) as Record<string, new () => unknown>;
    entities.push(...Object.values(exported).filter((value) => typeof value === 'function'));
  }
  return entities;
}

const entities = await loadEntities();
const changes = await withFreshDatabase(async (database) => {
  const dataSource = new DataSource({ ...typeormTarget(database.target, { poolSize: 1, applicationName: 'check migrations' }), entities });
  await dataSource.initialize();
  try {
    return (await dataSource.driver.createSchemaBuilder().log()).upQueries.map((query) => query.query);
  } finally {
    await dataSource.destroy();
  }
});
if (changes.length > 0) {
  process.stderr.write(
    `The migrations do not make what the entities say. TypeORM would run:\n${changes.map((change) => `  ${change}\n`).join('')}`,
  );
  process.exitCode = 1;
} else process.stdout.write(`migrations and ${entities.length} entities agree\n`);
