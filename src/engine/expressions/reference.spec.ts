import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS } from './cel-environment.js';
import type { FunctionSpec } from './functions/define.js';
import { RUN_VIEW_FIELDS } from './scope.js';

const REFERENCE = join(import.meta.dirname, '..', '..', '..', 'examples', 'README.md');

function signatureOf({ name, params, returns, call = 'both' }: FunctionSpec): string {
  const types = params.map(shortType);
  const [receiver, ...rest] = types;
  const form = call === 'function' ? `${name}(${types.join(', ')})` : `${receiver}.${name}(${rest.join(', ')})`;
  return `${form} → ${shortType(returns)}`;
}

function shortType(type: string): string {
  return type
    .replace(/google\.protobuf\.(\w)(\w*)/, (_, first: string, rest: string) => first.toLowerCase() + rest)
    .replace(/<.*>$/, '')
    .replace('dyn', 'any');
}

describe('the reference of the expression language', () => {
  const text = readFileSync(REFERENCE, 'utf8');

  it('has every function, in the words of the code', () => {
    const rows = FUNCTIONS.map((spec) => `| \`${signatureOf(spec)}\` | ${spec.description} |`);
    expect(text).toContain(rows.join('\n'));
  });

  it('has every field of run', () => {
    for (const field of RUN_VIEW_FIELDS) expect(text).toContain(`\`${field}\``);
  });
});
