import { Controller, Get, Header, HttpCode, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiProduces, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { SystemService } from '../../../modules/system/index.js';
import { WorkflowFilesService } from '../../../modules/workflows/index.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { SECURITY_PROFILE, SOURCE_TYPE } from './job-views.js';
import { exposition } from './metrics.js';
import { ROOT_STORAGE } from './schemas.js';

@ApiTags('Root: system')
@Controller('compat/flwd')
export class RootSystemController {
  constructor(
    private readonly system: SystemService,
    private readonly files: WorkflowFilesService,
  ) {}

  @Get('healthz')
  @HttpCode(204)
  @Endpoint({ access: 'public', operationId: 'rootHealth', summary: 'Whether the server answers' })
  @ApiNoContentResponse({ description: 'It does' })
  getHealth(): void {}

  @Get('health/storage')
  @Endpoint({ access: 'system.read', operationId: 'rootStorageHealth', summary: 'The database: whether it answers, and how large it is' })
  @ApiOkResponse({ schema: ROOT_STORAGE })
  @ApiServiceUnavailableResponse({ schema: ROOT_STORAGE })
  async getStorage(@CurrentPrincipal() { tenant }: Principal, @Res({ passthrough: true }) response: Response): Promise<object> {
    const { status, storage } = await this.system.status(tenant);
    const ok = status === 'ok';
    if (!ok) response.status(503);
    return {
      driver: 'postgres',
      ok,
      bytes_used: storage.database_bytes,
      max_bytes: 0,
      journal_bytes: storage.journal_bytes,
      journal_max_bytes: 0,
      eviction_active: false,
      schema_version: storage.schema_version,
    };
  }

  @Get('metrics')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @Endpoint({ access: 'public', operationId: 'rootMetrics', summary: 'Metrics for Prometheus' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  getMetrics(): string {
    const { version, uptime_seconds: uptime } = this.system.info();
    const sources = this.files.states().length;
    return exposition([
      { name: 'flwd_build_info', help: 'Which build answers', labels: { version }, value: 1 },
      { name: 'flwd_security_profile', help: 'The security profile in force', labels: { profile: SECURITY_PROFILE }, value: 1 },
      { name: 'flwd_sources', help: 'Sources of jobs by type', labels: { type: SOURCE_TYPE }, value: sources },
      { name: 'process_uptime_seconds', help: 'Since the start of the process', labels: {}, value: uptime },
    ]);
  }
}
