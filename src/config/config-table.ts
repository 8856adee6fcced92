import type { Variable } from './variable.js';
import { MODEL_KEY_ROW, SECRET_ROW, VARIABLES } from './variables.js';

/** The README's table of variables, in Markdown. */
export function configTable(): string {
  const rows = Object.entries<Variable>(VARIABLES).map(([name, variable]) =>
    row(name, variable.type, variable.fallback === null ? '' : `\`${variable.fallback}\``, describe(variable)),
  );
  return [
    row('Variable', 'Type', 'Default', 'Meaning').replaceAll('`', ''),
    '| --- | --- | --- | --- |',
    ...rows,
    row(MODEL_KEY_ROW.name, 'string', '', `${MODEL_KEY_ROW.description} *Secret.*`),
    row(SECRET_ROW.name, 'string', '', `${SECRET_ROW.description} *Secret.*`),
  ].join('\n');
}

function describe(variable: Variable): string {
  return variable.secret ? `${variable.description} *Secret.*` : variable.description;
}

function row(name: string, type: string, fallback: string, meaning: string): string {
  return `| \`${name}\` | ${type} | ${fallback} | ${meaning} |`;
}
