import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page.js';
import type { Artifact } from '../artifact.js';

export class ArtifactDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  run_id!: string;

  @ApiProperty({ type: 'string', nullable: true, description: 'The step that left it; null for the outputs of the run', example: 'build' })
  step!: string | null;

  @ApiProperty({
    enum: ['file', 'output'],
    description: '`output`: the JSON of an output too large for the journal; lists show files only',
  })
  kind!: Artifact['kind'];

  @ApiProperty({ example: 'report/summary.pdf' })
  name!: string;

  @ApiProperty({ example: 'application/pdf' })
  media_type!: string;

  @ApiProperty({ type: 'integer', format: 'int64', description: 'Bytes', example: 48_213 })
  size!: number;

  @ApiProperty({ description: 'Of the content, in lower-case hex; also its ETag', pattern: '^[0-9a-f]{64}$' })
  sha256!: string;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;
}

export class ListRunArtifactsQueryDto extends PageQueryDto {}

export class ListArtifactsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'Only artifacts of this run' })
  @IsUUID()
  @IsOptional()
  run_id?: string;

  @ApiPropertyOptional({ description: 'Only artifacts of this step', example: 'build' })
  @IsString()
  @MaxLength(1024)
  @IsOptional()
  step?: string;
}

export function toArtifact(artifact: Artifact): ArtifactDto {
  return {
    id: artifact.id,
    run_id: artifact.runId,
    step: artifact.step === '' ? null : artifact.step,
    kind: artifact.kind,
    name: artifact.name,
    media_type: artifact.mediaType,
    size: artifact.size,
    sha256: artifact.sha256,
    created_at: artifact.createdAt.toISOString(),
  };
}
