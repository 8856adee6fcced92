import { Controller, Get, Post } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { Endpoint } from '../../platform/http/endpoint.decorator.js';
import { objectOf } from '../kit/index.js';
import { notYet } from './problems.js';

const NotYet = ApiResponse({ status: 501, description: 'Not implemented yet', schema: objectOf({ error: { type: 'string' } }) });

/** What MeshFlow has and this server has not yet. */
@ApiTags('Not implemented yet')
@Controller('compat/meshflow')
export class MeshNotYetController {
  @Get('analytics')
  @Endpoint({ access: 'runs.read', operationId: 'getAnalytics', summary: 'Analytics of the last runs' })
  @NotYet
  getAnalytics(): never {
    throw notYet('analytics');
  }

  @Get('sla')
  @Endpoint({ access: 'runs.read', operationId: 'getSla', summary: 'How long steps take' })
  @NotYet
  getSla(): never {
    throw notYet('sla');
  }

  @Get('eval-results')
  @Endpoint({ access: 'runs.read', operationId: 'listEvalResults', summary: 'Results of evaluations' })
  @NotYet
  listEvalResults(): never {
    throw notYet('eval-results');
  }

  @Get('plugins')
  @Endpoint({ access: 'system.read', operationId: 'listPlugins', summary: 'Plugins' })
  @NotYet
  listPlugins(): never {
    throw notYet('plugins');
  }

  @Get('otel/config')
  @Endpoint({ access: 'system.read', operationId: 'getOtelConfig', summary: 'The exporter of traces' })
  @NotYet
  getOtelConfig(): never {
    throw notYet('otel/config');
  }

  @Get('compliance/report')
  @Endpoint({ access: 'runs.read', operationId: 'getComplianceReport', summary: 'A report of compliance' })
  @NotYet
  getComplianceReport(): never {
    throw notYet('compliance/report');
  }

  @Get('audit/export')
  @Endpoint({ access: 'runs.read', operationId: 'exportAudit', summary: 'The ledger as a file' })
  @NotYet
  exportAudit(): never {
    throw notYet('audit/export');
  }

  @Get('metrics')
  @Endpoint({ access: 'public', operationId: 'getMetrics', summary: 'Metrics for Prometheus' })
  @NotYet
  getMetrics(): never {
    throw notYet('metrics');
  }

  @Get('pool/status')
  @Endpoint({ access: 'system.read', operationId: 'getPoolStatus', summary: 'Pools of agents' })
  @NotYet
  getPoolStatus(): never {
    throw notYet('pool/status');
  }

  @Get('mcp')
  @Endpoint({ access: 'authenticated', operationId: 'getMcp', summary: 'The MCP server' })
  @NotYet
  getMcp(): never {
    throw notYet('mcp');
  }

  @Post('mcp')
  @Endpoint({ access: 'authenticated', operationId: 'callMcp', summary: 'Call the MCP server' })
  @NotYet
  callMcp(): never {
    throw notYet('mcp');
  }

  @Get('mcp/sse')
  @Endpoint({ access: 'authenticated', operationId: 'streamMcp', summary: 'Events of the MCP server' })
  @NotYet
  streamMcp(): never {
    throw notYet('mcp/sse');
  }
}
