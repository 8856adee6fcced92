/** Where workflows without a namespace are. */
const DEFAULT = 'default';
/** Scopes in which AWF looks up a name that stands alone; any other scope is the name of a pack. */
const SCOPES: ReadonlySet<string> = new Set(['local', 'global', 'env']);

export interface AwfName {
  readonly name: string;
  readonly scope: string;
  /** Within its scope. */
  readonly workflow: string;
}

/** Our `namespace/name` as AWF names workflows: those of the default namespace stand alone, others belong to a pack. */
export function awfNameOf(full: string): AwfName {
  const slash = full.lastIndexOf('/');
  const [namespace, workflow] = slash < 0 ? [DEFAULT, full] : [full.slice(0, slash), full.slice(slash + 1)];
  return namespace === DEFAULT ? { name: workflow, scope: 'local', workflow } : { name: full, scope: namespace, workflow };
}

/** Our name of `/workflows/{scope}/{name}`. */
export function scopedName(scope: string, name: string): string {
  return SCOPES.has(scope) ? name : `${scope}/${name}`;
}
