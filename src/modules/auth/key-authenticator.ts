import { hash } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { Notifier, PostgresListener } from '../../platform/database/index.js';
import { type Authenticated, Authenticator } from '../../platform/http/authenticator.js';
import { type Principal, ROLE_PERMISSIONS } from '../../platform/http/permissions.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { grantedPermissions } from './granted-permissions.js';
import { type CachedKey, KeyCache } from './key-cache.js';
import { KeyUsage } from './key-usage.js';
import { DEFAULT_TENANT } from './tenant.js';

const CHANNEL = 'heddle_api_keys';
const MAX_TOKEN_LENGTH = 256;

/**
 * Who a bearer token is, by the hash of the token. A key seen within the last seconds costs no query; a changed key is forgotten
 * at once here and, by a hint, on the other nodes (without the hint, within the cache's few seconds).
 */
@Injectable()
export class KeyAuthenticator extends Authenticator implements OnApplicationBootstrap {
  readonly anonymous: Principal | undefined;
  private readonly cache = new KeyCache();
  private readonly lookups = new Map<string, Promise<Authenticated>>();

  constructor(
    @InjectRepository(ApiKeyEntity) private readonly keys: Repository<ApiKeyEntity>,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    private readonly usage: KeyUsage,
    private readonly listener: PostgresListener,
    private readonly notifier: Notifier,
  ) {
    super();
    this.anonymous = anonymousPrincipal(config);
  }

  onApplicationBootstrap(): void {
    this.listener.listen(
      CHANNEL,
      () => this.cache.clear(),
      () => this.cache.clear(),
    );
  }

  authenticate(token: string): Authenticated | Promise<Authenticated> {
    if (token.length > MAX_TOKEN_LENGTH) return null;
    const keyHash = hash('sha256', token, 'hex');
    const known = this.cache.get(keyHash, Date.now());
    if (known === undefined) return this.lookUp(keyHash);
    if (known !== null) this.touch(known);
    return known;
  }

  /** Call after every change of a key, once it is committed. */
  forget(): void {
    this.cache.clear();
    this.notifier.hint(CHANNEL, 'changed');
  }

  /** One query for all requests that wait for the same key. */
  private lookUp(keyHash: string): Promise<Authenticated> {
    const waiting = this.lookups.get(keyHash);
    if (waiting !== undefined) return waiting;
    const lookup = this.load(keyHash).finally(() => this.lookups.delete(keyHash));
    this.lookups.set(keyHash, lookup);
    return lookup;
  }

  private async load(keyHash: string): Promise<Authenticated> {
    const { generation } = this.cache;
    const key = await this.keys.findOneBy({ keyHash: Buffer.from(keyHash, 'hex'), revokedAt: IsNull() });
    const found = key === null ? null : this.toCached(key);
    if (generation === this.cache.generation) this.cache.put(keyHash, found);
    if (found === null || found.expiresAt <= Date.now()) return null;
    this.touch(found.principal);
    return found.principal;
  }

  private toCached(key: ApiKeyEntity): CachedKey {
    const principal: Principal = Object.freeze({
      keyId: key.id,
      keyName: key.name,
      tenant: key.tenantId,
      role: key.role,
      permissions: grantedPermissions(key.role, key.scopes),
      rateLimit: key.rateLimit ?? this.config.rateLimitPerMinute,
    });
    return { principal, expiresAt: key.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY };
  }

  private touch(principal: Principal): void {
    if (principal.keyId !== null) this.usage.touch(principal.keyId);
  }
}

function anonymousPrincipal(config: HeddleConfig): Principal | undefined {
  const { anonymousRole } = config.auth;
  if (anonymousRole === undefined) return undefined;
  return Object.freeze({
    keyId: null,
    keyName: 'anonymous',
    tenant: DEFAULT_TENANT,
    role: anonymousRole,
    permissions: new Set(ROLE_PERMISSIONS[anonymousRole]),
    rateLimit: config.rateLimitPerMinute,
  });
}
