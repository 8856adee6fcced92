import { AppError, type FieldError } from '../../platform/errors/app-error.js';
import type { DialectAnswer } from '../../platform/http/dialect.js';

/** One fault of a request, as FastAPI tells it. What was sent is not sent back. */
interface FaultDetail {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: null;
}

export function agentNotFound(name: string): AppError {
  return new AppError(404, 'agent_not_found', `Agent '${name}' not found`);
}

export function toolNotFound(name: string): AppError {
  return new AppError(404, 'tool_not_found', `Tool '${name}' not found`);
}

export function collectionNotFound(name: string): AppError {
  return new AppError(404, 'collection_not_found', `Collection not found: ${name}`);
}

export function pipelineNotFound(name: string): AppError {
  return new AppError(404, 'pipeline_not_found', `RAGPipeline not found: ${name}`);
}

export function workflowNotFound(name: string): AppError {
  return new AppError(404, 'workflow_not_found', `Workflow '${name}' not found`);
}

export function runNotFound(id: string): AppError {
  return new AppError(404, 'run_not_found', `Run '${id}' not found`);
}

export function notSuspended(id: string): AppError {
  return new AppError(409, 'not_suspended', `Run '${id}' is not suspended`);
}

export function notYet(what: string): AppError {
  return new AppError(501, 'not_implemented', `${what} are not implemented yet`, { logLevel: 'debug' });
}

/** `{"detail": …}`: a text, for faults of a request a list of them, for models that could not be asked an object. */
export function astromeshError(error: AppError): DialectAnswer {
  const { status, detail } = answerOf(error);
  return { status, mediaType: 'application/json', body: { detail } };
}

function answerOf(error: AppError): { readonly status: number; readonly detail: unknown } {
  const { status, code, errors } = error;
  if (code === 'malformed_json') return { status: 422, detail: [fault('json_invalid', ['body'], 'JSON decode error')] };
  if (status === 422 && errors.length > 0) return { status, detail: errors.map(faultOf) };
  if (code === 'providers_unavailable') return { status, detail: modelsUnavailable(error) };
  return { status, detail: STANDARD[code] ?? error.detail };
}

/** Texts of the framework. */
const STANDARD: Readonly<Record<string, string>> = {
  not_found: 'Not Found',
  method_not_allowed: 'Method Not Allowed',
  internal_error: 'Internal Server Error',
};

const FAULT_TYPES: Readonly<Record<string, string>> = {
  required: 'missing',
  type: 'type_error',
  enum: 'literal_error',
  format: 'string_pattern_mismatch',
  unknown_field: 'extra_forbidden',
};

function faultOf({ path, code, message }: FieldError): FaultDetail {
  return fault(FAULT_TYPES[code] ?? 'value_error', locationOf(path), code === 'required' ? 'Field required' : message);
}

function fault(type: string, loc: FaultDetail['loc'], msg: string): FaultDetail {
  return { type, loc, msg, input: null };
}

/** `/documents/0/text` is in the body, `top_k` in the query. */
function locationOf(path: string): (string | number)[] {
  if (path !== '' && !path.startsWith('/')) return ['query', path];
  const tokens = path.split('/').slice(1);
  return ['body', ...tokens.map((token) => (/^\d+$/.test(token) ? Number(token) : token.replaceAll('~1', '/').replaceAll('~0', '~')))];
}

function modelsUnavailable({ detail, extensions }: AppError): object {
  const reasons = Array.isArray(extensions['reasons']) ? (extensions['reasons'] as { readonly class?: string }[]) : [];
  const [first] = reasons;
  const same = first !== undefined && reasons.every((reason) => reason.class === first.class);
  return {
    error: (same ? MODEL_ERRORS[first.class ?? ''] : undefined) ?? 'model_all_providers_failed',
    message: detail,
    hint: 'GET /v1/system/doctor tells which providers are down.',
  };
}

/** What it is called when all models failed alike. */
const MODEL_ERRORS: Readonly<Record<string, string>> = {
  timeout: 'model_timeout',
  circuit_open: 'model_no_eligible_provider',
  unavailable: 'model_provider_unavailable',
};
