import { ConflictError, UnprocessableError } from '../../platform/errors/app-error.js';

export function badPlace(path: 'namespace' | 'key', message: string): UnprocessableError {
  return new UnprocessableError(`the ${path} ${message}`, [{ path, code: 'format', message }]);
}

export function valueTooLarge(limitBytes: number): UnprocessableError {
  const message = `is larger than ${limitBytes} bytes as JSON`;
  return new UnprocessableError(`the value ${message}`, [{ path: '/value', code: 'too_large', message }]);
}

export function namespaceFull(namespace: string, limit: number): ConflictError {
  return new ConflictError('namespace_full', `the namespace ${namespace} holds ${limit} entries, which is all that a namespace may`);
}
