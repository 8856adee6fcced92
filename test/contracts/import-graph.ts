import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/** One source file, by its path from the repository's root. */
export interface SourceFile {
  readonly path: string;
  /** What it imports: a path like `src/engine/index.ts`, or a package name. */
  readonly imports: readonly string[];
  readonly readsEnvironment: boolean;
}

const PURE_PACKAGES = new Set(['@marcbachmann/cel-js', 'ajv', 'ajv-formats', 'fastest-levenshtein', 'lru-cache', 're2js', 'uuid', 'yaml']);
const DATABASE_PACKAGES = new Set(['typeorm', 'pg', '@nestjs/typeorm', '@electric-sql/pglite']);
const COMPAT_KIT = 'compat/kit';
/** What tests of a part may do, and nothing that is shipped. */
const TEST_FILE = /\.(?:spec|fixture|contract)\.ts$|\/testing\//;

export function readSources(root: string, folder = 'src'): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => parseSource(join(folder, name), readFileSync(join(root, folder, name), 'utf8')))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Reads every way to import: `import`, `import type`, `export … from`, `import()`, `import('…')` types, `new URL('…', import.meta.url)`. */
export function parseSource(path: string, text: string): SourceFile {
  const imports = new Set<string>();
  let readsEnvironment = false;
  const visit = (node: ts.Node): void => {
    const target = importTarget(node);
    if (target !== undefined) imports.add(resolveImport(path, target));
    if (ts.isPropertyAccessExpression(node) && node.getText(source) === 'process.env') readsEnvironment = true;
    ts.forEachChild(node, visit);
  };
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  visit(source);
  return { path, imports: [...imports].sort(), readsEnvironment };
}

function importTarget(node: ts.Node): string | undefined {
  const specifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined;
  if (specifier !== undefined) return literal(specifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return literal(node.arguments[0]);
  return undefined;
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteral(node) ? node.text : undefined;
}

function resolveImport(from: string, target: string): string {
  if (target.startsWith('.')) return relative('', join(dirname(from), target)).replace(/\.js$/, '.ts');
  if (target.startsWith('node:')) return target;
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Everything in which the sources break the arrows of the house, in words. */
export function findFaults(sources: readonly SourceFile[]): string[] {
  return [...sources.flatMap(faultsOf), ...findCycles(sources)];
}

function faultsOf(source: SourceFile): string[] {
  const isTest = TEST_FILE.test(source.path);
  const faults = source.imports.flatMap((target) => {
    const reason = isTest
      ? undefined
      : (layerFault(source.path, target) ?? compatFault(source.path, target) ?? moduleFault(source.path, target));
    return reason === undefined ? [] : [`${source.path} -> ${target}: ${reason}`];
  });
  if (source.readsEnvironment && !isTest && !source.path.startsWith('src/config/'))
    faults.push(`${source.path} reads process.env: only src/config may`);
  return faults;
}

/** The part of the house that a path belongs to: `engine`, `config`, `platform`, `modules`, `compat`, …; undefined for packages. */
function layerOf(path: string): string | undefined {
  const [top, layer, rest] = path.split('/');
  if (top !== 'src' || layer === undefined) return undefined;
  return rest === undefined ? 'top' : layer;
}

function layerFault(from: string, target: string): string | undefined {
  const layer = layerOf(from);
  const targetLayer = layerOf(target);
  if (TEST_FILE.test(target)) return 'what is shipped imports nothing made for tests';
  if (target.startsWith('test/') || target.startsWith('scripts/')) return 'src imports nothing from there';
  if (layer === 'engine') return engineFault(target, targetLayer);
  if (targetLayer === 'top' && layer !== 'top') return 'nothing imports what puts the application together';
  if (layer === 'config' && targetLayer !== undefined && targetLayer !== 'config') return 'config imports nothing of ours';
  if (layer === 'platform' && targetLayer !== undefined && !['platform', 'config', 'engine'].includes(targetLayer))
    return 'platform knows no feature';
  if (layer === 'modules' && (targetLayer === 'compat' || targetLayer === 'cli' || targetLayer === 'client'))
    return 'modules know nothing above them';
  if (layer === 'client' && targetLayer !== undefined && targetLayer !== 'client') return 'the client is shipped alone';
  if (layer === 'compat' && (targetLayer === 'cli' || targetLayer === 'client'))
    return 'compat only uses modules, platform, config and engine';
  if (
    layer === 'compat' &&
    (DATABASE_PACKAGES.has(target) || target.startsWith('src/platform/database/') || target.startsWith('migrations/'))
  )
    return 'dialects translate; only modules touch the database';
  return undefined;
}

function engineFault(target: string, targetLayer: string | undefined): string | undefined {
  if (targetLayer === 'engine' || target.startsWith('node:')) return undefined;
  if (targetLayer !== undefined || target.startsWith('migrations/')) return 'the engine imports nothing of ours but itself';
  return PURE_PACKAGES.has(target) ? undefined : 'the engine imports pure packages only';
}

/** What dialects are made with is everybody's; otherwise none knows another, and what puts them together is outside of their folders. */
function compatFault(from: string, target: string): string | undefined {
  const [own, other] = [moduleOf(from), moduleOf(target)];
  if (own?.startsWith('compat/') !== true || other?.startsWith('compat/') !== true || own === other) return undefined;
  return own !== COMPAT_KIT && other === COMPAT_KIT ? undefined : 'no dialect knows another';
}

/** Modules meet only through each other's index; observability only listens, so nobody imports it. */
function moduleFault(from: string, target: string): string | undefined {
  const owner = moduleOf(target);
  if (owner === undefined || owner === moduleOf(from)) return undefined;
  if (owner === 'modules/observability' && layerOf(from) !== 'top') return 'observability listens; nobody calls it';
  return target === `src/${owner}/index.ts` ? undefined : `reaches past the index of ${owner}`;
}

function moduleOf(path: string): string | undefined {
  const [top, layer, name, file] = path.split('/');
  return top === 'src' && (layer === 'modules' || layer === 'compat') && name !== undefined && file !== undefined
    ? `${layer}/${name}`
    : undefined;
}

/** Knots of files that import each other, smallest members first; types count, since they knot readers. */
function findCycles(sources: readonly SourceFile[]): string[] {
  const known = new Map(sources.map((source) => [source.path, source.imports]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const knots: string[] = [];
  const visit = (path: string): void => {
    index.set(path, index.size);
    low.set(path, index.get(path) ?? 0);
    stack.push(path);
    for (const target of known.get(path) ?? []) {
      if (!known.has(target)) continue;
      if (!index.has(target)) {
        visit(target);
        low.set(path, Math.min(low.get(path) ?? 0, low.get(target) ?? 0));
      } else if (stack.includes(target)) {
        low.set(path, Math.min(low.get(path) ?? 0, index.get(target) ?? 0));
      }
    }
    if (low.get(path) !== index.get(path)) return;
    const knot = stack.splice(stack.indexOf(path)).sort();
    if (knot.length > 1 || known.get(path)?.includes(path) === true) knots.push(`a cycle: ${knot.join(', ')}`);
  };
  for (const { path } of sources) if (!index.has(path)) visit(path);
  return knots.sort();
}
