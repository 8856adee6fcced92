import { readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { number, print, table } from './report.js';

interface Line {
  readonly name: string;
  readonly place: string;
  self: number;
  total: number;
}

/** Not functions, but what V8 calls the rest. `(program)` is native code: system calls, sockets, the event loop. */
const NOT_BUSY = new Set(['(idle)', '(root)']);
/** The profiler itself, as it starts. */
const OWN_COST = /^(node:inspector|bench\/lib\/child)/;
const CALLERS_OF = 8;
const CALLERS = 5;
const BUILT = 'node_modules/.cache/heddle-bench/';

/** Self time by function and by package, and of our own functions all that was done below them, in percent of busy time. */
export function printProfile(file: string, top: number): void {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profiler.Profile;
  const { lines, callers } = addUp(profile);
  const all = [...lines.values()];
  const sum = (some: readonly Line[]): number => some.reduce((total, line) => total + line.self, 0);
  const idle = sum(all.filter((line) => NOT_BUSY.has(line.name)));
  const busyLines = all.filter((line) => !NOT_BUSY.has(line.name) && !OWN_COST.test(line.place));
  const busy = sum(busyLines);
  const percent = (time: number): string => `${number((time / busy) * 100)} %`;
  print(`${number((busy + idle) / 1e6)} s, of which ${number(busy / 1e6)} s busy; percentages are of the busy time`);

  print(`\nself time, top ${top} functions`);
  const bySelf = busyLines.toSorted((a, b) => b.self - a.self).slice(0, top);
  table(
    ['', 'self', 'with callees'],
    bySelf.map((line) => [`${line.name}  ${line.place}`, percent(line.self), percent(line.total)]),
  );

  print('\nwho called what is not JavaScript of a package');
  for (const line of bySelf.filter(isBuiltIn).slice(0, CALLERS_OF)) {
    const found = [...(callers.get(line) ?? [])].toSorted(([, a], [, b]) => b - a).slice(0, CALLERS);
    print(`${line.name}  ${line.place}: ${found.map(([name, time]) => `${name || 'the event loop'} ${percent(time)}`).join(', ')}`);
  }

  print('\nself time by package or folder');
  const groups = Map.groupBy(busyLines, groupOf);
  const bySum = [...groups].map(([group, some]) => ({ group, self: sum(some) })).toSorted((a, b) => b.self - a.self);
  table(
    ['', 'self'],
    bySum.filter(({ self }) => self / busy > 0.004).map(({ group, self }) => [group, percent(self)]),
  );

  print('\nour functions with all they call');
  const ours = busyLines
    .filter((line) => /^(src|bench)\//.test(line.place))
    .toSorted((a, b) => b.total - a.total)
    .slice(0, top);
  table(
    ['', 'with callees', 'self'],
    ours.map((line) => [`${line.name}  ${line.place}`, percent(line.total), percent(line.self)]),
  );
}

function isBuiltIn({ place }: Line): boolean {
  return place === '' || place.startsWith('node:');
}

interface Sums {
  readonly lines: ReadonlyMap<string, Line>;
  /** Self time of built-in functions, by the nearest function above them that is none. */
  readonly callers: ReadonlyMap<Line, ReadonlyMap<string, number>>;
}

function addUp(profile: Profiler.Profile): Sums {
  const selfByNode = new Map<number, number>();
  profile.samples?.forEach((node, index) => selfByNode.set(node, (selfByNode.get(node) ?? 0) + (profile.timeDeltas?.[index] ?? 0)));
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const lines = new Map<string, Line>();
  const callers = new Map<Line, Map<string, number>>();
  const walk = (id: number, above: ReadonlySet<string>, caller: string): number => {
    const node = nodes.get(id);
    if (node === undefined) return 0;
    const { functionName, url, lineNumber } = node.callFrame;
    const key = `${functionName} ${url}:${lineNumber}`;
    const line = lines.get(key) ?? { name: functionName || '(anonymous)', place: placeOf(url, lineNumber), self: 0, total: 0 };
    lines.set(key, line);
    const self = selfByNode.get(id) ?? 0;
    const below = above.has(key) ? above : new Set([...above, key]);
    const callerBelow = isBuiltIn(line) ? caller : `${line.name} ${line.place}`;
    const total = (node.children ?? []).reduce((sum, child) => sum + walk(child, below, callerBelow), self);
    line.self += self;
    if (isBuiltIn(line)) {
      const known = callers.get(line) ?? new Map<string, number>();
      callers.set(line, known.set(caller, (known.get(caller) ?? 0) + self));
    }
    // A function that calls itself counts once.
    if (!above.has(key)) line.total += total;
    return total;
  };
  const [root] = profile.nodes;
  if (root !== undefined) walk(root.id, new Set(), '');
  return { lines, callers };
}

function placeOf(url: string, line: number): string {
  if (url === '') return '';
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const built = path.indexOf(BUILT);
  if (built >= 0) return `${path.slice(built + BUILT.length)}:${line + 1}`;
  const modules = path.lastIndexOf('node_modules/');
  return modules >= 0 ? `${path.slice(modules + 'node_modules/'.length)}:${line + 1}` : `${path}:${line + 1}`;
}

function groupOf({ name, place }: Line): string {
  if (place === '') return name.startsWith('(') ? name : '(built-in functions)';
  if (place.startsWith('node:')) return place.replace(/:\d+$/, '').replace(/^(node:(?:internal\/)?[^/]+).*/, '$1');
  if (/^(src|bench)\//.test(place)) return place.split('/').slice(0, -1).join('/');
  const [scope = '', name_ = ''] = place.split('/');
  return scope.startsWith('@') ? `${scope}/${name_}` : scope;
}
