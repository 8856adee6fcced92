import { createHash } from 'node:crypto';

const MAX_LENGTH = 64;
const HASH_LENGTH = 8;

/** The name of a tool that belongs to something with a name of its own: what names of tools cannot hold becomes `-`, what is too long ends in a hash. */
export function toolName(prefix: string, name: string): string {
  const whole = `${prefix}_${name}`.replaceAll(/[^A-Za-z0-9_-]/g, '-');
  if (whole.length <= MAX_LENGTH) return whole;
  const hash = createHash('md5').update(name).digest('hex').slice(0, HASH_LENGTH);
  return `${whole.slice(0, MAX_LENGTH - HASH_LENGTH - 1)}_${hash}`;
}

/** The same as an SQL expression over the name. */
export function sqlToolName(prefix: string, name: string): string {
  const whole = `regexp_replace('${prefix}_' || (${name}), '[^A-Za-z0-9_-]', '-', 'g')`;
  return `CASE WHEN length(${whole}) <= ${MAX_LENGTH} THEN ${whole}
    ELSE left(${whole}, ${MAX_LENGTH - HASH_LENGTH - 1}) || '_' || left(md5(${name}), ${HASH_LENGTH}) END`;
}
