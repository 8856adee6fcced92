import type { DurableCall } from '../../../engine/index.js';

/** One round of a conversation within its node's call: its steps have paths of their own, and it began when it did. */
export function roundOf(call: DurableCall, key: string, startedAt: number): DurableCall {
  const below = (inner: string): string => `${key}/${inner}`;
  return {
    continued: () => roundOf(call.continued(), key, startedAt),
    config: call.config,
    inputs: call.inputs,
    secrets: call.secrets,
    run: call.run,
    path: `${call.path}/${key}`,
    attempt: call.attempt,
    idempotencyKey: `${call.idempotencyKey}/${key}`,
    interrupted: call.interrupted,
    signal: call.signal,
    log: (level, message, fields) => call.log(level, message, fields),
    emit: (type, data) => call.emit(type, data),
    artifact: (file) => call.artifact(file),
    sleepUntil: (inner, epochMs) => call.sleepUntil(below(inner), epochMs),
    startedAt: () => Promise.resolve(startedAt),
    step: (inner, options, work) => call.step(below(inner), options, work),
    recorded: (inner) => call.recorded(below(inner)),
    startChild: (inner, child) => call.startChild(below(inner), child),
    waitForChild: (inner, runId) => call.waitForChild(below(inner), runId),
    cancelChild: (runId) => call.cancelChild(runId),
    waitForSignal: (inner, name, deadline) => call.waitForSignal(below(inner), name, deadline),
  };
}
