import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Endpoint } from '../../platform/http/endpoint.decorator.js';
import { NodeTypeRegistry } from '../nodes/index.js';
import { NodeTypesDto, toNodeTypeDto } from './dto/node-type.dto.js';

@ApiTags('workflows')
@Controller('node-types')
export class NodeTypesController {
  constructor(private readonly registry: NodeTypeRegistry) {}

  @Get()
  @Endpoint({
    access: 'workflows.read',
    operationId: 'listNodeTypes',
    summary: 'List what nodes can do, with the schemas of their settings',
  })
  @ApiOkResponse({ type: NodeTypesDto })
  listNodeTypes(): NodeTypesDto {
    return { data: this.registry.list().map(toNodeTypeDto), next_cursor: null };
  }
}
