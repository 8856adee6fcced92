import { AppError, ConflictError, NotFoundError, UnprocessableError } from '../../platform/errors/app-error.js';
import type { DefinitionFault } from '../../engine/graph/index.js';
import type { SignatureVerdict } from '../../platform/secrets/index.js';

export function invalidTrigger(errors: readonly DefinitionFault[]): UnprocessableError {
  return new UnprocessableError(
    errors.length === 1 ? 'the trigger has an error' : `the trigger has ${errors.length} errors`,
    errors,
    'invalid_trigger',
  );
}

export function definedByWorkflow(): ConflictError {
  return new ConflictError(
    'defined_by_workflow',
    'this trigger is written in the definition of its workflow: store another version to change it',
  );
}

export function withoutAccess(): ConflictError {
  return new ConflictError('not_a_webhook', 'only a trigger of kind webhook has a token');
}

export function triggerDisabled(): ConflictError {
  return new ConflictError('trigger_disabled', 'this trigger is switched off');
}

export function unknownHook(): NotFoundError {
  return new NotFoundError('hook');
}

const REFUSALS: Readonly<Record<Exclude<SignatureVerdict, 'valid'>, string>> = {
  missing: 'the headers webhook-id, webhook-timestamp and webhook-signature are required',
  malformed: 'webhook-id or webhook-timestamp is malformed',
  too_old: 'webhook-timestamp is more than five minutes ago',
  too_new: 'webhook-timestamp is more than five minutes ahead',
  mismatch: 'no signature of webhook-signature is that of this message',
};

export function badSignature(verdict: Exclude<SignatureVerdict, 'valid'>): AppError {
  return new AppError(401, 'bad_signature', REFUSALS[verdict], { extensions: { reason: verdict } });
}
