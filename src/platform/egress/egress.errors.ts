import { errors } from 'undici';
import { StepError, type StepErrorOptions } from '../../engine/model/step-error.js';

/** Codes of the `StepError`s that outbound requests fail with. Only those marked retryable are worth another attempt. */
const RETRYABLE = {
  egress_refused: false,
  invalid_url: false,
  invalid_request: false,
  dns_failed: true,
  connect_failed: true,
  connection_lost: true,
  tls_failed: false,
  timeout: true,
  bad_response: true,
  too_large: false,
  too_many_redirects: false,
} as const;

export type EgressErrorCode = keyof typeof RETRYABLE;

/** Messages name the host at most: paths and queries may hold secrets. */
export function egressError(code: EgressErrorCode, message: string, options: Omit<StepErrorOptions, 'retryable'> = {}): StepError {
  return new StepError(code, message, { ...options, retryable: RETRYABLE[code] });
}

const CODE_OF_CAUSE: Readonly<Record<string, EgressErrorCode>> = {
  ENOTFOUND: 'dns_failed',
  EAI_AGAIN: 'dns_failed',
  EAI_FAIL: 'dns_failed',
  EAI_NODATA: 'dns_failed',
  EAI_NONAME: 'dns_failed',
  ECONNREFUSED: 'connect_failed',
  EHOSTUNREACH: 'connect_failed',
  ENETUNREACH: 'connect_failed',
  EADDRNOTAVAIL: 'connect_failed',
  EACCES: 'connect_failed',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ECONNRESET: 'connection_lost',
  EPIPE: 'connection_lost',
  UND_ERR_SOCKET: 'connection_lost',
  UND_ERR_CLOSED: 'connection_lost',
  UND_ERR_DESTROYED: 'connection_lost',
  UND_ERR_ABORTED: 'connection_lost',
  UND_ERR_INVALID_ARG: 'invalid_request',
  UND_ERR_NOT_SUPPORTED: 'invalid_request',
  UND_ERR_HEADERS_OVERFLOW: 'too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'bad_response',
};

const TLS_CAUSE = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH$)/;
/** From the HTTP parser, from decompression, and from streams that broke off. */
const UNREADABLE_CAUSE = /^(HPE_|Z_|ZSTD_|ERR_)/;

/** Gives any failure of an exchange with `host` its code. What has one already is left alone. */
export function toEgressError(error: unknown, host: string): StepError {
  if (error instanceof StepError) return error;
  const cause = causeOf(error);
  const code =
    CODE_OF_CAUSE[cause] ?? (TLS_CAUSE.test(cause) ? 'tls_failed' : UNREADABLE_CAUSE.test(cause) ? 'bad_response' : 'connection_lost');
  const detail = cause === '' && error instanceof Error ? error.message : cause;
  return egressError(code, `${SENTENCES[code] ?? 'the request failed'} (${host}): ${detail}`, { cause: error });
}

const SENTENCES: Partial<Record<EgressErrorCode, string>> = {
  dns_failed: 'the name could not be resolved',
  connect_failed: 'no connection could be made',
  connection_lost: 'the connection broke',
  tls_failed: 'no trusted connection could be made',
  timeout: 'the server took too long',
  bad_response: 'the answer could not be read',
  too_large: 'the answer is too large',
  invalid_request: 'the request cannot be sent',
};

function causeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof errors.HTTPParserError ? 'HPE_INVALID' : '';
}
