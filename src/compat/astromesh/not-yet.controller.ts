import { Controller, Get, Post } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { Endpoint } from '../../platform/http/endpoint.decorator.js';
import { objectOf, STRING } from '../kit/index.js';
import { notYet } from './errors.js';

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

  @Post('join')
  @Endpoint({ access: 'system.manage', operationId: 'meshJoin', summary: 'Join the mesh' })
  @NotYet
  join(): never {
    throw notYet('meshes');
  }

  @Post('leave')
  @Endpoint({ access: 'system.manage', operationId: 'meshLeave', summary: 'Leave the mesh' })
  @NotYet
  leave(): never {
    throw notYet('meshes');
  }

  @Post('heartbeat')
  @Endpoint({ access: 'system.manage', operationId: 'meshHeartbeat', summary: 'Tell that a node lives' })
  @NotYet
  heartbeat(): never {
    throw notYet('meshes');
  }

  @Post('gossip')
  @Endpoint({ access: 'system.manage', operationId: 'meshGossip', summary: 'Exchange what nodes know' })
  @NotYet
  gossip(): never {
    throw notYet('meshes');
  }

  @Post('election')
  @Endpoint({ access: 'system.manage', operationId: 'meshElection', summary: 'Take part in an election' })
  @NotYet
  election(): never {
    throw notYet('meshes');
  }
}
