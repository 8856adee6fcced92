import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, LessThan, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { UnprocessableError } from '../../platform/errors/app-error.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { type Page, pageOf, type PageQueryDto } from '../../platform/http/page.js';
import { type Principal, ROLE_PERMISSIONS } from '../../platform/http/permissions.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { generateKey, hashKey, shownPrefix } from './api-key-secret.js';
import { foreignTenant, grantsTooMuch, keyNotFound, lastAdminKey, rateTooHigh } from './auth.errors.js';
import { type ApiKeyDto, type CreateApiKeyDto, toApiKeyDto } from './dto/api-key.dto.js';
import { grantedPermissions, permissionsBeyond } from './granted-permissions.js';
import { KeyAuthenticator } from './key-authenticator.js';
import { DEFAULT_TENANT } from './tenant.js';

/** A key together with its secret, which exists nowhere else. */
export interface IssuedKey {
  readonly entity: ApiKeyEntity;
  readonly secret: string;
}

/** Issues, lists, rotates and revokes the keys of the caller's tenant. */
@Injectable()
export class ApiKeysService {
  constructor(
    @InjectRepository(ApiKeyEntity) private readonly keys: Repository<ApiKeyEntity>,
    private readonly authenticator: KeyAuthenticator,
  ) {}

  async create(principal: Principal, input: CreateApiKeyDto, reservedId?: string): Promise<IssuedKey> {
    const tenant = input.tenant ?? principal.tenant;
    const scopes = input.scopes ?? null;
    checkScopes(input);
    const expiresAt = parseExpiry(input.expires_at ?? null);
    if (tenant !== principal.tenant && principal.tenant !== DEFAULT_TENANT) throw foreignTenant();
    const beyond = permissionsBeyond(principal, input.role, scopes);
    if (beyond.length > 0) throw grantsTooMuch(beyond);
    const rateLimit = input.rate_limit ?? null;
    if (principal.tenant !== DEFAULT_TENANT && rateLimit !== null && rateLimit > principal.rateLimit)
      throw rateTooHigh(principal.rateLimit);

    const secret = generateKey();
    const entity = this.keys.create({
      id: reservedId ?? uuidv7(),
      tenantId: tenant,
      name: input.name,
      role: input.role,
      scopes,
      prefix: shownPrefix(secret),
      keyHash: hashKey(secret),
      rateLimit,
      createdAt: new Date(),
      expiresAt,
      revokedAt: null,
      lastUsedAt: null,
    });
    // A reserved id that is taken was created by a request that died before anybody saw the secret: it gets a new one.
    await this.keys.upsert(entity, ['id']);
    this.authenticator.forget();
    return { entity, secret };
  }

  async list(principal: Principal, query: PageQueryDto): Promise<Page<ApiKeyDto>> {
    const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor, isUuid);
    const rows = await this.keys.find({
      where: { tenantId: principal.tenant, revokedAt: IsNull(), ...(before === undefined ? {} : { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take: query.limit + 1,
    });
    return pageOf(rows, query.limit, toApiKeyDto, (row) => encodeCursor(row.id));
  }

  async get(principal: Principal, id: string): Promise<ApiKeyEntity> {
    const key = await this.keys.findOneBy({ id, tenantId: principal.tenant, revokedAt: IsNull() });
    if (key === null) throw keyNotFound();
    return key;
  }

  /** A new secret for the same key; the old one is refused from now on. */
  async rotate(principal: Principal, id: string): Promise<IssuedKey> {
    const key = await this.get(principal, id);
    const beyond = permissionsBeyond(principal, key.role, key.scopes);
    if (beyond.length > 0) throw grantsTooMuch(beyond);
    const secret = generateKey();
    const replaced = { keyHash: hashKey(secret), prefix: shownPrefix(secret) };
    const { affected } = await this.keys.update({ id, tenantId: principal.tenant, revokedAt: IsNull() }, replaced);
    if (affected === 0) throw keyNotFound();
    this.authenticator.forget();
    return { entity: { ...key, ...replaced }, secret };
  }

  /** Ends a key, unless its tenant would be left without anyone who can manage keys. */
  async revoke(principal: Principal, id: string): Promise<void> {
    await this.keys.manager.transaction(async (manager) => {
      const keys = manager.getRepository(ApiKeyEntity);
      const key = await keys.findOneBy({ id, tenantId: principal.tenant, revokedAt: IsNull() });
      if (key === null) throw keyNotFound();
      if (canManageKeys(key)) {
        // Locked in one order: of two admins who revoke each other at once, the second sees the first's work.
        const admins = await keys.find({
          where: { tenantId: principal.tenant, role: 'admin', revokedAt: IsNull() },
          order: { id: 'ASC' },
          lock: { mode: 'pessimistic_write' },
        });
        if (!admins.some((other) => other.id !== id && canManageKeys(other))) throw lastAdminKey();
      }
      await keys.update({ id }, { revokedAt: new Date() });
    });
    this.authenticator.forget();
  }
}

function canManageKeys(key: ApiKeyEntity): boolean {
  const living = key.expiresAt === null || key.expiresAt.getTime() > Date.now();
  return living && grantedPermissions(key.role, key.scopes).has('keys.manage');
}

function checkScopes(input: CreateApiKeyDto): void {
  const byRole = ROLE_PERMISSIONS[input.role];
  const faults = (input.scopes ?? []).flatMap((scope, index) =>
    byRole.includes(scope) ? [] : [{ path: `/scopes/${index}`, code: 'not_granted', message: `is not granted by the role ${input.role}` }],
  );
  if (faults.length > 0) throw new UnprocessableError('scopes narrow a role and cannot widen it', faults);
}

function parseExpiry(text: string | null): Date | null {
  if (text === null) return null;
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || at.getTime() <= Date.now()) {
    throw new UnprocessableError('the body is not valid', [
      { path: '/expires_at', code: 'range', message: 'must be a time in the future' },
    ]);
  }
  return at;
}
