import { Controller, Get, Post } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { Endpoint } from '../../platform/http/endpoint.decorator.js';
import { notYet } from './errors.js';
import { objectOf } from '../kit/index.js';
import { STRING } from './schemas.js';

const NotYet = ApiResponse({ status: 501, description: 'Not implemented yet', schema: objectOf({ detail: STRING }) });

@ApiTags('Observability')
@Controller('compat/astromesh/v1')
export class AstromeshObservabilityController {
  @Get('traces')
  @Endpoint({ access: 'runs.read', operationId: 'listTraces', summary: 'List traces' })
  @NotYet
  listTraces(): never {
    throw notYet('traces');
  }

  @Get('traces/:trace_id')
  @Endpoint({ access: 'runs.read', operationId: 'getTrace', summary: 'Get a trace' })
  @NotYet
  getTrace(): never {
    throw notYet('traces');
  }

  @Get('metrics')
  @Endpoint({ access: 'system.read', operationId: 'getMetrics', summary: 'Get counters and histograms' })
  @NotYet
  getMetrics(): never {
    throw notYet('metrics');
  }

  @Post('metrics/reset')
  @Endpoint({ access: 'system.manage', operationId: 'resetMetrics', summary: 'Clear all metrics' })
  @NotYet
  resetMetrics(): never {
    throw notYet('metrics');
  }
}

@ApiTags('Mesh')
@Controller('compat/astromesh/v1/mesh')
export class AstromeshMeshController {
  @Get('state')
  @Endpoint({ access: 'system.read', operationId: 'getMeshState', summary: 'Get the state of the mesh' })
  @NotYet
  getState(): never {
    throw notYet('meshes');
  }

  @Post(['join', 'leave', 'heartbeat', 'gossip', 'election'])
  @Endpoint({ access: 'system.manage', operationId: 'meshExchange', summary: 'What nodes of a mesh tell each other' })
  @NotYet
  exchange(): never {
    throw notYet('meshes');
  }
}
