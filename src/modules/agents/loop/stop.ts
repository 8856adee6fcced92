import { type Json, StepError } from '../../../engine/index.js';

/** Why an agent stopped without having done what was asked; also the code of the error that its step fails with. */
export const STOP_REASONS = [
  'max_iterations',
  'deadline_exceeded',
  'budget_exceeded',
  'loop_detected',
  'output_truncated',
  'content_filtered',
  'guardrail_blocked',
  'invalid_output',
  'invalid_plan',
  'providers_unavailable',
] as const;
export type StopReason = (typeof STOP_REASONS)[number];

export function isStopReason(code: string): code is StopReason {
  return (STOP_REASONS as readonly string[]).includes(code);
}

/** A limit was reached, or the model cannot go on. Never a success, and the same however often it is tried. */
export function stop(reason: StopReason, message: string, details?: Json): StepError {
  return new StepError(reason, message, { retryable: false, ...(details === undefined ? {} : { details }) });
}
