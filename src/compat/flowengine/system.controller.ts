import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { SystemService } from '../../modules/system/index.js';
import { Endpoint } from '../../platform/http/endpoint.decorator.js';
import { type FlowEngineNodeType, NODE_TYPES } from './node-types.js';
import { listOf } from '../kit/index.js';
import { HEALTH, NODE_TYPE } from './schemas.js';

@ApiTags('System')
@Controller('compat/flowengine')
export class FlowEngineSystemController {
  constructor(private readonly system: SystemService) {}

  @Get('health')
  @Endpoint({ access: 'public', operationId: 'healthCheck', summary: 'Health check' })
  @ApiOkResponse({ schema: HEALTH })
  healthCheck(): object {
    return { status: 'healthy', version: this.system.info().version, service: 'flowengine' };
  }

  @Get('api/nodes')
  @Endpoint({ access: 'workflows.read', operationId: 'listNodeTypes', summary: 'List node types' })
  @ApiOkResponse({ schema: listOf(NODE_TYPE) })
  listNodeTypes(): readonly FlowEngineNodeType[] {
    return NODE_TYPES;
  }
}
