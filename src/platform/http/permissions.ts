/** Everything a key can be allowed to do, `noun.verb`. A role grants a set of these; a key's scopes narrow it. */
export const PERMISSIONS = [
  'workflows.read',
  'workflows.write',
  'workflows.delete',
  'agents.read',
  'agents.write',
  'agents.delete',
  'runs.read',
  'runs.create',
  'runs.cancel',
  'runs.delete',
  'runs.signal',
  'approvals.read',
  'approvals.decide',
  'events.read',
  'triggers.read',
  'triggers.write',
  'webhooks.manage',
  'rag.read',
  'rag.write',
  'memory.read',
  'memory.write',
  'memory.delete',
  'tools.read',
  'tools.execute',
  'tools.manage',
  'kv.read',
  'kv.write',
  'keys.manage',
  'system.read',
  'system.manage',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const VIEWER: readonly Permission[] = [
  'workflows.read',
  'agents.read',
  'runs.read',
  'approvals.read',
  'events.read',
  'triggers.read',
  'rag.read',
  'memory.read',
  'tools.read',
  'kv.read',
  'system.read',
];
const OPERATOR: readonly Permission[] = [
  ...VIEWER,
  'workflows.write',
  'agents.write',
  'runs.create',
  'runs.cancel',
  'runs.signal',
  'approvals.decide',
  'triggers.write',
  'rag.write',
  'memory.write',
  'tools.execute',
  'kv.write',
];

/** Roles are ordered: each has everything the one before it has. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: VIEWER,
  operator: OPERATOR,
  admin: PERMISSIONS,
};

/** Who is calling: resolved once per request by the guard, passed explicitly to services. */
export interface Principal {
  /** Null for the anonymous role. */
  readonly keyId: string | null;
  readonly keyName: string;
  readonly tenant: string;
  readonly role: Role;
  readonly permissions: ReadonlySet<Permission>;
  /** Requests per minute. */
  readonly rateLimit: number;
}
