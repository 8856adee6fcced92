import pg from 'pg';
import { withFreshDatabase, writeOrCheck } from './support.js';

/** Objects that an extension brought, or TypeORM for its own bookkeeping, are not ours. */
const OURS = (oid: string, catalogue: string): string => `
  NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = ${oid} AND d.classid = '${catalogue}'::regclass AND d.deptype = 'e')`;

const RELATIONS = `
  SELECT c.oid, c.relname AS name, c.relkind AS kind, c.reloptions AS options, obj_description(c.oid, 'pg_class') AS comment,
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END AS definition,
         CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
         pg_get_expr(c.relpartbound, c.oid) AS partition_bound,
         (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = c.oid) AS parent
  FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relname <> 'schema_migrations'
    AND ${OURS('c.oid', 'pg_class')}
  ORDER BY c.relname COLLATE "C"`;

const COLUMNS = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required, a.attidentity AS identity,
         a.attgenerated AS generated, pg_get_expr(d.adbin, d.adrelid) AS fallback, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum`;

const CONSTRAINTS = `
  SELECT conname AS name, pg_get_constraintdef(oid, true) AS definition FROM pg_constraint
  WHERE conrelid = $1 AND contype IN ('p', 'u', 'c', 'f', 'x') AND conparentid = 0
  ORDER BY array_position('{p,u,c,f,x}'::"char"[], contype), conname COLLATE "C"`;

const INDEXES = `
  SELECT pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = $1 AND NOT c.relispartition AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid AND conrelid = $1)
  ORDER BY c.relname COLLATE "C"`;

const TRIGGERS = `
  SELECT pg_get_triggerdef(oid, true) AS definition FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal ORDER BY tgname COLLATE "C"`;

const FUNCTIONS = `
  SELECT pg_get_functiondef(p.oid) AS definition FROM pg_proc p
  WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p') AND ${OURS('p.oid', 'pg_proc')}
  ORDER BY p.proname COLLATE "C", pg_get_function_identity_arguments(p.oid)`;

interface Relation {
  readonly oid: number;
  readonly name: string;
  readonly kind: 'r' | 'p' | 'v' | 'm';
  readonly options: string[] | null;
  readonly comment: string | null;
  readonly definition: string | null;
  readonly partition_key: string | null;
  readonly partition_bound: string | null;
  readonly parent: string | null;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly identity: '' | 'a' | 'd';
  readonly generated: '' | 's' | 'v';
  readonly fallback: string | null;
  readonly comment: string | null;
}

interface Defined {
  readonly name: string;
  readonly definition: string;
}

function columnLine(column: Column): string {
  const parts = [pg.escapeIdentifier(column.name), column.type];
  if (column.generated !== '')
    parts.push(`GENERATED ALWAYS AS (${column.fallback ?? ''}) ${column.generated === 's' ? 'STORED' : 'VIRTUAL'}`);
  else if (column.identity !== '') parts.push(`GENERATED ${column.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT'} AS IDENTITY`);
  else if (column.fallback !== null) parts.push(`DEFAULT ${column.fallback}`);
  if (column.required) parts.push('NOT NULL');
  return parts.join(' ').replace(/^"([a-z_][a-z0-9_]*)"/, '$1');
}

async function describeTable(client: pg.Client, table: Relation): Promise<string> {
  const columns = (await client.query<Column>(COLUMNS, [table.oid])).rows;
  const constraints = (await client.query<Defined>(CONSTRAINTS, [table.oid])).rows;
  const indexes = (await client.query<Defined>(INDEXES, [table.oid])).rows;
  const triggers = (await client.query<Defined>(TRIGGERS, [table.oid])).rows;
  const lines = [...columns.map(columnLine), ...constraints.map(({ name, definition }) => `CONSTRAINT ${name} ${definition}`)];
  const tail = [
    table.partition_key === null ? '' : ` PARTITION BY ${table.partition_key}`,
    table.options === null ? '' : ` WITH (${table.options.join(', ')})`,
  ].join('');
  const create =
    table.parent === null
      ? `CREATE TABLE ${table.name} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n)${tail};`
      : `CREATE TABLE ${table.name} PARTITION OF ${table.parent} ${table.partition_bound ?? ''}${tail};`;
  return [
    create,
    ...indexes.map(({ definition }) => `${definition.replaceAll('public.', '')};`),
    ...triggers.map(({ definition }) => `${definition.replaceAll('public.', '')};`),
    ...commentLines(`TABLE ${table.name}`, table.comment),
    ...columns.flatMap((column) => commentLines(`COLUMN ${table.name}.${column.name}`, column.comment)),
  ].join('\n');
}

function describeView(view: Relation): string {
  const kind = view.kind === 'm' ? 'MATERIALIZED VIEW' : 'VIEW';
  return [`CREATE ${kind} ${view.name} AS\n${view.definition ?? ''}`, ...commentLines(`${kind} ${view.name}`, view.comment)].join('\n');
}

function commentLines(what: string, comment: string | null): string[] {
  return comment === null ? [] : [`COMMENT ON ${what} IS ${pg.escapeLiteral(comment)};`];
}

const dump = await withFreshDatabase(async (database) => {
  const client = new pg.Client({ ...database.target });
  await client.connect();
  try {
    const relations = (await client.query<Relation>(RELATIONS)).rows;
    const functions = (await client.query<Defined>(FUNCTIONS)).rows;
    const parts = ['-- The schema that all migrations together make. Written by `npm run schema`; not meant to be run.'];
    for (const { definition } of functions) parts.push(`${definition.trimEnd()};`);
    for (const relation of relations)
      parts.push(relation.kind === 'r' || relation.kind === 'p' ? await describeTable(client, relation) : describeView(relation));
    return `${parts.join('\n\n')}\n`;
  } finally {
    await client.end();
  }
});
writeOrCheck('schema.sql', dump, 'npm run schema');
