import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { ADVISORY_LOCK } from '../../platform/database/index.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { generateKey, hashKey, shownPrefix, weaknessOf } from './api-key-secret.js';
import { KeyAuthenticator } from './key-authenticator.js';
import { DEFAULT_TENANT } from './tenant.js';

/** Makes sure that somebody can get in. */
@Injectable()
export class BootstrapService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    private readonly authenticator: KeyAuthenticator,
  ) {}

  /**
   * Creates an admin key when the tenant `default` has none that works, and returns it: show it once, it is stored nowhere. With
   * HEDDLE_BOOTSTRAP_ADMIN_KEY set, that key is made to exist instead and null is returned; one that was revoked stays so. Of
   * several nodes that start at once, one creates the key and the others see it.
   */
  async ensureAdminKey(): Promise<string | null> {
    const { bootstrapAdminKey: chosen } = this.config.auth;
    const weakness = chosen === undefined ? null : weaknessOf(chosen);
    if (weakness !== null) throw new Error(`HEDDLE_BOOTSTRAP_ADMIN_KEY ${weakness}`);
    const created = await this.database.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK.bootstrapKey.toString()]);
      if (chosen !== undefined) {
        await insertAdminKey(manager, chosen);
        return null;
      }
      if (await hasAdminKey(manager)) return null;
      const generated = generateKey();
      await insertAdminKey(manager, generated);
      return generated;
    });
    this.authenticator.forget();
    return created;
  }
}

async function hasAdminKey(manager: EntityManager): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    `SELECT 1 FROM api_keys
     WHERE tenant_id = $1 AND role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
       AND (scopes IS NULL OR 'keys.manage' = ANY (scopes))
     LIMIT 1`,
    [DEFAULT_TENANT],
  );
  return rows.length > 0;
}

async function insertAdminKey(manager: EntityManager, key: string): Promise<void> {
  await manager
    .createQueryBuilder()
    .insert()
    .into(ApiKeyEntity)
    .values({ id: uuidv7(), tenantId: DEFAULT_TENANT, name: 'bootstrap', role: 'admin', prefix: shownPrefix(key), keyHash: hashKey(key) })
    .orIgnore()
    .execute();
}
