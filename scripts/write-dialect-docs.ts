import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describeApp } from '../src/app.setup.js';
import { describeDialects } from '../src/compat/index.js';
import { loadConfig } from '../src/config/index.js';
import { writeOrCheck } from './support.js';

interface Row {
  readonly system: string;
  readonly endpoint: string;
  readonly what: string;
  /** Of deviations only. */
  readonly reason?: string;
}

const TESTS = join('test', 'compat');
const INTRODUCTION = `# Dialects

Each system below can be spoken to at \`/compat/<system>\`, or at the root of a port of its own (\`HEDDLE_COMPAT_PORTS\`), with the
keys and roles of this server. Its OpenAPI document is \`/compat/<system>/openapi.json\`.

This page is generated from the tests in \`test/compat\` by \`npm run dialects\`: each line is a test of the same name. An endpoint
without a test fails the build.
`;

/** What the spec files state by `row(endpoint, what, …)` and `deviation(endpoint, what, reason, …)`, in their order. */
function rowsOf(file: string): Row[] {
  const source = ts.createSourceFile(file, readFileSync(join(TESTS, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const rows: Row[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const texts = node.arguments.filter((each) => ts.isStringLiteralLike(each)).map(({ text }) => text);
      const [endpoint, what, reason] = texts;
      // One system may have several files: `flwd.spec.ts`, `flwd-root.spec.ts`.
      const [system = ''] = basename(file, '.spec.ts').split('-');
      if (endpoint !== undefined && what !== undefined) {
        if (node.expression.text === 'row') rows.push({ system, endpoint, what });
        if (node.expression.text === 'deviation' && reason !== undefined) rows.push({ system, endpoint, what, reason });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return rows;
}

/** Endpoints of the routes that exist, by their dialects. */
async function endpointsOf(): Promise<Map<string, string[]>> {
  const app = await describeApp(loadConfig({ HEDDLE_LOG_LEVEL: 'error' }));
  const documents = Object.entries(describeDialects(app));
  await app.close();
  return new Map(
    documents.map(([system, { paths }]) => [
      system,
      Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`)),
    ]),
  );
}

function section(system: string, rows: readonly Row[]): string {
  const proofs = rows.filter(({ reason }) => reason === undefined);
  const deviations = rows.filter(({ reason }) => reason !== undefined);
  const lines = [`## ${system}`, '', '| Endpoint | Test that proves it |', '| --- | --- |'];
  for (const { endpoint, what } of proofs) lines.push(`| \`${endpoint}\` | ${what} |`);
  if (deviations.length > 0) lines.push('', '| Endpoint | Deviation | Reason |', '| --- | --- | --- |');
  for (const { endpoint, what, reason } of deviations) lines.push(`| \`${endpoint}\` | ${what} | ${reason} |`);
  return `${lines.join('\n')}\n`;
}

const rows = readdirSync(TESTS)
  .filter((name) => name.endsWith('.spec.ts'))
  .toSorted()
  .flatMap(rowsOf);
const endpoints = await endpointsOf();
const unproven = [...endpoints].flatMap(([system, all]) =>
  all
    .filter((endpoint) => !rows.some((row) => row.system === system && row.endpoint === endpoint))
    .map((endpoint) => `${system}: ${endpoint}`),
);
if (unproven.length > 0) {
  process.stderr.write(`endpoints of dialects that no test in ${TESTS} proves:\n${unproven.map((each) => `- ${each}\n`).join('')}`);
  process.exit(1);
}
const systems = [...new Set(rows.map(({ system }) => system))];
const sections = systems.map((system) =>
  section(
    system,
    rows.filter((row) => row.system === system),
  ),
);
writeOrCheck(join('docs', 'dialects.md'), [INTRODUCTION, ...sections].join('\n'), 'npm run dialects');
