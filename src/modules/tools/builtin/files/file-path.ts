import { StepError } from '../../../../engine/index.js';

const MAX_PATH = 1_024;
const MAX_SEGMENT = 200;
const MAX_DEPTH = 20;
/** Begins the names of files that are being written. */
export const UNFINISHED = '.heddle-';

/**
 * The segments of a path within a tenant's directory; a slash in front changes nothing. Throws `StepError('invalid_path')` for
 * what could name anything else.
 */
export function segmentsOf(path: string): string[] {
  const segments = path.replace(/^\/+/, '').split('/');
  const fault =
    path.length > MAX_PATH || segments.length > MAX_DEPTH
      ? 'is too long'
      : segments.some((segment) => segment === '' || segment === '.' || segment === '..')
        ? 'may not hold empty segments, "." or ".."'
        : // oxlint-disable-next-line no-control-regex -- these are what is refused
          segments.some((segment) => /[\\\u0000-\u001f\u007f]/.test(segment) || segment.startsWith(UNFINISHED))
          ? 'holds something that names may not hold'
          : segments.some((segment) => Buffer.byteLength(segment) > MAX_SEGMENT)
            ? 'has a name that is too long'
            : null;
  if (fault !== null) throw new StepError('invalid_path', `the path ${fault}`, { retryable: false });
  return segments;
}

/** Whether the path is one of those that are allowed, or below one. Without a list, everything is. */
export function isAllowed(segments: readonly string[], allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const path = segments.join('/');
  return allowed.some((each) => {
    const place = each.replace(/^\/+|\/+$/g, '');
    return place === '' || path === place || path.startsWith(`${place}/`);
  });
}
