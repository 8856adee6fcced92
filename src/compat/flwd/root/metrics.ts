/** A gauge of one sample, as Prometheus reads it. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function exposition(gauges: readonly Gauge[]): string {
  return gauges.map(textOf).join('');
}

function textOf({ name, help, labels, value }: Gauge): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text.replaceAll(/[\\"\n]/g, escaped)}"`);
  const sample = pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${sample} ${value}\n`;
}

function escaped(character: string): string {
  return character === '\n' ? String.raw`\n` : `\\${character}`;
}
