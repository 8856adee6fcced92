import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { DoctorDto, SystemInfoDto, SystemStatusDto } from './dto/system.dto.js';
import { SystemService } from './system.service.js';

@ApiTags('system')
@Controller('system')
export class SystemController {
  constructor(private readonly service: SystemService) {}

  @Get('info')
  @Endpoint({ access: 'system.read', operationId: 'getSystemInfo', summary: 'What is installed' })
  @ApiOkResponse({ type: SystemInfoDto })
  getSystemInfo(): SystemInfoDto {
    return this.service.info();
  }

  @Get('status')
  @Endpoint({
    access: 'system.read',
    operationId: 'getSystemStatus',
    summary: 'How the answering process and the runs of the tenant are doing',
  })
  @ApiOkResponse({ type: SystemStatusDto })
  getSystemStatus(@CurrentPrincipal() principal: Principal): Promise<SystemStatusDto> {
    return this.service.status(principal.tenant);
  }

  @Get('doctor')
  @Endpoint({
    access: 'system.manage',
    operationId: 'examineSystem',
    summary: 'Look for what is wrong with the installation',
    description:
      'Settings of the database that lose data, sizes and bloat of tables, transactions that hold up vacuum, partitions, clocks, expired leases, ' +
      'work that nobody does. Of the whole installation, in counts and ages; takes a moment.',
  })
  @ApiOkResponse({ type: DoctorDto })
  examineSystem(): Promise<DoctorDto> {
    return this.service.doctor();
  }
}
