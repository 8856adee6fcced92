import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { sqlToolName, type Tool, type ToolSource, ToolSourceProvider, type ToolWindow } from '../../tools/index.js';
import { AGENT_TOOL_PREFIX, agentTool } from './agent-tool.js';

const NAME = sqlToolName(AGENT_TOOL_PREFIX, 'w.name');
const OF_TENANT = `w.tenant_id = $1 AND w.kind = 'agent' AND w.deleted_at IS NULL`;

interface Row {
  readonly tool: string;
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
}

/** Every agent of the tenant as a tool, `agent_<name>`, listed while it is deployed: it takes a query, and answers with its data or its text. */
@ToolSourceProvider()
export class AgentToolsSource implements ToolSource {
  readonly order = 15;
  readonly type = 'agent';

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async list(tenant: string, { after = '', limit, text = '' }: ToolWindow = {}): Promise<readonly Tool[]> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT * FROM (SELECT ${NAME} AS tool, w.id, w.name, w.description FROM workflows w WHERE ${OF_TENANT} AND w.lifecycle IS NULL) AS tools
       WHERE tool COLLATE "C" > $2 AND position(lower($3) in lower(tool)) > 0 ORDER BY tool COLLATE "C", id LIMIT $4`,
      [tenant, after, text, limit ?? null],
    );
    return rows.map(toolOf);
  }

  async find(tenant: string, name: string): Promise<Tool | null> {
    if (!name.startsWith(`${AGENT_TOOL_PREFIX}_`)) return null;
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT ${NAME} AS tool, w.id, w.name, w.description FROM workflows w WHERE ${OF_TENANT} AND ${NAME} = $2 ORDER BY w.id LIMIT 1`,
      [tenant, name],
    );
    return row === undefined ? null : toolOf(row);
  }
}

function toolOf({ tool, id, name, description }: Row): Tool {
  return agentTool(id, tool, description ?? `Asks the agent ${name}.`);
}
