import { Inject } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../../config/index.js';
import { type JsonObject, StepError } from '../../../../engine/index.js';
import { operatorSecret } from '../../../auth/index.js';
import { objectOf } from '../../../nodes/index.js';
import { notConfigured } from '../../execution/tool-settings.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';
import { queryPostgres } from './postgres-query.js';
import type { SqlAnswer, SqlQuestion } from './sql-answer.js';
import { querySqlite } from './sqlite-query.js';

/** Databases are secrets of the operator: `HEDDLE_SECRET_SQL_<NAME>`. */
const PREFIX = 'SQL_';
const NAME = '^[A-Za-z][A-Za-z0-9_]{0,63}$';
const REFERENCE = /^\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}$/;
const ANY_ROW = { type: 'array', items: {} };

@ToolProvider()
export class SqlQueryTool implements ExecutedTool {
  readonly name = 'sql_query';
  readonly type = 'builtin';
  readonly description = 'Ask a database that the operator has configured. One statement that reads: SELECT, VALUES or WITH.';
  readonly inputSchema = objectOf(
    {
      query: {
        type: 'string',
        minLength: 1,
        maxLength: 100_000,
        description: 'With `$1`, `$2`, … (Postgres) or `?` (SQLite) for parameters.',
      },
      params: { type: 'array', maxItems: 1_000, default: [], items: { type: ['string', 'number', 'boolean', 'null'] } },
      database: { type: 'string', pattern: NAME, description: 'Needed when none is configured.' },
    },
    ['query'],
  );
  readonly outputSchema = objectOf(
    {
      columns: { type: 'array', items: { type: 'string' } },
      rows: { type: 'array', items: ANY_ROW, description: 'Each the values of the columns, in their order.' },
      row_count: { type: 'integer' },
      truncated: { type: 'boolean', description: 'Whether there was more.' },
    },
    ['columns', 'rows', 'row_count', 'truncated'],
  );
  readonly configSchema = objectOf({
    database: {
      type: 'string',
      pattern: NAME,
      description: 'HEDDLE_SECRET_SQL_<NAME> of the server says where it is; then the call cannot choose another.',
    },
    connection_string: {
      type: 'string',
      pattern: REFERENCE.source,
      description: 'The same as a reference, `{{ secrets.NAME }}`. Addresses in clear are refused.',
    },
    read_only: { const: true, description: 'Nothing else is possible.' },
    max_rows: { type: 'integer', minimum: 1, maximum: 10_000, default: 1_000 },
    timeout_seconds: { type: 'number', exclusiveMinimum: 0, maximum: 300, default: 30 },
  });

  constructor(@Inject(CONFIG) private readonly config: HeddleConfig) {}

  async execute(call: ToolCall): Promise<JsonObject> {
    const { input, config, signal } = call;
    const question: SqlQuestion = {
      query: String(input['query']),
      params: Array.isArray(input['params']) ? input['params'] : [],
      maxRows: Number(config['max_rows'] ?? 1_000),
      timeoutMs: Math.ceil(Number(config['timeout_seconds'] ?? 30) * 1_000),
      signal,
    };
    const { columns, rows, truncated } = await ask(this.addressOf(call), question);
    return { columns: [...columns], rows: rows.map((row) => [...row]), row_count: rows.length, truncated };
  }

  private addressOf({ tenant, input, config }: ToolCall): string {
    const reference = REFERENCE.exec(String(config['connection_string'] ?? ''))?.[1];
    const name = config['database'] ?? (reference === undefined ? input['database'] : undefined);
    if (name === undefined && reference === undefined) {
      throw notConfigured('name a "database" in the call or in the config of the tool', ['database']);
    }
    const secret = typeof name === 'string' ? `${PREFIX}${name.toUpperCase()}` : String(reference);
    const address = operatorSecret(this.config, tenant, secret);
    if (address === undefined)
      throw notConfigured(`there is no such database: set HEDDLE_SECRET_${secret} for the server`, [`secrets.${secret}`]);
    if (isSame(address, this.config.database.url) || isSame(address, this.config.database.directUrl)) {
      throw new StepError('database_refused', 'that is the database of this server itself', { retryable: false });
    }
    return address;
  }
}

function ask(address: string, question: SqlQuestion): Promise<SqlAnswer> {
  if (/^postgres(ql)?:\/\//.test(address)) return queryPostgres(address, question);
  const path = /^sqlite:\/\/(\/.+)$/.exec(address)?.[1];
  if (path !== undefined) return querySqlite(path.replace(/^\/\//, '/'), question);
  throw notConfigured('the address of the database must begin with postgres:// or sqlite:///', ['database']);
}

function isSame(address: string, other: string | undefined): boolean {
  const [a, b] = [URL.parse(address), other === undefined ? null : URL.parse(other)];
  return a !== null && b !== null && placeOf(a) === placeOf(b);
}

function placeOf({ hostname, port, pathname }: URL): string {
  return `${hostname}:${port || '5432'}${pathname}`;
}
