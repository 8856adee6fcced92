import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Endpoint } from '../http/endpoint.decorator.js';
import { HealthDto } from './health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly service: HealthService) {}

  @Get()
  @Endpoint({ access: 'public', operationId: 'getHealth', summary: 'Who answers, and for how long it has' })
  @ApiOkResponse({ type: HealthDto })
  getHealth(): HealthDto {
    return this.service.live();
  }

  @Get('live')
  @Endpoint({ access: 'public', operationId: 'getLiveness', summary: 'Whether the process answers at all' })
  @ApiOkResponse({ type: HealthDto })
  getLiveness(): HealthDto {
    return this.service.live();
  }

  @Get('ready')
  @Endpoint({
    access: 'public',
    operationId: 'getReadiness',
    summary: 'Whether requests should be sent here',
    description: '503 with the failing checks while the server starts, drains, or has no database.',
  })
  @ApiOkResponse({ type: HealthDto })
  @ApiServiceUnavailableResponse({ type: HealthDto })
  async getReadiness(@Res({ passthrough: true }) response: Response): Promise<HealthDto> {
    const health = await this.service.ready();
    response.status(health.status === 'ok' ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return health;
  }
}
