import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { SystemService } from '../../modules/system/index.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { HealthRegistry, Lifecycle } from '../../platform/lifecycle/index.js';
import { BUCKETS, HEALTH, LIVE, READY } from './schemas.js';

@ApiTags('Health')
@Controller('compat/meshflow')
export class MeshSystemController {
  constructor(
    private readonly system: SystemService,
    private readonly checks: HealthRegistry,
    private readonly lifecycle: Lifecycle,
  ) {}

  @Get('health')
  @Endpoint({ access: 'public', operationId: 'health', summary: 'Version, uptime and kind of database' })
  @ApiOkResponse({ schema: HEALTH })
  health(): object {
    const { version, database } = this.system.info();
    return { ok: true, version, uptime_s: uptime(), db: database.kind === 'embedded' ? 'embedded' : 'postgres' };
  }

  @Get('health/live')
  @Endpoint({ access: 'public', operationId: 'live', summary: 'Whether the process is alive' })
  @ApiOkResponse({ schema: LIVE })
  live(): object {
    return { live: true, uptime_s: uptime() };
  }

  @Get('health/ready')
  @Endpoint({ access: 'public', operationId: 'ready', summary: 'Whether the process takes requests' })
  @ApiOkResponse({ schema: READY })
  @ApiResponse({ status: 503, description: 'It does not, and why' })
  async ready(@Res({ passthrough: true }) response: Response): Promise<object> {
    const { unready } = this.lifecycle;
    const [failing] = await this.checks.failing();
    const reason = unready ?? failing?.message;
    if (reason === undefined) return { ready: true, version: this.system.info().version };
    response.status(503);
    return { ready: false, reason };
  }

  @Get('rate-limit/status')
  @Endpoint({ access: 'authenticated', operationId: 'getRateLimitStatus', summary: 'Where the caller stands in its rate limit' })
  @ApiOkResponse({ schema: BUCKETS })
  rateLimit(@CurrentPrincipal() { tenant, keyName }: Principal, @Req() { rate }: EdgeRequest): object {
    if (rate === undefined) return { buckets: [] };
    const { limit, remaining } = rate;
    return {
      buckets: [
        { tenant_id: tenant, key: keyName, tokens_remaining: remaining, tokens: remaining, capacity: limit, rate_per_s: limit / 60 },
      ],
    };
  }
}

function uptime(): number {
  return Math.round(process.uptime() * 10) / 10;
}
