/** The SQLSTATEs we act on. Errors are told apart by these, never by their message. */
export const SQLSTATE = {
  uniqueViolation: '23505',
  foreignKeyViolation: '23503',
  checkViolation: '23514',
  notNullViolation: '23502',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  queryCanceled: '57014',
  lockNotAvailable: '55P03',
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
  tooManyConnections: '53300',
  diskFull: '53100',
  undefinedTable: '42P01',
  undefinedFile: '58P01',
  insufficientPrivilege: '42501',
  featureNotSupported: '0A000',
  invalidTextRepresentation: '22P02',
  untranslatableCharacter: '22P05',
  idleInTransactionTimeout: '25P03',
} as const;

/** The SQLSTATE of an error of `pg` or TypeORM, or undefined. */
export function sqlstateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** Classes of errors that say something about the data of a statement: data exception, integrity constraint, program limit. */
const DATA_CLASSES: ReadonlySet<string> = new Set(['22', '23', '54']);

/** Whether the database refuses a statement for the data it carries, so that the same statement can never succeed. */
export function isRefused(error: unknown): boolean {
  const state = sqlstateOf(error);
  return state !== undefined && DATA_CLASSES.has(state.slice(0, 2));
}

/** System error codes of a connection that could not be made or broke. */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const UNAVAILABLE_STATES: ReadonlySet<string> = new Set([
  SQLSTATE.adminShutdown,
  SQLSTATE.crashShutdown,
  SQLSTATE.cannotConnectNow,
  SQLSTATE.tooManyConnections,
]);

/**
 * Whether the database was out of reach, so that the same statement may be tried again later. It says nothing about
 * whether the statement took effect: a connection can break between the commit and its answer.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  if (!(error instanceof Error)) return false;
  const state = sqlstateOf(error);
  if (state !== undefined) return UNAVAILABLE_STATES.has(state) || state.startsWith('08');
  if ('code' in error && typeof error.code === 'string') return CONNECTION_CODES.has(error.code);
  // pg gives these no code.
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout/.test(
    error.message,
  );
}
