import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsRFC3339,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { PERMISSIONS, type Permission, type Role, ROLES } from '../../../platform/http/permissions.js';
import type { ApiKeyEntity } from '../api-key.entity.js';
import { TENANT_NAME } from '../tenant.js';

const MAX_RATE_LIMIT = 100_000_000;

export class CreateApiKeyDto {
  @ApiProperty({ description: 'What the key is for', minLength: 1, maxLength: 200, example: 'nightly import' })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  @Matches(/^[^\p{Cc}]*$/u, { message: 'name must not hold control characters' })
  name: string;

  @ApiProperty({ enum: ROLES, example: 'operator' })
  @IsIn(ROLES)
  role: Role;

  @ApiPropertyOptional({ description: 'Whose key it is; by default the tenant of its maker', pattern: TENANT_NAME.source, example: 'acme' })
  @Matches(TENANT_NAME, { message: 'tenant must be lower-case letters, digits, _ and -, at most 63' })
  @IsString()
  @IsOptional()
  tenant?: string;

  @ApiPropertyOptional({
    description: 'Narrows the role to these permissions',
    enum: PERMISSIONS,
    isArray: true,
    example: ['runs.read', 'runs.create'],
  })
  @IsIn(PERMISSIONS, { each: true })
  @ArrayUnique()
  @ArrayNotEmpty()
  @ArrayMaxSize(PERMISSIONS.length)
  @IsArray()
  @IsOptional()
  scopes?: Permission[];

  @ApiPropertyOptional({
    type: 'string',
    format: 'date-time',
    description: 'When it stops working; by default never',
    example: '2031-01-01T00:00:00Z',
  })
  @IsRFC3339()
  @IsString()
  @IsOptional()
  expires_at?: string;

  @ApiPropertyOptional({
    type: 'integer',
    description: "Requests per minute; by default the server's limit",
    minimum: 1,
    maximum: MAX_RATE_LIMIT,
    example: 600,
  })
  @Max(MAX_RATE_LIMIT)
  @Min(1)
  @IsInt()
  @IsOptional()
  rate_limit?: number;
}

export class ApiKeyDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c' })
  id: string;

  @ApiProperty({ example: 'nightly import' })
  name: string;

  @ApiProperty({ enum: ROLES, example: 'operator' })
  role: Role;

  @ApiProperty({ example: 'default' })
  tenant: string;

  @ApiProperty({ enum: PERMISSIONS, isArray: true, nullable: true, description: 'Null: everything the role grants', example: null })
  scopes: Permission[] | null;

  @ApiProperty({ description: 'How the key begins', example: 'hdl_Zk3vQw' })
  prefix: string;

  @ApiProperty({ type: 'integer', nullable: true, description: "Requests per minute; null: the server's limit", example: null })
  rate_limit: number | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2030-01-01T12:00:00.000Z' })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  expires_at: string | null;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'Exact to the minute',
    example: '2030-01-01T12:34:56.000Z',
  })
  last_used_at: string | null;
}

export class IssuedApiKeyDto extends ApiKeyDto {
  @ApiProperty({ description: 'The key itself. It is shown here only.', example: 'hdl_Zk3vQwX1y2z3A4b5C6d7E8f9G0h1I2j3K4l5M6n7O8p' })
  key: string;
}

export function toApiKeyDto(entity: ApiKeyEntity): ApiKeyDto {
  return {
    id: entity.id,
    name: entity.name,
    role: entity.role,
    tenant: entity.tenantId,
    scopes: entity.scopes,
    prefix: entity.prefix,
    rate_limit: entity.rateLimit,
    created_at: entity.createdAt.toISOString(),
    expires_at: entity.expiresAt?.toISOString() ?? null,
    last_used_at: entity.lastUsedAt?.toISOString() ?? null,
  };
}
