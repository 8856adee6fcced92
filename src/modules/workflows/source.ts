/** The source of definitions that arrive by API. */
export const API_SOURCE = 'api';
const FILE_PREFIX = 'fs:';

/** The source of a directory of definitions. */
export function fileSource(name: string): string {
  return `${FILE_PREFIX}${name}`;
}

/**
 * Where a version came from, which decides what it may do (processes!). It is told from the version itself, not from its
 * workflow: a file and the API may write versions of one workflow in turn.
 */
export function sourceOfVersion(createdBy: string | null): string {
  return createdBy?.startsWith(FILE_PREFIX) ? createdBy : API_SOURCE;
}
