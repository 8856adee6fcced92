import { createHash } from 'node:crypto';

/** What of a record its hash covers, as MeshFlow's audit chain has it. */
export interface HashedFields {
  readonly run_id: string;
  readonly step_id: string;
  readonly node_id: string;
  readonly input_task: string;
  readonly output_content: string;
  readonly verdict: string;
  readonly blocked: boolean;
  readonly timestamp: string;
  /** Empty in the first record of a run. */
  readonly prev_hash: string;
}

/** Unicode characters of texts that count. */
const HASHED_CHARACTERS = 200;

/** SHA-256, in hex, of the record's JSON: keys in order, a blank after each `,` and `:`, and everything but ASCII escaped. */
export function entryHash(record: HashedFields): string {
  const hashed = {
    blocked: record.blocked,
    input_task: beginning(record.input_task),
    node_id: record.node_id,
    output_content: beginning(record.output_content),
    prev_hash: record.prev_hash,
    run_id: record.run_id,
    step_id: record.step_id,
    timestamp: record.timestamp,
    verdict: record.verdict,
  };
  const members = Object.entries(hashed).map(([name, value]) => `${ascii(name)}: ${ascii(value)}`);
  return createHash('sha256')
    .update(`{${members.join(', ')}}`)
    .digest('hex');
}

/** Links records to a chain: each holds the hash of the one before it. */
export function chained<T extends Omit<HashedFields, 'prev_hash'>>(
  records: readonly T[],
): (T & { prev_hash: string; entry_hash: string })[] {
  let previous = '';
  return records.map((record) => {
    const prev_hash = previous;
    previous = entryHash({ ...record, prev_hash });
    return { ...record, prev_hash, entry_hash: previous };
  });
}

/** Pairs of surrogates count as one. */
function beginning(text: string): string {
  return Array.from(text.slice(0, HASHED_CHARACTERS * 2))
    .slice(0, HASHED_CHARACTERS)
    .join('');
}

function ascii(value: string | boolean): string {
  return JSON.stringify(value).replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
