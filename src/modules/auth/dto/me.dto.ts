import { ApiProperty } from '@nestjs/swagger';
import type { RateStanding } from '../../../platform/http/edge-request.js';
import { PERMISSIONS, type Permission, type Principal, type Role, ROLES } from '../../../platform/http/permissions.js';

export class RateLimitDto {
  @ApiProperty({ type: 'integer', description: 'Requests per minute', example: 6000 })
  limit: number;

  @ApiProperty({ type: 'integer', example: 5999 })
  remaining: number;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'When the count starts anew', example: '2030-01-01T12:01:00.000Z' })
  reset_at: string;
}

export class MeDto {
  @ApiProperty({
    type: 'string',
    format: 'uuid',
    nullable: true,
    description: 'The key; null for requests without one',
    example: '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c',
  })
  key_id: string | null;

  @ApiProperty({ example: 'nightly import' })
  name: string;

  @ApiProperty({ example: 'default' })
  tenant: string;

  @ApiProperty({ enum: ROLES, example: 'operator' })
  role: Role;

  @ApiProperty({ enum: PERMISSIONS, isArray: true, example: ['runs.read', 'runs.create'] })
  permissions: Permission[];

  @ApiProperty({ type: RateLimitDto })
  rate_limit: RateLimitDto;

  @ApiProperty({ description: 'Whether the request came without a key', example: false })
  anonymous: boolean;
}

export function toMeDto(principal: Principal, rate: RateStanding): MeDto {
  return {
    key_id: principal.keyId,
    name: principal.keyName,
    tenant: principal.tenant,
    role: principal.role,
    permissions: PERMISSIONS.filter((permission) => principal.permissions.has(permission)),
    rate_limit: { limit: rate.limit, remaining: rate.remaining, reset_at: new Date(rate.resetAt * 1000).toISOString() },
    anonymous: principal.keyId === null,
  };
}
