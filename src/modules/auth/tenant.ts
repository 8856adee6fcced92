/** The tenant of the operator: of the bootstrap key, of anonymous callers, of definitions from a directory. */
export const DEFAULT_TENANT = 'default';

export const TENANT_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
