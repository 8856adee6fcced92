const LEVELS: Readonly<Record<string, string>> = {
  debug: '\u001b[90mdebug\u001b[0m',
  info: '\u001b[32minfo\u001b[0m ',
  warn: '\u001b[33mwarn\u001b[0m ',
  error: '\u001b[31merror\u001b[0m',
};
const HIDDEN: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'err', 'context']);

/** One JSON log line as one readable line; an error's stack follows on lines of its own. */
export function prettyLine(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const { level, time, msg, err, context } = entry;
  const fields = Object.entries(entry)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => `\u001b[90m${name}=\u001b[0m${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const head = [
    typeof time === 'string' ? time.slice(11, 23) : '',
    LEVELS[String(level)] ?? String(level),
    ...(typeof context === 'string' ? [`\u001b[36m${context}\u001b[0m`] : []),
    typeof msg === 'string' ? msg : '',
    ...fields,
  ].join(' ');
  const stack = isRecord(err) ? `\n    ${String(err['stack'] ?? err['message']).replaceAll('\n', '\n    ')}` : '';
  return `${head}${stack}\n`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
