import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { Permission, Role } from '../../platform/http/permissions.js';

/** An API key; of its secret only the hash. Revoked keys stay as rows, for the record. */
@Entity({ name: 'api_keys' })
@Unique('api_keys_key_hash_key', ['keyHash'])
@Index('api_keys_tenant_id_id_idx', ['tenantId', 'id'])
@Check('api_keys_role_check', `role IN ('viewer', 'operator', 'admin')`)
@Check('api_keys_rate_limit_check', 'rate_limit > 0')
export class ApiKeyEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'api_keys_pkey' })
  id: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  role: Role;

  /** Null: everything the role grants. */
  @Column({ type: 'text', array: true, nullable: true })
  scopes: Permission[] | null;

  @Column({ type: 'text' })
  prefix: string;

  @Column({ name: 'key_hash', type: 'bytea' })
  keyHash: Buffer;

  /** Requests per minute; null: the server's default. */
  @Column({ name: 'rate_limit', type: 'integer', nullable: true })
  rateLimit: number | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3, nullable: true })
  expiresAt: Date | null;

  @Column({ name: 'revoked_at', type: 'timestamptz', precision: 3, nullable: true })
  revokedAt: Date | null;

  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3, nullable: true })
  lastUsedAt: Date | null;
}
