/** Which part of an agent's memory. */
export type Part = { readonly session: string } | { readonly subject: string } | 'all';

/** Of the tables of memory: `$1` is the tenant, `$2` the agent. */
export const OF_AGENT = 'tenant_id = $1 AND agent = $2';

/** A part in SQL, by what is looked at: sessions and entries, turns, and the inputs of the agent's runs. `value` is what `$3` stands for. */
export function conditions(part: Part): {
  readonly rows: string;
  readonly turns: string;
  readonly inputs: string;
  readonly value: readonly string[];
} {
  if (part === 'all') return { rows: 'true', turns: 'true', inputs: 'true', value: [] };
  if ('session' in part) {
    return { rows: 'session = $3', turns: 'session = $3', inputs: `first.inputs ->> 'session_id' = $3`, value: [part.session] };
  }
  // A turn may go on with a subject's session without naming the subject.
  const sessions = `SELECT session FROM memory_sessions WHERE ${OF_AGENT} AND subject = $3`;
  return {
    rows: 'subject = $3',
    turns: `(subject = $3 OR session IN (${sessions}))`,
    inputs: `(first.inputs ->> 'subject' = $3 OR first.inputs ->> 'session_id' IN (${sessions}))`,
    value: [part.subject],
  };
}
