import { WORKFLOW_NAME_PATTERN } from '../../engine/graph/index.js';
import { isUuid } from '../../platform/http/cursor.js';

export const DEFAULT_NAMESPACE = 'default';

/** As long as a namespace can be, all its levels. */
export const MAX_NAMESPACE_LENGTH = 259;

export interface WorkflowName {
  /** One or several levels: `ops/backup`. */
  readonly namespace: string;
  /** Without the namespace. */
  readonly name: string;
}

const PATTERN = new RegExp(WORKFLOW_NAME_PATTERN);

/** Reads `namespace/name` or `name`; null when it is no workflow's name. */
export function parseWorkflowName(text: string): WorkflowName | null {
  if (!PATTERN.test(text)) return null;
  const slash = text.lastIndexOf('/');
  return slash < 0 ? { namespace: DEFAULT_NAMESPACE, name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

export function formatWorkflowName({ namespace, name }: WorkflowName): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The SQL condition that finds the workflow `w` of a reference (id or name), its parameters numbered from `first`; null when the reference can name nothing. */
export function subjectOf(ref: string, first: number): { readonly condition: string; readonly parameters: readonly string[] } | null {
  if (isUuid(ref)) return { condition: `w.id = $${first}`, parameters: [ref] };
  const name = parseWorkflowName(ref);
  return name === null
    ? null
    : { condition: `w.namespace = $${first} AND w.name = $${first + 1}`, parameters: [name.namespace, name.name] };
}
