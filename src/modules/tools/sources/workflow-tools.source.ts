import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { type ChildRunRequest, isJsonObject, type JsonObject, type WorkflowDefinition } from '../../../engine/index.js';
import { inputsSchemaOf } from '../../../engine/workflow/index.js';
import type { RunTool, Tool, ToolSource, ToolWindow } from '../tool.js';
import { ToolSourceProvider } from '../tool.decorator.js';
import { sqlToolName } from './tool-names.js';

const NAME = sqlToolName('workflow', `w.namespace || '_' || w.name`);
const OF_TENANT = `w.tenant_id = $1 AND w.kind = 'workflow' AND w.deleted_at IS NULL`;
const FROM = 'workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = w.latest_version';

interface Row {
  readonly tool: string;
  readonly id: string;
  readonly reference: string;
  readonly definition: WorkflowDefinition;
}

/** Every workflow of the tenant as a tool, `workflow_<namespace>_<name>`: its inputs are the arguments, its outputs the result. */
@ToolSourceProvider()
export class WorkflowToolsSource implements ToolSource {
  readonly order = 10;
  readonly type = 'workflow';

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async list(tenant: string, { after = '', limit, text = '' }: ToolWindow = {}): Promise<readonly Tool[]> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT * FROM (SELECT ${NAME} AS tool, w.id, w.namespace || '/' || w.name AS reference, v.definition FROM ${FROM} WHERE ${OF_TENANT}) AS tools
       WHERE tool COLLATE "C" > $2 AND position(lower($3) in lower(tool)) > 0 ORDER BY tool COLLATE "C", id LIMIT $4`,
      [tenant, after, text, limit ?? null],
    );
    return rows.map(workflowTool);
  }

  async find(tenant: string, name: string): Promise<Tool | null> {
    if (!name.startsWith('workflow_')) return null;
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT ${NAME} AS tool, w.id, w.namespace || '/' || w.name AS reference, v.definition FROM ${FROM}
       WHERE ${OF_TENANT} AND ${NAME} = $2 ORDER BY w.id LIMIT 1`,
      [tenant, name],
    );
    return row === undefined ? null : workflowTool(row);
  }
}

function workflowTool({ tool, id, reference, definition }: Row): RunTool {
  return {
    name: tool,
    description: definition.description ?? `Runs the workflow ${reference}.`,
    inputSchema: argumentsOf(definition),
    type: 'workflow',
    request: ({ input }): ChildRunRequest => ({ workflow: id, inputs: input }),
    result: ({ outputs }) => outputs,
  };
}

/** Arguments of tools are objects; a schema that does not say so is made to. */
function argumentsOf(definition: WorkflowDefinition): JsonObject {
  const schema = inputsSchemaOf(definition);
  if (!isJsonObject(schema)) return { type: 'object' };
  return schema['type'] === 'object' ? schema : { ...schema, type: 'object' };
}
