import { spreadOf, type Standing } from './contest.js';

/** One column group of a result: a metric with its unit. */
export interface Metric {
  readonly key: string;
  readonly unit: string;
}

export function heading(text: string): void {
  print(`\n${text}\n${'─'.repeat(text.length)}`);
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  print(line(header));
  for (const row of rows) print(line(row));
}

/** Median and min–max of each metric, in the order of the contest; then what the levels gave and who used the machine. */
export function standings(all: readonly Standing[], metrics: readonly Metric[]): void {
  table(
    ['', 'in flight', ...metrics.flatMap(({ unit }) => [unit, 'min–max'])],
    all.map((standing) => [
      standing.name,
      String(standing.concurrency),
      ...metrics.flatMap(({ key }) => {
        const { median, min, max } = spreadOf(standing, key);
        return [number(median), `${number(min)}–${number(max)}`];
      }),
    ]),
  );
  for (const { name, tried, cores, cpuEach } of all) {
    const levels = tried.map(({ concurrency, value }) => `${concurrency}: ${number(value)}`).join(', ');
    if (levels !== '') print(`  ${name}: tried ${levels}`);
    const busy = Object.entries(cores).map(([label, share]) => `${label} ${share.toFixed(2)} (${number(cpuEach[label] ?? 0)} µs each)`);
    print(`  ${name}: cores busy: ${busy.join(', ') || 'unknown'}`);
  }
}

export function ratio(what: string, value: number, aim: { readonly atLeast?: number; readonly below?: number }, unit = '×'): void {
  const told = aim.atLeast === undefined ? `below ${aim.below}${unit}` : `at least ${aim.atLeast}${unit}`;
  const reached = aim.atLeast === undefined ? value < (aim.below ?? Infinity) : value >= aim.atLeast;
  print(`  ${what}: ${number(value)}${unit} (aim: ${told}${reached ? '' : ', NOT reached'})`);
}
