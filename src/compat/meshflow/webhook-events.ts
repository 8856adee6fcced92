import type { RunEventType } from '../../engine/index.js';

export const MESH_WEBHOOK_EVENTS = [
  '*',
  'run_completed',
  'run_failed',
  'hitl_pending',
  'budget_exceeded',
  'policy_violation',
  'collusion_alert',
  'sla_breach',
] as const;
export type MeshWebhookEvent = (typeof MESH_WEBHOOK_EVENTS)[number];

/** What has to happen so that an event may have. Nothing here can find agents that collude, or agreements that are broken. */
export const SOURCES: Readonly<Record<Exclude<MeshWebhookEvent, '*'>, readonly RunEventType[]>> = {
  run_completed: ['run.completed'],
  run_failed: ['run.failed', 'run.cancelled'],
  hitl_pending: ['approval.requested'],
  budget_exceeded: ['run.failed'],
  policy_violation: ['run.failed'],
  collusion_alert: [],
  sla_breach: [],
};
