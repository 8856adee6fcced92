import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { AstromeshDoctorDto } from './astromesh.dto.js';
import { DOCTOR, HEALTH, STATUS } from './schemas.js';
import { AstromeshSystem } from './system.service.js';

@ApiTags('System')
@Controller('compat/astromesh/v1')
export class AstromeshSystemController {
  constructor(private readonly system: AstromeshSystem) {}

  @Get('health')
  @Endpoint({ access: 'public', operationId: 'getHealth', summary: 'Health check' })
  @ApiOkResponse({ schema: HEALTH })
  getHealth(): object {
    return this.system.health();
  }

  @Get('system/status')
  @Endpoint({ access: 'system.read', operationId: 'getStatus', summary: 'Version, uptime, agents and providers' })
  @ApiOkResponse({ schema: STATUS })
  getStatus(@CurrentPrincipal() principal: Principal): Promise<object> {
    return this.system.status(principal);
  }

  @Get('system/doctor')
  @Endpoint({ access: 'system.manage', operationId: 'runDoctor', summary: 'Check all subsystems' })
  @ApiOkResponse({ schema: DOCTOR })
  runDoctor(@CurrentPrincipal() principal: Principal, @Query() { format = 'array' }: AstromeshDoctorDto): Promise<object> {
    return this.system.doctor(principal, format);
  }
}
