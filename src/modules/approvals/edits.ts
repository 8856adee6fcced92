import { createInputsPreparer } from '../../engine/graph/index.js';
import { isJsonObject, type Json, type JsonObject, StepError } from '../../engine/index.js';
import { type FieldError, UnprocessableError } from '../../platform/errors/app-error.js';
import { pointerToken } from '../../platform/http/json-text.js';
import { type ApprovalContent, editedPayload } from './approval.js';
import { MAX_CONTENT_CHARACTERS } from './nodes/approval-config.js';

/**
 * Refuses edits of what is not editable, and edits that do not fit: the payload's schema if it has one, otherwise a value keeps
 * the type it was shown with.
 */
export function checkEdits(content: ApprovalContent, before: JsonObject, edits: JsonObject): void {
  const faults = Object.entries(edits).flatMap(([field, value]) => faultOf(content, field, value) ?? []);
  if (faults.length > 0) throw refused(faults);
  if (Object.keys(edits).length === 0) return;
  const edited = editedPayload(content.payload, { ...before, ...edits }) ?? {};
  if (JSON.stringify(edited).length > MAX_CONTENT_CHARACTERS) {
    throw refused([{ path: '/edits', code: 'length', message: `makes the payload larger than ${MAX_CONTENT_CHARACTERS} characters` }]);
  }
  if (content.payload_schema !== null) checkSchema(content.payload_schema, edited);
}

function faultOf({ payload, editable, payload_schema: schema }: ApprovalContent, field: string, value: Json): FieldError | null {
  const path = `/edits/${pointerToken(field)}`;
  if (!editable.includes(field)) {
    return {
      path,
      code: 'not_editable',
      message: editable.length === 0 ? 'nothing may be edited' : `may not be edited; only ${editable.join(', ')}`,
    };
  }
  const shown = payload?.[field];
  if (schema !== null || shown === undefined || shown === null || typeName(shown) === typeName(value)) return null;
  return { path, code: 'type', message: `must be ${typeName(shown)}, as what is shown` };
}

function checkSchema(schema: JsonObject, edited: JsonObject): void {
  try {
    createInputsPreparer(schema)(edited);
  } catch (error) {
    if (!(error instanceof StepError) || !Array.isArray(error.details)) throw error;
    throw refused(
      error.details.filter(isJsonObject).map((fault) => ({
        path: `/edits${String(fault['path'])}`,
        code: String(fault['code']),
        message: String(fault['message']),
      })),
    );
  }
}

function refused(faults: readonly FieldError[]): UnprocessableError {
  return new UnprocessableError('the edits are not valid', faults, 'invalid_edits');
}

function typeName(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
