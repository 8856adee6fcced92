import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { SystemService } from '../../modules/system/index.js';
import { WorkflowFilesService } from '../../modules/workflows/index.js';
import { Endpoint } from '../../platform/http/endpoint.decorator.js';
import { sourceName } from './job-views.js';
import { HEALTH, SYSTEM_INFO } from './schemas.js';

/** What this server does that flwd calls an extension. */
const EXTENSIONS: readonly string[] = ['mcp', 'triggers'];

@ApiTags('System')
@Controller('compat/flwd/api/v1')
export class FlwdSystemController {
  constructor(
    private readonly system: SystemService,
    private readonly files: WorkflowFilesService,
  ) {}

  @Get('health')
  @Endpoint({ access: 'public', operationId: 'getHealth', summary: 'Health check' })
  @ApiOkResponse({ schema: HEALTH })
  getHealth(): object {
    const { version, uptime_seconds } = this.system.info();
    return { status: 'healthy', version, uptime_seconds };
  }

  @Get('system/info')
  @Endpoint({ access: 'system.read', operationId: 'getSystemInfo', summary: 'Version, sources and extensions' })
  @ApiOkResponse({ schema: SYSTEM_INFO })
  getSystemInfo(): object {
    const sources = this.files.states().map(({ source, path }) => ({ name: sourceName(source), type: 'fs', path }));
    return { version: this.system.info().version, sources, extensions: EXTENSIONS };
  }
}
